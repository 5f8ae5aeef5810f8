import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isFault } from '@sealgate/core/faults';
import { findPrograms, type Programs } from './binaries.ts';
import { createCluster, makeDraft, removeDrafts } from './create-cluster.ts';
import { clusterMajor, type Identity, type Layout, newIdentity, readIdentity, writeDurably } from './layout.ts';
import { runningPostmaster } from './leftover.ts';
import { describeRunAs, existingCandidate, freshCandidates, isRoot, type RunAs } from './run-as.ts';
import { endLeftovers, endServer, type ServerPlan } from './server-process.ts';
import { notPermitted, startFault } from './start-fault.ts';
import type { EmbeddedLogger } from './types.ts';

export interface PrepareOptions {
  readonly logger: EmbeddedLogger;
  readonly settings: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface Prepared {
  readonly plan: ServerPlan;
  /** The cluster was made just now: not durable yet, without our role, and not complete. */
  readonly fresh: boolean;
}

/**
 * The cluster of this directory, made when there is none. Runs under the directory lock.
 * @throws Fault `StartFailed`
 */
export async function prepareCluster(layout: Layout, options: PrepareOptions): Promise<Prepared> {
  removeDrafts(layout);
  const known = readIdentity(layout);
  if (known?.complete === true) return { plan: await existingPlan(layout, known, options), fresh: false };
  const identity = known ?? newIdentity();
  if (known === undefined) writeIdentity(layout, identity);
  else await clearIncomplete(layout, identity, options.logger);
  return { plan: await freshPlan(layout, identity, options), fresh: true };
}

/** From now on the cluster is never removed by us. */
export function markComplete(plan: ServerPlan): void {
  writeIdentity(plan.layout, { ...plan.identity, complete: true });
}

function writeIdentity(layout: Layout, identity: Identity): void {
  writeDurably(dirname(layout.identity), basename(layout.identity), identity);
}

async function existingPlan(layout: Layout, identity: Identity, options: PrepareOptions): Promise<ServerPlan> {
  refuseOtherOwner(layout.cluster);
  const runAs = existingCandidate(layout.cluster);
  const { logger, settings, signal } = options;
  const programs = await findPrograms(layout, { runAs, cwd: layout.cluster, logger, signal });
  const major = clusterMajor(layout);
  if (major !== programs.major) {
    const message = `The cluster in ${layout.root} was written by PostgreSQL ${major}; this release runs ${programs.major}. Dump it with the Sealgate release that wrote it (pg_dump), move ${layout.root} away, start again, and load the dump.`;
    throw startFault('other-version', message, { directory: layout.root });
  }
  logger.debug(
    { runAs: runAs.kind, version: programs.version },
    `the embedded database runs as ${describeRunAs(runAs)}`,
  );
  return { layout, identity, programs, runAs, settings };
}

function refuseOtherOwner(cluster: string): void {
  const { uid } = statSync(cluster);
  if (isRoot() || uid === process.geteuid?.()) return;
  throw notPermitted(cluster, { code: `it belongs to user id ${uid}` });
}

/** An earlier gateway failed or was killed while it made the cluster: nobody was told of it, so it is made anew. */
async function clearIncomplete(layout: Layout, identity: Identity, logger: EmbeddedLogger): Promise<void> {
  logger.info({ directory: layout.root }, 'the creation of the embedded database was not completed; creating it anew');
  const pid = runningPostmaster({ layout, identity });
  if (pid !== undefined) await endServer(pid, { layout, identity }, logger);
  await endLeftovers({ layout, identity }, logger);
}

async function freshPlan(layout: Layout, identity: Identity, options: PrepareOptions): Promise<ServerPlan> {
  const { logger, settings, signal } = options;
  const reasons: string[] = [];
  for (const runAs of freshCandidates(identity.clusterName)) {
    const tried = await tryCandidate(layout, runAs, options);
    if (typeof tried === 'string') {
      reasons.push(`${runAs.kind}: ${tried}`);
      continue;
    }
    const { draft, programs } = tried;
    logger.info(
      { directory: layout.root, runAs: runAs.kind, version: programs.version },
      `creating the embedded database; it runs as ${describeRunAs(runAs)}`,
    );
    try {
      await createCluster(layout, draft, { programs, identity, runAs, signal });
    } finally {
      // Half a cluster helps nobody and may be what filled the disk.
      removeDrafts(layout);
    }
    return { layout, identity, programs, runAs, settings };
  }
  removeDrafts(layout);
  const message = isRoot()
    ? 'PostgreSQL does not run as root, and this machine does not let the gateway give it an ordinary user. Start the gateway as an ordinary user, or set DATABASE_URL.'
    : 'The PostgreSQL programs cannot be run on this machine. Install the project again with its install scripts, or set DATABASE_URL.';
  throw startFault('unsupported', message, { directory: layout.root, cause: new Error(reasons.join('\n')) });
}

/** A directory and programs as this candidate can use them, or why it cannot. */
async function tryCandidate(
  layout: Layout,
  runAs: RunAs,
  options: PrepareOptions,
): Promise<{ readonly draft: string; readonly programs: Programs } | string> {
  const { logger, signal } = options;
  const made = makeDraft(layout, runAs);
  if ('refused' in made) return made.refused;
  const { draft } = made;
  try {
    return { draft, programs: await findPrograms(layout, { runAs, cwd: draft, logger, signal }) };
  } catch (error) {
    if (!isFault(error) || error.detail['problem'] !== 'unsupported') throw error;
    return error.cause instanceof Error ? error.cause.message : error.message;
  }
}
