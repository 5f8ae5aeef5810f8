// What must be true in the end, and what is still owed on the way there.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkRegister } from '@sealgate/testkit/history';
import pg from 'pg';
import { admin } from '../support/gateway.ts';
import type { RaceHistory } from '../support/race/history.ts';
import type { Cluster } from './cluster.ts';
import { keysOf, type Load, nameOf, STAGES } from './load.ts';
import { OUTSIDE } from './places.ts';

export interface Owed {
  /** Copies and shards that are not stored where they should be. */
  readonly replicas: number;
  /** Blobs whose bytes are still to be removed. */
  readonly deletions: number;
}

export async function owed(databaseUrl: string): Promise<Owed> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ replicas: string; deletions: string }>(
      `SELECT (SELECT count(*) FROM sealgate.blob_replicas r WHERE r.state <> 's'
                 AND NOT EXISTS (SELECT FROM sealgate.deletions d WHERE d.blob_id = r.blob_id)) AS replicas,
              (SELECT count(*) FROM sealgate.deletions) AS deletions`,
    );
    return { replicas: Number(rows[0]?.replicas), deletions: Number(rows[0]?.deletions) };
  } finally {
    await client.end();
  }
}

/** Waits until nothing is owed any more. @returns milliseconds it took; undefined when it did not come to that in time */
export async function healed(
  databaseUrl: string,
  options: { readonly msMax: number; readonly deletions: boolean },
): Promise<number | undefined> {
  const beganMs = performance.now();
  while (performance.now() - beganMs < options.msMax) {
    const left = await owed(databaseUrl).catch(() => undefined);
    if (left?.replicas === 0 && (!options.deletions || left.deletions === 0)) return performance.now() - beganMs;
    await sleep(500);
  }
  return undefined;
}

interface Scrubbed {
  readonly maintenance: {
    readonly scrub: { readonly last: { readonly startedAt: string; readonly unread: number } | null };
  };
}

/**
 * Waits until a pass of the scrub that began from now on has read every storage location whole, so that all that was lost
 * or rotten before is known, and then until it has been put right.
 * @returns whether it came to that in time
 */
export async function mended(cluster: Cluster, msMax: number): Promise<boolean> {
  const fromMs = Date.now();
  const [gateway] = cluster.gateways;
  if (gateway === undefined) return false;
  const readWhole = async (id: string): Promise<boolean> => {
    const { maintenance } = await admin<Scrubbed>(gateway, 'GET', `/admin/backends/${id}`);
    const { last } = maintenance.scrub;
    return last !== null && Date.parse(last.startedAt) >= fromMs && last.unread === 0;
  };
  while (Date.now() - fromMs < msMax) {
    const read = await Promise.all(cluster.storages.map(({ place }) => readWhole(place.id).catch(() => false)));
    if (read.every((whole) => whole))
      return (await healed(cluster.databaseUrl, { msMax, deletions: false })) !== undefined;
    await sleep(500);
  }
  return false;
}

/** Everything that is not as it must be. */
export async function violations(cluster: Cluster, load: Load, history: RaceHistory): Promise<string[]> {
  const found: string[] = [...new Set(load.figures.defects)];
  for (const stage of STAGES) {
    for (const key of keysOf(stage)) {
      await load.read(stage, key).catch((error: unknown) => found.push(String(error)));
    }
  }
  found.push(...history.keys.flatMap((key) => unexplained(history, key)));
  const versioned = STAGES.find((stage) => stage.versioned);
  for (const [versionId, { key, value }] of load.versions) {
    if (versioned === undefined) break;
    const seen = await load.readVersion(versioned, key, versionId).catch((error: unknown) => String(error));
    if (seen !== value) found.push(`version ${versionId} of ${nameOf(versioned, key)} reads ${seen ?? 'nothing'}`);
  }
  return [...found, ...(await outside(cluster))];
}

/** What is undecided is no proof, so it is told like what is wrong. */
function unexplained(history: RaceHistory, key: string): readonly string[] {
  try {
    const verdict = checkRegister(history.operations(key));
    return verdict.ok ? [] : [`no order explains ${key}: ${JSON.stringify(verdict)}`];
  } catch (error) {
    return [`${key}: ${String(error)}; ${JSON.stringify(history.operations(key))}`];
  }
}

interface Mapping {
  readonly backends: Readonly<Record<string, string>>;
}

/** Not one byte of a locked bucket lies outside: no bucket for it is known there, and no folder of another name. */
async function outside({ gateways, storages }: Cluster): Promise<string[]> {
  const [gateway] = gateways;
  const folder = storages.find(({ place }) => place.id === OUTSIDE)?.folder;
  if (gateway === undefined || folder === undefined || !existsSync(folder)) return [];
  const known = new Set<string>();
  for (const { bucket, settings } of STAGES) {
    const mapping = await admin<Mapping>(gateway, 'GET', `/proxy/buckets/lab/${bucket}`);
    const name = mapping.backends[OUTSIDE];
    if (name === undefined) continue;
    known.add(name);
    if (settings['regionLock'] !== undefined) return [`${bucket} has the bucket ${name} outside of its region lock`];
  }
  return readdirSync(folder)
    .filter((name) => name.startsWith('s3gw-') && !known.has(name))
    .map((name) => `${join(OUTSIDE, name)} belongs to no bucket that may be there`);
}
