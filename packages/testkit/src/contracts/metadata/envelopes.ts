import { type ObjectKey, parseObjectKey, type VersionId } from '@sealgate/core/names';
import {
  type Bucket,
  type EnvelopeRecord,
  PLAIN_ATTRIBUTES,
  SEALED_FORMAT,
  type VersionAttributes,
} from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

const keyId = (name: string): string => `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${name}`;

/** As long as it matters here: what a compact envelope says of its recipients. */
function envelope(names: readonly string[], keyVersion = 1, body = 'body'): EnvelopeRecord {
  const recipients = names.map((name) => ({
    header: { alg: 'ECDH-ES+A256KW', kid: keyId(name) },
    encrypted_key: 'AAAA',
  }));
  const encryptedKey = JSON.stringify({ protected: body, recipients, iv: 'i', ciphertext: 'c', tag: 't' });
  const primary = keyId(names[0] ?? '');
  return { encryptedKey, keyId: primary, keyVersion, keyAlg: 'ECDH-ES+A256KW', encryptionAlg: SEALED_FORMAT };
}

/** Key envelopes: replaced without the bytes, one by one, and found by whom they are sealed to. */
export function describeEnvelopes(world: World): void {
  const metadata = () => world.metadata();
  const old = envelope(['old']);
  const expected = { keyId: old.keyId, keyVersion: 1 };
  const fresh = envelope(['new', 'recovery'], 2);
  const KEY = parseObjectKey('key');
  const change = (bucket: Bucket, seq: bigint, changes: object = {}) =>
    metadata().changeEnvelopes({
      bucketId: bucket.id,
      changes: [{ key: KEY, seq, expected, envelope: fresh, ...changes }],
      actor,
    });
  const shown = (bucket: Bucket, versionId: VersionId | 'null', key: ObjectKey = KEY) =>
    metadata().version(bucket.id, key, versionId);

  describe('changes of envelopes', () => {
    it('replace that of one version, current or not, and nothing else of it', async () => {
      const bucket = await world.bucket('enabled');
      const first = await world.put(bucket, 'key', { envelope: old });
      const second = await world.put(bucket, 'key', { envelope: old });
      for (const { seq, versionId } of [first, second]) {
        const before = await shown(bucket, versionId);
        expect(await change(bucket, seq)).toEqual(['changed']);
        expect(await shown(bucket, versionId)).toEqual({ ...before, envelope: fresh });
      }
      expect((await metadata().currentVersion(bucket.id, KEY))?.envelope).toEqual(fresh);
    });

    it('need the envelope that is expected', async () => {
      const bucket = await world.bucket('enabled');
      const { seq, versionId } = await world.put(bucket, 'key', { envelope: old });
      const others = [
        { expected: { keyId: old.keyId, keyVersion: 2 } },
        { expected: { keyId: fresh.keyId, keyVersion: 1 } },
        { envelope: { ...fresh, encryptionAlg: 's3ec-v3/115' } },
      ];
      for (const other of others) expect(await change(bucket, seq, other)).toEqual(['conflict']);
      expect((await shown(bucket, versionId))?.envelope).toEqual(old);
      const both = await Promise.all([change(bucket, seq), change(bucket, seq)]);
      expect(both.flat().sort()).toEqual(['changed', 'conflict']);
    });

    it('find nothing where there is no such version or no envelope', async () => {
      const bucket = await world.bucket('enabled');
      const plain = await world.put(bucket, 'key');
      const marker = await world.remove(bucket, 'key');
      expect(await change(bucket, plain.seq)).toEqual(['gone']);
      expect(await change(bucket, 1n)).toEqual(['gone']);
      expect(await change(bucket, plain.seq, { key: parseObjectKey('other') })).toEqual(['gone']);
      const markers = await metadata().version(bucket.id, KEY, marker.versionId ?? 'null');
      expect(await change(bucket, markers?.seq ?? 0n)).toEqual(['gone']);
    });

    it('stand each for itself within one call', async () => {
      const bucket = await world.bucket();
      const seqs = new Map<string, bigint>();
      for (const name of ['a', 'b', 'c']) seqs.set(name, (await world.put(bucket, name, { envelope: old })).seq);
      const one = (name: string, keyVersion = 1) => ({
        key: parseObjectKey(name),
        seq: seqs.get(name) ?? 0n,
        expected: { keyId: old.keyId, keyVersion },
        envelope: fresh,
      });
      const changes = [one('c'), one('b', 7), one('nothing'), one('a')];
      const outcomes = await metadata().changeEnvelopes({ bucketId: bucket.id, changes, actor });
      expect(outcomes).toEqual(['changed', 'conflict', 'gone', 'changed']);
      const now = async (name: string) => (await metadata().currentVersion(bucket.id, parseObjectKey(name)))?.envelope;
      expect([await now('a'), await now('b'), await now('c')]).toEqual([fresh, old, fresh]);
      expect(await metadata().changeEnvelopes({ bucketId: bucket.id, changes: [], actor })).toEqual([]);
      const nowhere = metadata().changeEnvelopes({ bucketId: 2 ** 30, changes: [one('a')], actor });
      expect(await faultOf(nowhere)).toBe('NoSuchBucket');
    });

    it('leave alone what is locked', async () => {
      const bucket = await world.bucket('off', { objectLock: true });
      const put = (attributes: Partial<VersionAttributes>) =>
        world.put(bucket, 'key', { envelope: old, attributes: { ...PLAIN_ATTRIBUTES, ...attributes } });
      const untilMs = world.now() + 3_600_000;
      const strict = await put({ retention: { mode: 'COMPLIANCE', untilMs } });
      const lenient = await put({ retention: { mode: 'GOVERNANCE', untilMs } });
      const held = await put({ legalHold: true });
      const over = await put({ retention: { mode: 'COMPLIANCE', untilMs: world.now() - 1000 } });
      const bypassing = (seq: bigint) =>
        metadata().changeEnvelopes({
          ...{ bucketId: bucket.id, bypassGovernance: true, actor },
          changes: [{ key: KEY, seq, expected, envelope: fresh }],
        });
      for (const { seq } of [strict, lenient, held]) expect(await change(bucket, seq)).toEqual(['locked']);
      for (const { seq } of [strict, held]) expect(await bypassing(seq)).toEqual(['locked']);
      expect([await bypassing(lenient.seq), await change(bucket, over.seq)]).toEqual([['changed'], ['changed']]);
    });

    it('reach versions that were made of parts, and what is remembered of their uploads', async () => {
      const bucket = await world.bucket();
      const uploadId = await world.beginUpload(bucket, 'key', { envelope: old });
      const part = await world.putPart(bucket, 'key', uploadId, 1);
      const { seq } = await metadata().commitUpload({
        ...{ bucketId: bucket.id, key: KEY, uploadId, etag: 'aa-1', bytes: part.bytes, checksum: null, actor },
        ...{ parts: [{ partNumber: 1, etag: part.etag }], envelope: old, verdict: null, preconditions: {} },
      });
      expect(await change(bucket, seq)).toEqual(['changed']);
      const found = await metadata().currentVersion(bucket.id, KEY);
      expect(found).toMatchObject({ envelope: fresh, parts: 1 });
      expect((await metadata().upload(bucket.id, KEY, uploadId))?.envelope ?? fresh).toEqual(fresh);
    });

    it('are in the log, and have manifests written anew after a while or when asked', async () => {
      const bucket = await world.bucket();
      const { seq } = await world.put(bucket, 'key', { envelope: old });
      const mark = await metadata().markLog();
      await change(bucket, seq);
      const { seq: upTo } = await metadata().markLog();
      const { changes } = await metadata().loggedChanges({ after: mark.seq, upTo, limit: 10_000 });
      const own = changes.filter(({ bucketId }) => bucketId === bucket.id);
      expect(own.map(({ key, versionSeq }) => [key, versionSeq])).toEqual([[KEY, seq]]);

      const due = async () =>
        (await metadata().requestedManifests(10_000)).find(({ bucketId }) => bucketId === bucket.id);
      const requested = async () => (await metadata().recoveryStatus(bucket.id - 1, 1))[0]?.requested;
      expect([await due(), await requested()]).toEqual([undefined, true]);
      await metadata().requestManifests({ bucketId: bucket.id }, actor);
      const asked = await due();
      expect(asked).toBeDefined();
      // Changed while that one is being written: the next one waits again.
      await change(bucket, seq, { expected: { keyId: fresh.keyId, keyVersion: 2 }, envelope: old });
      if (asked !== undefined) await metadata().finishManifestRequest(asked);
      expect([await due(), await requested()]).toEqual([undefined, true]);
    });
  });

  describe('the list of envelopes', () => {
    const list = async (bucket: Bucket, wanted: readonly string[], page: { limit?: number; look?: number } = {}) => {
      const { limit = 100, look = 1000 } = page;
      const found: string[] = [];
      let pages = 0;
      let looked = 0;
      for (let after: { key: ObjectKey; seq: bigint } | null = null; ; ) {
        const request = { bucketId: bucket.id, prefix: '', after, wanted: wanted.map(keyId), limit, look };
        const answer = await metadata().listEnvelopes(request);
        found.push(...answer.envelopes.map(({ key }) => key));
        expect(answer.envelopes.length).toBeLessThanOrEqual(limit);
        pages += 1;
        looked += answer.looked;
        if (answer.next === null) return { found, pages, looked };
        after = answer.next;
      }
    };

    it('has what is sealed to others than wanted', async () => {
      const bucket = await world.bucket('enabled');
      for (const [key, names] of [
        ['a', ['new']],
        ['b', ['old']],
        ['c', ['new', 'recovery']],
        ['d', ['recovery', 'new']],
        ['e', ['new', 'other']],
      ] as const) {
        await world.put(bucket, key, { envelope: envelope(names) });
      }
      await world.put(bucket, 'plain');
      await world.put(bucket, 'foreign', { envelope: { ...old, encryptedKey: 'AAAA', encryptionAlg: 'age-v1' } });
      expect((await list(bucket, ['new', 'recovery'])).found).toEqual(['a', 'b', 'd', 'e']);
      expect((await list(bucket, ['new'])).found).toEqual(['b', 'c', 'd', 'e']);
      expect((await list(bucket, [])).found).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('goes by key and from new to old, in pages of any size, and tells how far it looked', async () => {
      const bucket = await world.bucket('enabled');
      const keys = ['a', 'b', 'b', 'b', 'c', 'd/1', 'd/2', 'd/2'];
      for (const key of keys) await world.put(bucket, key, { envelope: old });
      await world.remove(bucket, 'c');
      for (const [limit, look] of [
        [1, 1],
        [1, 3],
        [3, 2],
        [100, 100],
      ] as const) {
        const { found, looked } = await list(bucket, ['new'], { limit, look });
        expect(found).toEqual(keys);
        // The marker too.
        expect(looked).toBe(keys.length + 1);
      }
      const request = { bucketId: bucket.id, after: null, wanted: [keyId('new')], limit: 100, look: 100 };
      const within = await metadata().listEnvelopes({ ...request, prefix: 'd/' });
      expect(within.envelopes.map(({ key }) => key)).toEqual(['d/1', 'd/2', 'd/2']);
      const [newest, older] = within.envelopes.slice(1);
      expect((newest?.seq ?? 0n) > (older?.seq ?? 0n)).toBe(true);
      expect(newest).toMatchObject({ envelope: old, locked: false });
    });

    it('looks at no more than it is asked to', async () => {
      const bucket = await world.bucket();
      for (let at = 0; at < 10; at += 1) await world.put(bucket, `key-${at}`, { envelope: fresh });
      const { found, pages } = await list(bucket, ['new', 'recovery'], { look: 3 });
      expect([found, pages]).toEqual([[], 4]);
    });
  });
}
