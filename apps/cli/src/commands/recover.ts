import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { BackendId } from '@sealgate/core/names';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { formatBytes, formatTable, printable } from '../output/format.ts';
import { checkListed } from '../recover/check-listed.ts';
import { findManifests, type ManifestsFound } from '../recover/find-manifests.ts';
import { createFolderTarget } from '../recover/folder-target.ts';
import { openRecoveryKeys } from '../recover/keys.ts';
import { listBlobs } from '../recover/list-blobs.ts';
import type { Outcome } from '../recover/open-version.ts';
import { findPlaces, type PlacedBucket } from '../recover/places.ts';
import { type RestoredVersion, restoreBucket } from '../recover/restore.ts';
import { createS3Target } from '../recover/s3-target.ts';
import { openSources } from '../recover/sources.ts';
import type { RecoveryTarget } from '../recover/target.ts';
import { type FoundBucket, openWorkFile, type WorkFile } from '../recover/work-file.ts';
import { formatUri, parsePrefixUri } from '../s3-uri.ts';
import { readKeys } from './audit.ts';

export interface RecoverOptions {
  readonly from: string;
  readonly to?: string | undefined;
  readonly bucket?: string | undefined;
  readonly tenant?: string | undefined;
  readonly at?: string | undefined;
  readonly versions?: boolean | undefined;
  readonly sealed?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly key?: readonly string[] | undefined;
  readonly gatewayKey?: string | undefined;
  /** Seconds. */
  readonly timeout?: number | undefined;
}

/** Where a recovery keeps what it knows and says what it did; beside what it restores. */
const WORK_FOLDER = '.sealgate-recover';

type Counts = Record<Outcome, number>;

interface Recovery {
  readonly context: CommandContext;
  readonly options: RecoverOptions;
  readonly work: WorkFile;
  readonly places: readonly PlacedBucket[];
  readonly warnings: string[];
  readonly warn: (text: string) => void;
}

/** `sealgate recover`: objects from backends and keys alone. */
export async function recover(context: CommandContext, _args: readonly [], options: RecoverOptions): Promise<void> {
  const { signal, terminal } = context;
  const atMs = timeOf(options.at);
  const to = await destination(context, options);
  const sources = await openSources(options.from, options.timeout === undefined ? undefined : options.timeout * 1000);
  const keys = await openRecoveryKeys(context, options.key ?? []);
  const verifiers = options.gatewayKey === undefined ? undefined : await readKeys(options.gatewayKey);
  const work = openWorkFile(to === undefined ? ':memory:' : await workFileIn(to.folder));
  const warnings: string[] = [];
  const warn = (text: string): void => {
    warnings.push(text);
    terminal.note(`warning: ${printable(text)}`);
  };
  try {
    const { places, lost } = await findPlaces(sources, signal);
    for (const { source, reason } of lost) warn(`${source} cannot be asked (${reason})`);
    const recovery: Recovery = { context, options, work, places, warnings, warn };
    const { buckets, unusable, ...refused } = await findManifests({
      ...{ places, signal, work, warn },
      findKey: keys.find,
      verifiers,
      wanted: ({ tenant, bucket }) =>
        (options.tenant === undefined || options.tenant === tenant) &&
        (options.bucket === undefined || options.bucket === bucket),
    });
    for (const text of unusable) warn(text);
    for (const bucket of buckets) for (const text of bucket.warnings) warn(`${nameOf(bucket)}: ${text}`);
    if (to?.plainKeys === true) requireOneBucket(buckets);
    if (buckets.length === 0) throw nothingFound(refused, places.length);
    await listBlobs(work, places, { signal, warn });
    const chosen = buckets.map((bucket) => ({
      bucket,
      ...work.select(bucket.id, { versions: options.versions === true, atMs }),
    }));
    if (to === undefined || options.dryRun === true) {
      showPlan(recovery, chosen);
      return;
    }
    const counts = await restoreAll(recovery, { chosen, keys, to });
    finish(recovery, counts, to);
  } finally {
    work.close();
    for (const source of sources) await source.driver.close();
  }
}

interface ChosenBucket {
  readonly bucket: FoundBucket;
  readonly count: number;
  readonly bytes: number;
}

function nameOf({ header }: FoundBucket): string {
  return `${header.tenant}/${header.bucket}`;
}

interface Destination {
  readonly shown: string;
  /** Of the work file and the report. */
  readonly folder: string;
  readonly target: RecoveryTarget;
  /** Keys of different buckets would meet there. */
  readonly plainKeys: boolean;
}

