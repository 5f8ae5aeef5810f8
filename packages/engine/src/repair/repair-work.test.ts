import { Fault } from '@sealgate/core/faults';
import type { BlobId } from '@sealgate/core/names';
import type { LeaseResult, ReplicaRecord } from '@sealgate/core/ports';
import { createSeededCluster, memberOf, putContent, wantedBlob } from '@sealgate/testkit/cluster';
import { describe, expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';
import { createRepairWork } from './repair-work.ts';

const LEASE_MS = 60_000;

async function owing() {
  const cluster = await createSeededCluster({ seed: 1, limits: defaultEngineLimits, metadata: {} });
  const bucket = await cluster.createBucket('bucket', {});
  const gateway = cluster.startGateway();
  await putContent(cluster, gateway, bucket);
  const blob = wantedBlob(cluster);
  const [first] = blob.replicas;
  if (first === undefined) throw new Error('There is no copy.');
  await cluster.metadata.reportBadReplica(blob.blobId, memberOf(cluster, first.backend).backend.id, 0);
  const { metadata, clock } = cluster;
  // What a stopped process does not do: renew.
  const silent = { ...metadata, renewLeases: () => Promise.reject(new Error('never sent')) };
  const work = (name: string, { renews } = { renews: true }) =>
    createRepairWork({
      metadata: renews ? metadata : silent,
      clock,
      pool: gateway.pool,
      worker: () => ({ name, epoch: 0 }),
      kinds: ['repair', 'replicate'],
      leaseMs: LEASE_MS,
    });
  const copy: ReplicaRecord = { ...first, state: 'stored' };
  const stateOf = () => wantedBlob(cluster).replicas.find(({ backend }) => backend === first.backend)?.state;
  return { clock, work, copy, stateOf };
}

async function only<T>(taken: Promise<readonly T[]>): Promise<T> {
  const [job] = await taken;
  if (job === undefined) throw new Error('No job was given.');
  return job;
}

describe('a worker', () => {
  test('keeps what it holds for as long as it works', async () => {
    const { clock, work } = await owing();
    const mine = work('one');
    const job = await only(mine.take(8));
    for (let step = 0; step < 10; step += 1) await clock.advance(LEASE_MS / 2);
    expect(() => mine.requireHeld(job)).not.toThrow();
    expect(await work('two').take(8)).toEqual([]);
    await mine.finish(job);
  });

  test('that was paused past its lease changes nothing, and somebody else has the job', async () => {
    const { clock, work, copy, stateOf } = await owing();
    const paused = work('one', { renews: false });
    const job = await only(paused.take(8));
    await clock.advance(LEASE_MS - 1);
    expect(() => paused.requireHeld(job)).not.toThrow();
    await clock.advance(1);
    expect(() => paused.requireHeld(job)).toThrow(/right to this job/);
    const other = work('two');
    const theirs = await only(other.take(8));
    await expect(paused.mark(job, copy, { last: false })).rejects.toThrow(/right to this job/);
    expect(stateOf()).toBe('missing');
    expect(await other.mark(theirs, copy, { last: false })).toBe(true);
    await other.finish(theirs);
    expect(stateOf()).toBe('stored');
  });

  test('that stops hands back what it cannot finish, untried', async () => {
    const { work } = await owing();
    const mine = work('one');
    const job = await only(mine.take(8));
    mine.stopTaking();
    await mine.fail(job, { reason: 'OperationAborted', noRoom: [] });
    expect(await mine.take(8)).toEqual([]);
    const again = await only(work('two').take(8));
    expect(again.jobId).toBe(job.jobId);
    expect(again.token).not.toBe(job.token);
  });
});

describe('results', () => {
  const names = ['a', 'b', 'c', 'd'];
  /** Four jobs, and a database that answers when it is told to. */
  async function reporting(answer: (results: readonly LeaseResult[]) => void = () => undefined) {
    const cluster = await createSeededCluster({ seed: 1, limits: defaultEngineLimits, metadata: {} });
    const calls: string[][] = [];
    const first = Promise.withResolvers<undefined>();
    const work = createRepairWork({
      metadata: {
        leaseRepairs: () =>
          Promise.resolve(names.map((name, index) => ({ jobId: name, blobId: name as BlobId, token: BigInt(index) }))),
        renewLeases: () => Promise.resolve([]),
        async settleLeases(_worker, results) {
          calls.push(results.map(({ lease }) => lease.jobId));
          if (calls.length === 1) await first.promise;
          answer(results);
          return results.map(() => 'wanted' as const);
        },
      },
      clock: cluster.clock,
      pool: cluster.startGateway().pool,
      worker: () => ({ name: 'one', epoch: 0 }),
      kinds: ['repair'],
      leaseMs: LEASE_MS,
    });
    return { work, calls, jobs: await work.take(8), answerFirst: () => first.resolve(undefined) };
  }

  test('that come in while one is on its way go together', async () => {
    const { work, calls, jobs, answerFirst } = await reporting();
    const ends = jobs.map((job) => work.finish(job));
    answerFirst();
    await Promise.all(ends);
    expect(calls).toEqual([['a'], ['b', 'c', 'd']]);
  });

  test('do not keep each other from being heard', async () => {
    const { work, calls, jobs, answerFirst } = await reporting((results) => {
      if (results.some(({ lease }) => lease.jobId === 'c')) throw new Fault('InternalError', 'No.');
    });
    const ends = Promise.allSettled(jobs.map((job) => work.finish(job)));
    answerFirst();
    expect((await ends).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(calls).toEqual([['a'], ['b', 'c', 'd'], ['b'], ['c'], ['d']]);
  });

  test('are not sent one by one to a database that is away', async () => {
    const { work, calls, jobs, answerFirst } = await reporting(() => {
      throw new Fault('DatabaseUnavailable', 'Away.');
    });
    const ends = Promise.allSettled(jobs.map((job) => work.finish(job)));
    answerFirst();
    await ends;
    expect(calls).toEqual([['a'], ['b', 'c', 'd']]);
  });

  test('with the last copy end the job in the same call', async () => {
    const { work, copy, stateOf } = await owing();
    const mine = work('one');
    const job = await only(mine.take(8));
    expect(await mine.mark(job, copy, { last: true })).toBe(true);
    expect(stateOf()).toBe('stored');
    expect(() => mine.requireHeld(job)).toThrow(/right to this job/);
  });
});
