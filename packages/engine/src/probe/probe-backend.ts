import { randomBytes } from 'node:crypto';
import { type Fault, toFault } from '@sealgate/core/faults';
import { type PhysicalBucketName, physicalBucketName } from '@sealgate/core/names';
import type { BackendCapabilities, BackendDriver, BackendProbe, ProbeAnswer } from '@sealgate/core/ports';
import { readAll } from './read-all.ts';

export interface ProbeReport {
  readonly capabilities: BackendCapabilities;
  /** What could not be settled, or was found odd, in words for the operator. */
  readonly notes: Readonly<Partial<Record<keyof BackendCapabilities | 'cleanUp', string>>>;
}

export interface ProbeDeps {
  readonly driver: BackendDriver;
  /** Undefined for kinds of backends that have nothing to ask beyond the driver's own methods. */
  readonly probe: BackendProbe | undefined;
}

type Capability = keyof BackendCapabilities;

const SAMPLE_BYTES = 4096;
const RANGE = { start: 1000, end: 2999 } as const;
/** Names are unguessable, so that two probes, or a probe and a tenant, never meet. */
const NAME_BYTES = 8;
/** Cleaning up goes on when the probe's own time is over: it must not leave rubbish on somebody's account. */
const CLEAN_UP_MS = 30_000;

const questions = [
  'conditionalWrite',
  'etagIsMd5',
  'checksumHeader',
  'checksumTrailer',
  'chunkSignature',
  'listAfter',
  'multipart',
  'smallParts',
  'unequalParts',
  'versioning',
] as const satisfies readonly Capability[];

/**
 * Finds out what a backend can do by doing it, in buckets that exist for this alone and are gone afterwards. A question
 * that could not be settled is left out of the capabilities, which policies read as "no".
 *
 * @throws Fault BackendUnreachable, BackendTimeout when the backend went away; the signal's reason
 */
export async function probeBackend(deps: ProbeDeps, options: { readonly signal: AbortSignal }): Promise<ProbeReport> {
  const { signal } = options;
  const [bucket, lockBucket] = [probeBucket(), probeBucket()];
  const capabilities: Partial<Record<Capability, boolean>> = {};
  const notes: Partial<Record<Capability | 'cleanUp', string>> = {};
  const note = (capability: Capability, answer: ProbeAnswer): void => {
    if (answer.verdict !== 'unknown') capabilities[capability] = answer.verdict === 'yes';
    if (answer.note !== undefined) notes[capability] = answer.note;
  };
  try {
    for (const [capability, answer] of await tryDriver(deps.driver, bucket, signal)) note(capability, answer);
    for (const question of deps.probe === undefined ? [] : questions) {
      signal.throwIfAborted();
      note(question, await ask(() => deps.probe?.[question]({ bucket, key: `probe/${question}`, signal })));
    }
    if (deps.probe !== undefined) {
      const locked = (name: string) => ({ bucket: lockBucket, key: `probe/${name}`, signal });
      note('objectLock', await ask(() => deps.probe?.objectLock(locked('objectLock'))));
      if (capabilities.objectLock === true) {
        note('lockWithoutDigest', await ask(() => deps.probe?.lockWithoutDigest(locked('lockWithoutDigest'))));
      }
    }
  } finally {
    const problem = await cleanUp(deps, [bucket, lockBucket]);
    if (problem !== undefined) notes.cleanUp = problem.message;
  }
  return { capabilities, notes };
}

/** The driver's own methods, on one small blob. */
async function tryDriver(
  driver: BackendDriver,
  bucket: PhysicalBucketName,
  signal: AbortSignal,
): Promise<readonly (readonly [Capability, ProbeAnswer])[]> {
  const key = 'probe/blob';
  const sample = randomBytes(SAMPLE_BYTES);
  const put = await ask(async () => {
    await driver.ensureBucket(bucket, { signal });
    await driver.put(bucket, key, { body: sample, bytes: sample.length, signal });
    return yes;
  });
  if (put.verdict !== 'yes') return [['put', put.verdict === 'unknown' ? { ...put, verdict: 'no' } : put]];
  const get = await ask(async () => {
    const { body } = await driver.get(bucket, key, { signal });
    return verdict(sample.equals(await readAll(body, SAMPLE_BYTES)));
  });
  const range = await ask(async () => {
    const { body } = await driver.get(bucket, key, { range: RANGE, signal });
    return verdict(sample.subarray(RANGE.start, RANGE.end + 1).equals(await readAll(body, SAMPLE_BYTES)));
  });
  const list = await ask(async () => {
    const page = await driver.list(bucket, { prefix: 'probe/', limit: 10, signal });
    return verdict(page.blobs.some((blob) => blob.key === key && blob.bytes === SAMPLE_BYTES));
  });
  const gone = await ask(async () => {
    await driver.delete(bucket, key, { signal });
    return verdict((await driver.head(bucket, key, { signal })) === undefined);
  });
  return [
    ['put', put],
    ['get', get],
    ['range', range],
    ['list', list],
    ['delete', gone],
  ];
}

const yes: ProbeAnswer = { verdict: 'yes' };

function verdict(ok: boolean): ProbeAnswer {
  return ok ? yes : { verdict: 'no', note: 'it answered, but not with what was written' };
}

/** An answer whatever happens, but for a backend that went away: then nothing further can be learnt. */
async function ask(question: () => Promise<ProbeAnswer> | undefined): Promise<ProbeAnswer> {
  try {
    return (await question()) ?? { verdict: 'unknown' };
  } catch (error) {
    const fault = toFault(error);
    if (fault.code === 'BackendUnreachable' || fault.code === 'BackendTimeout') throw fault;
    if (fault.code === 'InternalError') throw error;
    return { verdict: 'unknown', note: fault.message };
  }
}

async function cleanUp(deps: ProbeDeps, buckets: readonly PhysicalBucketName[]): Promise<Fault | undefined> {
  const signal = AbortSignal.timeout(CLEAN_UP_MS);
  const results = await Promise.allSettled(
    buckets.map((bucket) => deps.probe?.cleanUp(bucket, { signal }) ?? removeBlob(deps.driver, bucket, signal)),
  );
  const failed = results.find((result) => result.status === 'rejected');
  return failed === undefined ? undefined : toFault(failed.reason);
}

async function removeBlob(driver: BackendDriver, bucket: PhysicalBucketName, signal: AbortSignal): Promise<void> {
  await driver.delete(bucket, 'probe/blob', { signal });
  await driver.removeBucket(bucket, { signal });
}

function probeBucket(): PhysicalBucketName {
  const name = randomBytes(NAME_BYTES).toString('hex');
  return physicalBucketName({ tenant: 'sealgate', region: 'probe', bucket: name, backend: 'probe', counter: 0 });
}