async function destination(context: CommandContext, options: RecoverOptions): Promise<Destination | undefined> {
  const { to: shown } = options;
  if (options.dryRun === true) return undefined;
  if (shown === undefined) {
    throw usageError('Name what to restore to: --to DIR or --to s3://BUCKET. With --dry-run nothing is written.');
  }
  if (!shown.startsWith('s3://')) {
    return { shown, folder: join(shown, WORK_FOLDER), target: createFolderTarget(shown), plainKeys: false };
  }
  const { bucket, prefix } = parsePrefixUri(shown);
  const place = { bucket, prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/` };
  const plainKeys = options.bucket !== undefined;
  const { client, connection } = await context.client();
  const subject = [connection.endpoint, formatUri(place.bucket, place.prefix), options.sealed === true, plainKeys];
  const name = createHash('sha256').update(JSON.stringify(subject)).digest('hex').slice(0, 32);
  const folder = join(context.environment.stateDir, 'recover', name);
  return { shown, folder, target: createS3Target(client, { ...place, plainKeys }), plainKeys };
}

function requireOneBucket(buckets: readonly FoundBucket[]): void {
  if (buckets.length < 2) return;
  throw usageError(`Several tenants have it: ${buckets.map(nameOf).join(', ')}.`, 'Name one with --tenant.');
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw usageError(`--at takes a time such as 2026-11-28T12:00:00Z, not "${text}".`);
  return atMs;
}

async function workFileIn(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return join(folder, 'work.sqlite');
}

function nothingFound(
  { sealedToOthers, unsigned }: Pick<ManifestsFound, 'sealedToOthers' | 'unsigned'>,
  places: number,
): CliError {
  if (unsigned > 0) {
    return new CliError(`There are manifests of ${unsigned} generations, and none is signed by the gateway's key.`, {
      exitCode: exitCodes.integrity,
      hint: 'Older gateways signed none. Without --gateway-key signatures are not looked at.',
    });
  }
  if (sealedToOthers > 0) {
    return new CliError(`There are manifests of ${sealedToOthers} generations, and no key at hand opens one.`, {
      hint: 'Bring your keys into the key store, or name a file with a private key: --key FILE.',
    });
  }
  return new CliError(
    places === 0 ? 'No bucket of a gateway was found.' : `No usable manifest was found in ${places} physical buckets.`,
    { hint: 'Check --from, --tenant and --bucket.' },
  );
}

function showPlan({ context, work, warnings }: Recovery, chosen: readonly ChosenBucket[]): void {
  const rows = chosen.map(({ bucket, count, bytes }) => {
    const { header } = bucket;
    const missing = checkListed(work, bucket.id);
    const writtenAt = new Date(header.writtenAtMs).toISOString();
    return { tenant: header.tenant, bucket: header.bucket, versions: count, bytes, missing, manifestAt: writtenAt };
  });
  const table = rows.map((row) => [
    `${row.tenant}/${row.bucket}`,
    String(row.versions),
    formatBytes(row.bytes),
    String(row.missing),
    row.manifestAt,
  ]);
  context.terminal.result({
    json: { dryRun: true, buckets: rows, warnings },
    text: formatTable([['BUCKET', 'VERSIONS', 'BYTES', 'MISSING', 'KNOWN UP TO'], ...table]),
  });
}

async function restoreAll(
  { context, options, work, places }: Recovery,
  request: {
    readonly chosen: readonly ChosenBucket[];
    readonly keys: Awaited<ReturnType<typeof openRecoveryKeys>>;
    readonly to: Destination;
  },
): Promise<Counts> {
  const { chosen, keys, to } = request;
  const counts: Counts = { restored: 0, 'already-there': 0, unreadable: 0, missing: 0, damaged: 0, failed: 0 };
  const report = createWriteStream(join(to.folder, 'report.jsonl'), { mode: 0o600 });
  const reported = finished(report);
  // It is waited for at the end; until then a full disk must not be an error that nobody listens for.
  reported.catch(() => undefined);
  const progress = context.terminal.progress('recover');
  const total = chosen.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  try {
    for (const { bucket } of chosen) {
      const own = places.filter((place) => Object.values(bucket.header.physical).includes(place.bucket));
      await restoreBucket(
        {
          ...{ work, keys, signal: context.signal },
          places: new Map<BackendId, PlacedBucket>(own.map((place) => [place.id, place])),
          target: to.target,
          sealed: options.sealed === true,
          versions: options.versions === true,
          onDone(restored) {
            if (report.errored !== null) throw report.errored;
            counts[restored.outcome] += 1;
            if (restored.reason !== undefined) {
              context.terminal.note(`${printable(restored.name)}: ${restored.outcome}. ${restored.reason}`);
            }
            report.write(`${JSON.stringify(reportLine(restored))}\n`);
          },
          onBytes(bytes) {
            done += bytes;
            progress.update(done, total);
          },
        },
        bucket,
      );
    }
  } finally {
    progress.end();
    report.end();
    await reported;
  }
  return counts;
}

/** Everything that a file cannot carry. */
function reportLine({ bucket, version, name, outcome, reason }: RestoredVersion) {
  const { line } = version;
  const { tenant, bucket: bucketName } = bucket.header;
  const { key, versionId, bytes, etag, modifiedAtMs, headers, tags, verdict, checksum, envelope } = line;
  return {
    ...{ outcome, reason, path: name, tenant, bucket: bucketName, key, versionId, bytes, etag },
    modifiedAt: new Date(modifiedAtMs).toISOString(),
    ...{ class: line.class, headers, tags, verdict, checksum, envelope },
  };
}

function finish({ context, warnings }: Recovery, counts: Counts, to: Destination): void {
  const { restored, unreadable, missing, damaged, failed } = counts;
  const lost = unreadable + missing + damaged + failed;
  const there = restored + counts['already-there'];
  const parts = Object.entries({ unreadable, missing, damaged, failed }).filter(([, count]) => count > 0);
  const details = parts.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const tail = lost === 0 ? '' : `, ${lost} not: ${details}`;
  context.terminal.result({
    json: { restored, alreadyThere: counts['already-there'], unreadable, missing, damaged, failed, warnings },
    text: `${there} restored to ${to.shown}${tail}. Each one is listed in ${join(to.folder, 'report.jsonl')}.\n`,
  });
  const exitCode: ExitCode = damaged > 0 ? exitCodes.integrity : exitCodes.failed;
  if (lost > 0) throw new CliError(`${lost} could not be restored: ${details}.`, { exitCode });
}
