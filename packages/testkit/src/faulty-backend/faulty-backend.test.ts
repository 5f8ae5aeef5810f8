import { createMemoryDriver } from '@sealgate/backends/memory';
import { type Fault, isFault } from '@sealgate/core/faults';
import { physicalBucketName } from '@sealgate/core/names';
import { describe, expect, it } from 'vitest';
import { describeBackendDriver } from '../contracts/backend-driver.ts';
import { createPrng } from '../prng.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { createFaultyBackend, type FaultyBackend } from './faulty-backend.ts';
import { calmPlan, type FaultPlan, randomPlan, type Trouble } from './plan.ts';

const bucket = physicalBucketName({ tenant: 't', region: 'r', bucket: 'b', backend: 'faulty', counter: 0 });
const signal = new AbortController().signal;
const data = createPrng(5).bytes(200_000);
const blob = { body: data, bytes: data.length, signal };

function backend(plan: FaultPlan = calmPlan, seed = 1): { clock: VirtualClock; faulty: FaultyBackend } {
  const clock = createVirtualClock();
  const faulty = createFaultyBackend(() => createMemoryDriver({ clock }), { prng: createPrng(seed), clock, plan });
  return { clock, faulty };
}

const always = (trouble: Trouble): FaultPlan => ({ ...calmPlan, rates: { [trouble]: 1 } });

async function ready(trouble: Trouble): Promise<ReturnType<typeof backend>> {
  const made = backend();
  await made.faulty.ensureBucket(bucket, { signal });
  await made.faulty.put(bucket, 'b/kept', blob);
  made.faulty.usePlan(always(trouble));
  return made;
}

async function code(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'ok',
    (error: unknown) => (isFault(error) ? error.code : String(error)),
  );
}

const read = async (faulty: FaultyBackend, key: string): Promise<Buffer> =>
  Buffer.concat((await (await faulty.get(bucket, key, { signal })).body.toArray()) as Buffer[]);

const differingBits = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, byte, i) => sum + (byte ^ (b[i] ?? 0)).toString(2).replaceAll('0', '').length, 0);

describeBackendDriver(
  'faulty, on a calm day',
  { refusesOverwrite: true, holdsWrites: false, aheadBytesMax: 0 },
  async () => {
    const { faulty } = backend();
    return { driver: faulty, dispose: () => faulty.close() };
  },
);

describe('a faulty backend', () => {
  it('fails before anything is done', async () => {
    const { faulty } = await ready('fail');
    expect(await code(faulty.put(bucket, 'b/x', blob))).toBe('BackendUnreachable');
    expect(await faulty.ping({ signal })).toMatchObject({ ok: false });
    faulty.usePlan(calmPlan);
    expect(await faulty.head(bucket, 'b/x', { signal })).toBeUndefined();
  });

  it('loses the answer to what it did', async () => {
    const { faulty } = await ready('lose-answer');
    expect(await code(faulty.put(bucket, 'b/x', blob))).toBe('BackendUnreachable');
    expect(await faulty.head(bucket, 'b/x', { signal })).toEqual({ bytes: data.length });
    expect(await code(faulty.delete(bucket, 'b/x', { signal }))).toBe('BackendUnreachable');
    expect(await faulty.head(bucket, 'b/x', { signal })).toBeUndefined();
  });

  it('stalls until its time is over or the caller gives up', async () => {
    const { clock, faulty } = await ready('stall');
    expect(await clock.run(code(faulty.get(bucket, 'b/kept', { signal })))).toBe('BackendTimeout');
    expect(clock.monotonic()).toBe(calmPlan.stallMs);
    const stop = new AbortController();
    const reason = new Error('Enough.');
    const waiting = faulty.head(bucket, 'b/kept', { signal: stop.signal });
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    ['drop', 'BackendUnreachable'],
    ['stop', 'BackendTimeout'],
  ] as const)('a body may %s midway, in and out', async (trouble, expected) => {
    const { clock, faulty } = await ready(trouble);
    expect(await clock.run(code(faulty.put(bucket, 'b/x', blob)))).toBe(expected);
    expect(await clock.run(code(read(faulty, 'b/kept')))).toBe(expected);
    faulty.usePlan(calmPlan);
    expect(await faulty.head(bucket, 'b/x', { signal })).toBeUndefined();
  });

  it('takes its time with every chunk', async () => {
    const { clock, faulty } = await ready('slow');
    await clock.run(read(faulty, 'b/kept'));
    expect(clock.monotonic()).toBeGreaterThanOrEqual(calmPlan.slowChunkMs);
  });

  it.each([
    ['lie', 'checksum'],
    ['lie-unproven', 'none'],
  ] as const)('may %s about what it keeps, and the test knows', async (trouble, verified) => {
    const { faulty } = await ready(trouble);
    expect(await faulty.put(bucket, 'b/x', blob)).toEqual({ verified });
    expect([...faulty.deceptions]).toEqual([`${bucket}/b/x`]);
    expect(await code(faulty.get(bucket, 'b/x', { signal }))).toBe('BlobMissing');
  });

  it('turns over one bit, on the way in and on the way out', async () => {
    const { faulty } = await ready('corrupt');
    expect(differingBits(await read(faulty, 'b/kept'), data)).toBe(1);
    await faulty.put(bucket, 'b/x', blob);
    expect([...faulty.deceptions]).toEqual([`${bucket}/b/x`]);
    faulty.usePlan(calmPlan);
    expect(differingBits(await read(faulty, 'b/x'), data)).toBe(1);
    expect(differingBits(await read(faulty, 'b/kept'), data)).toBe(0);
  });

  it('goes down, is full, and vanishes', async () => {
    const { faulty } = await ready('slow');
    faulty.usePlan(calmPlan);
    faulty.setDown(true);
    expect(await code(faulty.get(bucket, 'b/kept', { signal }))).toBe('BackendUnreachable');
    faulty.setDown(false);
    const opened = await faulty.get(bucket, 'b/kept', { signal });
    faulty.setDown(true);
    expect(await code(opened.body.toArray())).toBe('BackendUnreachable');
    faulty.setDown(false);
    faulty.setFull(true);
    expect(await code(faulty.put(bucket, 'b/x', blob))).toBe('BackendFull');
    faulty.setFull(false);
    faulty.vanish();
    expect(await code(faulty.get(bucket, 'b/kept', { signal }))).toBe('BlobMissing');
    expect(await code(faulty.put(bucket, 'b/x', blob))).toBe('BlobMissing');
    expect(faulty.incidents.map(({ trouble }) => trouble)).toEqual(['down', 'full']);
  });

  it('does the same for the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const { clock, faulty } = backend(randomPlan(createPrng(seed)), seed);
      const outcomes = Array.from({ length: 60 }, async (_, i) => {
        const key = `b/${i % 7}`;
        const outcome = await code(
          i % 3 === 0 ? faulty.put(bucket, `${key}/${i}`, { ...blob, signal }) : faulty.head(bucket, key, { signal }),
        );
        return `${outcome}@${clock.monotonic()}`;
      });
      await clock.run(faulty.ensureBucket(bucket, { signal }).catch((error: unknown) => error as Fault));
      return JSON.stringify([await clock.run(Promise.all(outcomes)), faulty.incidents]);
    };
    for (const seed of [1, 2, 3]) expect(await run(seed)).toBe(await run(seed));
    expect(await run(1)).not.toBe(await run(2));
  });
});
