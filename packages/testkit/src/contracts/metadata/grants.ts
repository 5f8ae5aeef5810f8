import { createHash } from 'node:crypto';
import type { BlobId } from '@sealgate/core/names';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, replicas, type World } from './context.ts';

export function describeGrants(world: World): void {
  const metadata = () => world.metadata();
  const key = new Uint8Array(32).fill(1);

  async function agent(): Promise<{ readonly id: string; readonly epoch: number }> {
    const id = world.unused('agent-');
    const enrolmentHash = createHash('sha256').update(id).digest();
    const kinds = ['repair', 'replicate'] as const;
    await metadata().createAgent({ id, kinds, backends: null, enrolmentHash, enrolmentMs: 60_000 }, actor);
    expect(await faultOf(metadata().offerGrant({ ...grant((await job()).id, id) }, actor))).toBe('Conflict');
    await metadata().enrolAgent({ enrolmentHash, publicKey: key, encryptionKey: key, actor: { requestId: 'r' } });
    const session = { id, jti: 'j', assertionMs: 1000, tokenHash: enrolmentHash, tokenMs: 1000, epoch: null };
    const opened = await metadata().openAgentSession(session);
    if (opened.kind !== 'open') throw new Error('The agent has no session.');
    return { id, epoch: opened.epoch };
  }
  async function job(): Promise<{ readonly id: string; readonly blobId: BlobId }> {
    const bucket = await world.bucket('enabled');
    const request = await world.version(bucket, 'key', { replicas: replicas(await world.backends()) });
    const { seq, versionId } = await metadata().commitVersion(request);
    const target = await world.backend({ custody: 'client', credentials: null });
    const { id } = await metadata().createJob(
      {
        ...{ tenantId: bucket.tenantId, bucketId: bucket.id, key: request.key, seq, versionId, source: null },
        ...{ blobs: [request.blobId], targets: [target.id], policyClass: 'StandardClass', priority: 5 },
        ...{ encryptionRequired: false, clientToken: null },
      },
      actor,
    );
    return { id, blobId: request.blobId };
  }
  const grant = (jobId: string, agentId: string, sealed = 'sealed') => ({ jobId, agentId, sealed, goodMs: 60_000 });

  describe('credentials for a job', () => {
    it('go to their agent once, the last ones', async () => {
      const [{ id, epoch }, other, { id: jobId }] = [await agent(), await agent(), await job()];
      await metadata().offerGrant(grant(jobId, id, 'first'), actor);
      await metadata().offerGrant(grant(jobId, id, 'second'), actor);
      expect(await metadata().takeGrants(other.id, other.epoch, 9)).toEqual([]);
      expect(await metadata().takeGrants(id, epoch - 1, 9)).toEqual([]);
      expect(await metadata().takeGrants(id, epoch, 9)).toEqual([{ jobId, sealed: 'second' }]);
      expect(await metadata().takeGrants(id, epoch, 9)).toEqual([]);
    });

    it('wait until the agent asks for so many, what ends first before others', async () => {
      const [{ id, epoch }, ...jobs] = [await agent(), await job(), await job(), await job()];
      for (const [index, { id: jobId }] of jobs.entries()) {
        await metadata().offerGrant({ ...grant(jobId, id), goodMs: 60_000 - index * 10_000 }, actor);
      }
      const taken: string[] = [];
      for (const limit of [1, 1, 9, 9]) {
        const grants = await metadata().takeGrants(id, epoch, limit);
        expect(grants.length).toBeLessThanOrEqual(limit);
        taken.push(...grants.map(({ jobId }) => jobId));
      }
      expect(taken).toEqual(jobs.map(({ id: jobId }) => jobId).reverse());
    });

    it('are not given when their time is over, nor taken in for what is over', async () => {
      const [{ id, epoch }, { id: jobId }] = [await agent(), await job()];
      await metadata().offerGrant({ ...grant(jobId, id), goodMs: 0 }, actor);
      expect(await metadata().takeGrants(id, epoch, 9)).toEqual([]);
      expect(await faultOf(metadata().offerGrant(grant(jobId, world.unused('agent-')), actor))).toBe('NotFound');
      const unknown = '00000000-0000-4000-8000-000000000000';
      expect(await faultOf(metadata().offerGrant(grant(unknown, id), actor))).toBe('NotFound');
      await metadata().cancelJob(jobId, actor);
      expect(await faultOf(metadata().offerGrant(grant(jobId, id), actor))).toBe('Conflict');
      const disabled = await job();
      await metadata().offerGrant(grant(disabled.id, id), actor);
      await metadata().setAgentState(id, 'disabled', actor);
      expect(await metadata().takeGrants(id, epoch, 9)).toEqual([]);
      expect(await faultOf(metadata().offerGrant(grant(disabled.id, id), actor))).toBe('Conflict');
    });

    it('let their agent take the repairs of that job alone', async () => {
      const [one, two] = [await job(), await job()];
      const all = (await metadata().listBackends()).map(({ id }) => id);
      const kinds = ['repair', 'replicate'] as const;
      const asked = { worker: { name: 'w', epoch: 0 }, limit: 10, leaseMs: 60_000, kinds };
      const lease = (only: readonly BlobId[], writes = all) =>
        metadata().leaseRepairs({ ...asked, able: { writes, reads: all }, only });
      expect(await lease([])).toEqual([]);
      expect(await lease([two.blobId], [])).toEqual([]);
      const leases = await lease([two.blobId]);
      expect(leases.map(({ blobId }) => blobId)).toEqual([two.blobId]);
      expect(await lease([two.blobId])).toEqual([]);
      for (const each of leases) await metadata().endLease(asked.worker, each, { kind: 'released' });
      expect(await lease([two.blobId])).toHaveLength(1);
      await metadata().cancelJob(one.id, actor);
    });
  });
}
