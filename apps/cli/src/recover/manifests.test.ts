import { randomBytes } from 'node:crypto';
import { createSigner, type NoteVerifier, newSignerSeed } from '@sealgate/core/audit';
import { type BackendId, parseObjectKey } from '@sealgate/core/names';
import { type AuditActor, type Bucket, PLAIN_ATTRIBUTES, type Versioning } from '@sealgate/core/ports';
import { defaultEngineLimits, type EngineDeps, type EngineLimits } from '@sealgate/engine';
import { type DocumentRecipient, documentRecipient } from '@sealgate/engine/documents';
import { exportPublicKey, generateKeyPair, type KeyPair } from '@sealgate/sealed/keys';
import { bodyOf, createSeededCluster } from '@sealgate/testkit/cluster';
import { beforeAll, describe, expect, it } from 'vitest';
import { findManifests, type ManifestsFound } from './find-manifests.ts';
import type { PlacedBucket } from './places.ts';
import { openWorkFile } from './work-file.ts';

// What the engine writes and the command line reads, on simulated backends: no gateway, no database, no disk.

const actor: AuditActor = { kind: 'tenant', id: 'test', requestId: 'test' };
const { signal } = new AbortController();
let owner: KeyPair;
let operator: KeyPair;
let operatorKey: DocumentRecipient;

beforeAll(async () => {
  [owner, operator] = await Promise.all([keyPair(), keyPair()]);
  operatorKey = await documentRecipient(await exportPublicKey(operator));
});
const keyPair = (): Promise<KeyPair> => generateKeyPair('P-256', { extractable: true });

interface Read extends ManifestsFound {
  /** `key content-length` of what a GET would find, by bucket. */
  readonly current: readonly string[];
  /** The same of all versions. */
  readonly all: readonly string[];
}

async function scene(
  options: {
    readonly versioning?: Versioning;
    readonly regionLock?: readonly string[];
    readonly limits?: Partial<EngineLimits>;
    readonly manifestSigner?: EngineDeps['manifestSigner'];
  } = {},
) {
  const failed: string[] = [];
  const cluster = await createSeededCluster({
    seed: 1,
    limits: { ...defaultEngineLimits, manifestRetryMs: 1000, ...options.limits },
    metadata: {},
    ...(options.manifestSigner === undefined ? {} : { manifestSigner: options.manifestSigner }),
    events: { manifestFailed: (_bucketId, fault) => void failed.push(fault.code) },
  });
  const { versioning, regionLock = [] } = options;
  const bucket = await cluster.createBucket('vault', {
    regionLock,
    ...(versioning === undefined ? {} : { versioning }),
  });
  const gateway = cluster.startGateway();
  const { metadata } = cluster;

  const put = (key: string, bytes: number, into: Bucket = bucket): Promise<unknown> => {
    const said = {
      headers: {},
      tags: null,
      attributes: PLAIN_ATTRIBUTES,
      requestedClass: undefined,
      preconditions: {},
    };
    const request = { bucket: into, key: parseObjectKey(key), ...said, actor, signal };
    return cluster.clock.run(gateway.engine.putObject({ ...request, body: bodyOf(randomBytes(bytes)) }));
  };
  const remove = (key: string) =>
    metadata.deleteObject({ bucketId: bucket.id, key: parseObjectKey(key), preconditions: {}, actor });
  const step = (holder = 'first', key: DocumentRecipient | 'none' = operatorKey) =>
    gateway.engine.manifestsDue({ holder, operatorKey: key === 'none' ? undefined : key, signal });

  /** Names of documents, by backend. */
  async function documents(of: Bucket = bucket): Promise<Map<BackendId, string[]>> {
    const found = new Map<BackendId, string[]>();
    for (const [id, name] of await metadata.physicalBuckets(of.id)) {
      const member = cluster.members.find(({ backend }) => backend.id === id)!;
      const page = await member.faulty.list(name, { prefix: 'r/', limit: 1000, signal });
      if (page.blobs.length > 0)
        found.set(
          id,
          page.blobs.map(({ key }) => key),
        );
    }
    return found;
  }

  async function read(
    keys: readonly KeyPair[] = [operator],
    of: Bucket = bucket,
    verifiers?: readonly NoteVerifier[],
  ): Promise<Read> {
    const work = openWorkFile(':memory:');
    const places: PlacedBucket[] = [];
    for (const [id, name] of await metadata.physicalBuckets(of.id)) {
      const member = cluster.members.find(({ backend }) => backend.id === id)!;
      places.push({ id, source: id, driver: member.faulty, bucket: name, timeoutMs: 1000 });
    }
    const findKey = (keyId: string) => Promise.resolve(keys.find((key) => key.keyId === keyId));
    const search = { places, findKey, verifiers, signal, work, wanted: () => true, warn: () => undefined };
    const found = await findManifests(search);
    const list = (versions: boolean): string[] => {
      const [first] = found.buckets;
      if (first === undefined) return [];
      work.select(first.id, { versions, atMs: undefined });
      return work
        .selected(first.id, 0, 10_000)
        .map(({ line }) => `${line.key} ${line.bytes}`)
        .sort();
    };
    const current = list(false);
    return { ...found, current, all: list(true) };
  }
  return { cluster, bucket, gateway, metadata, failed, put, remove, step, documents, read };
}

