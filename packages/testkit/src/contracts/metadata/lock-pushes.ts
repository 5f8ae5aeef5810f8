import { parseObjectKey } from '@sealgate/core/names';
import { type Bucket, type LockPush, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, type World } from './context.ts';

const KEY = parseObjectKey('key');
const HOUR_MS = 3_600_000;

/** Of which retentions backends are to hear, and for how long that is remembered. */
export function describeLockPushes(world: World): void {
  const metadata = () => world.metadata();
  const until = (ms: number) => Math.floor(world.now()) + ms;
  const retained = (ms: number) => ({
    ...PLAIN_ATTRIBUTES,
    retention: { mode: 'GOVERNANCE', untilMs: until(ms) } as const,
  });
  /** Those of one bucket, with leases of no length, so that they stay due. */
  const due = async (bucket: Bucket): Promise<readonly LockPush[]> =>
    (await metadata().leaseLockPushes(1000, 0)).filter((push) => push.bucketId === bucket.id);
  const locked = () => world.bucket('off', { objectLock: true });

  describe('pushes of retention', () => {
    it('are owed for every version that is retained, and for no other', async () => {
      const bucket = await locked();
      await world.put(bucket, 'key');
      await world.put(bucket, 'held', { attributes: { ...PLAIN_ATTRIBUTES, legalHold: true } });
      await world.put(bucket, 'over', { attributes: retained(-HOUR_MS) });
      expect(await due(bucket)).toEqual([]);
      const attributes = retained(HOUR_MS);
      const { seq, versionId } = await world.put(bucket, 'key', { attributes });
      const push = { bucketId: bucket.id, key: KEY, versionId, seq, untilMs: attributes.retention.untilMs };
      expect(await due(bucket)).toEqual([push]);
      await metadata().finishLockPush(push);
      expect(await due(bucket)).toEqual([]);
    });

    it('are owed for uploads, and again when the retention changes', async () => {
      const bucket = await locked();
      const uploadId = await world.beginUpload(bucket, 'key', { attributes: retained(HOUR_MS) });
      const part = await world.putPart(bucket, 'key', uploadId, 1);
      const { versionId } = await metadata().commitUpload({
        ...{ bucketId: bucket.id, key: KEY, uploadId, parts: [{ partNumber: 1, etag: part.etag }], etag: 'aa-1' },
        ...{ bytes: part.bytes, checksum: null, envelope: null, verdict: null, preconditions: {}, actor },
      });
      const [first] = await due(bucket);
      expect(first?.versionId).toBe(versionId);
      const { retention } = retained(2 * HOUR_MS);
      await metadata().updateVersion({ bucketId: bucket.id, key: KEY, change: { retention }, actor });
      // Who told of the old one has not told of this one.
      if (first !== undefined) await metadata().finishLockPush(first);
      const [second] = await due(bucket);
      expect(second).toMatchObject({ versionId, untilMs: retention.untilMs });
      if (second !== undefined) await metadata().finishLockPush(second);
      expect(await due(bucket)).toEqual([]);
    });

    it('are forgotten with the version', async () => {
      const bucket = await locked();
      const { versionId } = await world.put(bucket, 'key', { attributes: retained(HOUR_MS) });
      const removal = { bucketId: bucket.id, key: KEY, versionId, preconditions: {}, bypassGovernance: true, actor };
      await metadata().deleteObject(removal);
      expect(await due(bucket)).toEqual([]);
    });

    it('are handed to one worker at a time', async () => {
      const bucket = await locked();
      await world.put(bucket, 'key', { attributes: retained(HOUR_MS) });
      const of = async () => (await metadata().leaseLockPushes(1000, HOUR_MS)).filter((p) => p.bucketId === bucket.id);
      const taken = await Promise.all([of(), of(), of()]);
      expect(taken.flat()).toHaveLength(1);
    });
  });
}
