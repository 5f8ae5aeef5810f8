import { createMemoryDriver } from '@sealgate/backends/memory';
import { Fault, isFault } from '@sealgate/core/faults';
import { type BackendDriver, type BackendProbe, type ProbeAnswer, systemClock } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { probeBackend } from './probe-backend.ts';

const { signal } = new AbortController();
const yes = (): Promise<ProbeAnswer> => Promise.resolve({ verdict: 'yes' });

function fakeProbe(answers: Partial<BackendProbe> = {}) {
  const cleaned: string[] = [];
  const probe: BackendProbe = {
    conditionalWrite: yes,
    etagIsMd5: yes,
    checksumHeader: yes,
    checksumTrailer: yes,
    chunkSignature: yes,
    listAfter: yes,
    multipart: yes,
    unequalParts: yes,
    smallParts: yes,
    versioning: yes,
    objectLock: yes,
    lockWithoutDigest: yes,
    cleanUp: (bucket) => {
      cleaned.push(bucket);
      return Promise.resolve();
    },
    ...answers,
  };
  return { probe, cleaned };
}

describe('probeBackend', () => {
  it('tries the driver itself where there is nothing more to ask, and leaves nothing behind', async () => {
    const driver = createMemoryDriver({ clock: systemClock });
    const buckets = new Set<string>();
    const seen: BackendDriver = {
      ...driver,
      ensureBucket: (bucket, options) => {
        buckets.add(bucket);
        return driver.ensureBucket(bucket, options);
      },
      removeBucket: async (bucket, options) => {
        await driver.removeBucket(bucket, options);
        buckets.delete(bucket);
      },
    };
    const report = await probeBackend({ driver: seen, probe: undefined }, { signal });
    expect(report.capabilities).toEqual({ put: true, get: true, range: true, list: true, delete: true });
    expect(report.notes).toEqual({});
    expect(buckets.size).toBe(0);
  });

  it('asks every question, keeps doubts out of the capabilities, and cleans both buckets up', async () => {
    const { probe, cleaned } = fakeProbe({
      versioning: () => Promise.resolve({ verdict: 'no' }),
      checksumTrailer: () => Promise.resolve({ verdict: 'unknown', note: 'it said 501' }),
      multipart: () => Promise.reject(new Fault('BackendRefused', 'The storage location refused the call.')),
    });
    const report = await probeBackend({ driver: createMemoryDriver({ clock: systemClock }), probe }, { signal });
    expect(report.capabilities).toMatchObject({
      conditionalWrite: true,
      versioning: false,
      objectLock: true,
      lockWithoutDigest: true,
    });
    expect(report.capabilities).not.toHaveProperty('checksumTrailer');
    expect(report.capabilities).not.toHaveProperty('multipart');
    expect(report.notes.checksumTrailer).toBe('it said 501');
    expect(new Set(cleaned).size).toBe(2);
  });

  it('asks nothing more of locks where there are none', async () => {
    const { probe } = fakeProbe({ objectLock: () => Promise.resolve({ verdict: 'no' }) });
    const report = await probeBackend({ driver: createMemoryDriver({ clock: systemClock }), probe }, { signal });
    expect(report.capabilities).toMatchObject({ objectLock: false });
    expect(report.capabilities).not.toHaveProperty('lockWithoutDigest');
  });

  it('notices a backend that gives back other bytes', async () => {
    const driver = createMemoryDriver({ clock: systemClock });
    const liar: BackendDriver = {
      ...driver,
      get: (bucket, key, options) =>
        driver.get(bucket, key, options.range === undefined ? options : { ...options, range: { start: 0, end: 9 } }),
    };
    const { capabilities } = await probeBackend({ driver: liar, probe: undefined }, { signal });
    expect(capabilities).toMatchObject({ get: true, range: false });
  });

  it('cleans up and says so when the backend goes away in between', async () => {
    const { probe, cleaned } = fakeProbe({
      etagIsMd5: () => Promise.reject(new Fault('BackendTimeout', 'The storage location did not answer.')),
    });
    const outcome = probeBackend({ driver: createMemoryDriver({ clock: systemClock }), probe }, { signal });
    await expect(outcome).rejects.toSatisfy((error) => isFault(error, 'BackendTimeout'));
    expect(cleaned).toHaveLength(2);
  });

  it('reports rubbish it could not remove', async () => {
    const { probe } = fakeProbe({ cleanUp: () => Promise.reject(new Fault('BackendRefused', 'refused')) });
    expect(
      (await probeBackend({ driver: createMemoryDriver({ clock: systemClock }), probe }, { signal })).notes.cleanUp,
    ).toBe('refused');
  });
});