const generations = (documents: Map<BackendId, string[]>): string[] => [
  ...new Set([...documents.values()].flat().map((key) => key.split('/')[1] ?? '')),
];

describe('manifests', () => {
  it('have what was there before and what came since, as clients see it', async () => {
    const at = await scene();
    await at.put('a', 1);
    await at.put('b', 2);
    await at.step();
    expect((await at.read()).current).toEqual(['a 1', 'b 2']);
    await at.put('a', 11);
    await at.put('c', 3);
    await at.remove('b');
    await at.step();
    const found = await at.read();
    expect(found.current).toEqual(['a 11', 'c 3']);
    expect(found.all).toEqual(['a 11', 'c 3']);
    expect(found.buckets[0]).toMatchObject({ warnings: [], header: { kind: 'delta', number: 1, bucket: 'vault' } });
    // Nothing changed, so nothing is written.
    const before = await at.documents();
    expect(await at.step()).toBe(0);
    expect(await at.documents()).toEqual(before);
    // Every copy of the base is behind by nothing; a backend that came later has the delta alone.
    expect([...before.values()].filter((keys) => keys.length === 2).length).toBeGreaterThanOrEqual(3);
  });

  it('keep the versions of buckets that keep them', async () => {
    const at = await scene({ versioning: 'enabled' });
    await at.put('a', 1);
    await at.step();
    await at.put('a', 2);
    await at.remove('a');
    await at.put('b', 3);
    await at.step();
    const found = await at.read();
    expect(found.current).toEqual(['b 3']);
    expect(found.all).toEqual(['a 1', 'a 2', 'b 3']);
    const [first] = (
      await at.metadata.listVersions({ bucketId: at.bucket.id, prefix: '', delimiter: '', keyMarker: '', limit: 10 })
    ).versions;
    await at.metadata.deleteObject({
      bucketId: at.bucket.id,
      key: first!.key,
      versionId: first!.versionId,
      preconditions: {},
      actor,
    });
    await at.step();
    expect((await at.read()).current).toEqual(['a 2', 'b 3']);
  });

  it('of many versions come in pages and documents of bounded length', async () => {
    const at = await scene({ limits: { manifestDocumentBytes: 2000 } });
    const wanted: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      await at.put(`key-${index}`, index);
      wanted.push(`key-${index} ${index}`);
    }
    await at.step();
    const [documents] = (await at.documents()).values();
    expect(documents!.length).toBeGreaterThan(5);
    expect((await at.read()).current).toEqual(wanted.sort());
  });

  it('begin anew when deltas outgrow the base, and the old generation goes', async () => {
    const at = await scene({ limits: { manifestDeltas: 3 } });
    await at.put('a', 0);
    await at.step();
    const [first] = generations(await at.documents());
    for (let index = 1; index <= 6; index += 1) {
      await at.put('a', index);
      await at.step();
      expect((await at.read()).current).toEqual([`a ${index}`]);
      expect(generations(await at.documents())).toHaveLength(1);
    }
    expect(generations(await at.documents())).not.toEqual([first]);
  });

  it('are sealed to the keys of the owner once there are some, and no more to one that went', async () => {
    const at = await scene();
    await at.put('a', 1);
    await at.step();
    expect((await at.read([owner])).sealedToOthers).toBe(1);
    const { keyId, jwk } = await documentRecipient(await exportPublicKey(owner));
    const key = { tenantId: at.bucket.tenantId, keyId, jwk: JSON.stringify(jwk), label: null };
    await at.metadata.addRecoveryKey(key, actor);
    await at.step();
    expect((await at.read([owner])).current).toEqual(['a 1']);
    expect((await at.read([operator])).sealedToOthers).toBe(1);
    await at.metadata.deleteRecoveryKey(at.bucket.tenantId, keyId, actor);
    await at.step();
    expect((await at.read([owner])).sealedToOthers).toBe(1);
    expect((await at.read([operator])).current).toEqual(['a 1']);
  });

  it('are not written for nobody, and what was written for a key that is gone is removed', async () => {
    const at = await scene();
    await at.put('a', 1);
    await at.step('first', 'none');
    expect((await at.documents()).size).toBe(0);
    await at.step();
    expect((await at.documents()).size).toBeGreaterThan(0);
    await at.step('first', 'none');
    expect((await at.documents()).size).toBe(0);
  });

  it('go with their bucket', async () => {
    const at = await scene();
    await at.put('a', 1);
    await at.step();
    await at.remove('a');
    await at.metadata.deleteBucket(at.bucket.id, actor);
    await at.step();
    expect((await at.documents()).size).toBe(0);
  });

  it('are the work of one process, and of the next one when that dies', async () => {
    const at = await scene();
    await at.put('a', 1);
    await at.step('first');
    await at.put('b', 2);
    expect(await at.step('second')).toBe(0);
    expect((await at.read()).current).toEqual(['a 1']);
    await at.cluster.clock.advance(defaultEngineLimits.manifestLeaseMs);
    await at.step('second');
    expect((await at.read()).current).toEqual(['a 1', 'b 2']);
  });
});

describe('manifests on backends that fail', () => {
  it('wait while too few take them, and then have everything', async () => {
    const at = await scene();
    await at.put('a', 1);
    await at.step();
    await at.put('b', 2);
    for (const { faulty } of at.cluster.members) faulty.setDown(true);
    await at.step();
    expect(at.failed.length).toBeGreaterThan(0);
    for (const { faulty } of at.cluster.members) faulty.setDown(false);
    await at.gateway.pool.probe(signal);
    await at.cluster.clock.advance(60_000);
    for (let tries = 0; tries < 5; tries += 1) {
      await at.cluster.clock.run(at.gateway.pool.probe(signal));
      await at.cluster.clock.advance(5000);
      await at.step();
    }
    expect((await at.read()).current).toEqual(['a 1', 'b 2']);
  });

  it('are read from whichever backend is left', async () => {
    const at = await scene();
    await at.put('a', 1);
    await at.step();
    await at.put('b', 2);
    await at.step();
    const holding = [...(await at.documents())].filter(([, keys]) => keys.length === 2).map(([id]) => id);
    for (const { backend, faulty } of at.cluster.members) faulty.setDown(backend.id !== holding.at(-1));
    expect((await at.read()).current).toEqual(['a 1', 'b 2']);
  });

  it('lose no more than a missing delta said, and say so; without a whole base the generation is refused', async () => {
    const at = await scene();
    for (const key of ['a', 'b', 'c']) {
      await at.put(key, 1);
      await at.step();
    }
    const lose = async (number: number): Promise<void> => {
      const names = await at.metadata.physicalBuckets(at.bucket.id);
      for (const [id, keys] of await at.documents()) {
        const member = at.cluster.members.find(({ backend }) => backend.id === id)!;
        const key = keys.find((one) => one.includes(`/${String(number).padStart(8, '0')}-`));
        if (key !== undefined) await at.cluster.clock.run(member.faulty.delete(names.get(id)!, key, { signal }));
      }
    };
    await lose(1);
    const found = await at.read();
    expect(found.current).toEqual(['a 1', 'c 1']);
    expect(found.buckets[0]?.warnings).toEqual(['one document is before number 2 missing']);
    await lose(0);
    const none = await at.read();
    expect(none.buckets).toEqual([]);
    expect(none.unusable).toHaveLength(1);
  });

  it('are refused whose base lacks its first document, however few the others are', async () => {
    const at = await scene({ limits: { manifestDocumentBytes: 1000 } });
    for (const key of ['a', 'b', 'c']) await at.put(key, 1);
    await at.step();
    const names = await at.metadata.physicalBuckets(at.bucket.id);
    const documents = await at.documents();
    for (const [id, keys] of documents) {
      expect(keys).toHaveLength(2);
      const { faulty } = at.cluster.members.find(({ backend }) => backend.id === id)!;
      const [first] = keys.filter((key) => key.includes('/00000000-'));
      await at.cluster.clock.run(faulty.delete(names.get(id)!, first!, { signal }));
    }
    const found = await at.read();
    expect(found.buckets).toEqual([]);
    expect(found.unusable).toEqual([expect.stringContaining('its first document is missing')]);
  });

  it('go on from a base that was interrupted, and older ones are used until a new one is whole', async () => {
    const at = await scene({ limits: { manifestDocumentBytes: 400 } });
    for (const key of ['a', 'b', 'c', 'd']) await at.put(key, 1);
    await at.step();
    await at.metadata.requestManifests({ bucketId: at.bucket.id }, actor);
    // All but two of them go away while the second base is written.
    let puts = 0;
    for (const { faulty } of at.cluster.members) {
      const inner = faulty.put.bind(faulty);
      Object.assign(faulty, {
        put: (...args: Parameters<typeof inner>) => {
          puts += 1;
          if (puts > 4) faulty.setDown(true);
          return inner(...args);
        },
      });
    }
    await at.step();
    for (const { faulty } of at.cluster.members) faulty.setDown(false);
    expect(generations(await at.documents()).length).toBe(2);
    expect((await at.read()).current).toEqual(['a 1', 'b 1', 'c 1', 'd 1']);
  });

  it('are refused unless the gateway signed them, where its key is given', async () => {
    const [own, stranger] = [createSigner('own', newSignerSeed()), createSigner('own', newSignerSeed())];
    let signer = own;
    const at = await scene({ manifestSigner: { sign: (text) => Promise.resolve(signer.sign(text)) } });
    const pinned = (...verifiers: readonly NoteVerifier[]) => at.read([operator], at.bucket, verifiers);
    await at.put('a', 1);
    await at.step();
    expect((await pinned(own.verifier)).current).toEqual(['a 1']);
    expect(await pinned(stranger.verifier)).toMatchObject({ buckets: [], unsigned: 1 });
    // Somebody else goes on with it: what he says does not count, and that is told.
    signer = stranger;
    await at.put('b', 2);
    await at.step();
    const found = await pinned(own.verifier);
    expect(found.current).toEqual(['a 1']);
    expect(found.buckets[0]?.warnings).toEqual(["document 1: It is not signed by the gateway's key."]);
    expect((await pinned(stranger.verifier, own.verifier)).current).toEqual(['a 1', 'b 2']);
    expect((await at.read()).current).toEqual(['a 1', 'b 2']);
    const unsigned = await scene();
    await unsigned.put('a', 1);
    await unsigned.step();
    const none = await unsigned.read([operator], unsigned.bucket, [own.verifier]);
    expect(none).toMatchObject({ buckets: [], unsigned: 1 });
    expect((await unsigned.read()).current).toEqual(['a 1']);
  });

  describe('where they may not lie any more', () => {
    /** What its loops do in a while: the change is heard of, then everything is looked at. */
    const settle = async ({ cluster, gateway, step }: Awaited<ReturnType<typeof scene>>) => {
      await gateway.pool.probe(signal);
      await step();
      await cluster.clock.advance(defaultEngineLimits.reconcileSettleMs);
      for (let steps = 0; steps < 3; steps += 1) await step();
    };
    const stored = async (at: Awaited<ReturnType<typeof scene>>): Promise<BackendId> => {
      await at.put('a', 1);
      await at.step();
      const [id] = [...(await at.documents()).keys()];
      if (id === undefined) throw new Error('There is no manifest.');
      return id;
    };
    const left = ({ gateway, cluster }: Awaited<ReturnType<typeof scene>>, id: BackendId) => {
      const backend = cluster.metadata.backendRows().find((row) => row.id === id)!;
      return gateway.engine.maintenance.ofBackend(backend);
    };

    it('go away when the backend is emptied, and until then it is not empty', async () => {
      const at = await scene();
      const id = await stored(at);
      await at.metadata.setBackendState(id, { from: ['healthy'], to: 'draining', reason: '' }, actor);
      expect((await left(at, id)).drain).toMatchObject({ documents: { manifests: 1, backups: 0 }, empty: false });
      const member = at.cluster.members.find(({ backend }) => backend.id === id)!;
      member.faulty.setDown(true);
      await settle(at);
      // A new one lies elsewhere; the old one could not be removed, which is not forgotten.
      expect((await left(at, id)).drain).toMatchObject({ documents: { manifests: 1 }, empty: false });
      member.faulty.setDown(false);
      await at.cluster.clock.advance(defaultEngineLimits.manifestCheckMs);
      await settle(at);
      expect([...(await at.documents()).keys()]).not.toContain(id);
      expect((await left(at, id)).drain).toMatchObject({ documents: { manifests: 0 } });
      expect((await at.read()).current).toEqual(['a 1']);
    });

    it('go away when a fact of the backend changes, and when the policy gets narrower', async () => {
      const at = await scene({ regionLock: ['EU'] });
      const id = await stored(at);
      await at.metadata.updateBackend(id, { country: 'US', jurisdiction: 'US' }, actor);
      await settle(at);
      const [next] = [...(await at.documents()).keys()];
      expect([...(await at.documents()).keys()]).not.toContain(id);
      const { country } = at.cluster.members.find(({ backend }) => backend.id === next)!.backend;
      const countries = ['FI', 'DE', 'FR', 'NL'].filter((each) => each !== country);
      await at.metadata.updateBucket(at.bucket.id, { regionLock: countries }, actor);
      await settle(at);
      expect([...(await at.documents()).keys()]).not.toContain(next);
      expect((await at.read()).current).toEqual(['a 1']);
    });
  });
});
