import { type AuditEntry, createSigner, entryLine, leafHash, newSignerSeed } from '@sealgate/core/audit';
import { Fault } from '@sealgate/core/faults';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type {
  AuditSigner,
  AuditStore,
  BackendDriver,
  BackendPool,
  Retention,
  StoredCheckpoint,
} from '@sealgate/core/ports';
import { createSeededCluster, memberOf } from '@sealgate/testkit/cluster';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';
import { listBackups, readBackup, readBackupIndex } from '../backup/read-backup.ts';
import { documentRecipient } from '../documents/index.ts';
import { defaultEngineLimits } from '../limits.ts';
import { archiveDue } from './archive-due.ts';
import { ARCHIVE_CURSOR, archivesOn, readArchivePosition } from './archive-position.ts';
import type { ArchiveOptions } from './archive-run.ts';
import { createCheckpoints } from './checkpoints.ts';
import { segmentLines } from './segment-lines.ts';

const DAY_MS = 24 * 60 * 60_000;
const { signal } = new AbortController();

/** A log in memory: every entry has its leaf at once. */
function memoryLog() {
  const entries: AuditEntry[] = [];
  const heads: StoredCheckpoint[] = [];
  const signer = createSigner('sealgate/0123456789abcdef', newSignerSeed());
  const grow = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      const seq = entries.length + 1;
      entries.push({ seq, at: '2026-11-28T10:00:00.000000Z', actor: 'system:test', action: 122, requestId: '' });
    }
  };
  const hashes = () => entries.map((entry) => leafHash(entryLine(entry)));
  const store = {
    edge: async () => ({ size: entries.length, lastSeq: entries.length }),
    nodes: async (level: number, first: number, count: number) =>
      level === 0 ? hashes().slice(first, first + count) : [],
    entries: async (first: number, limit: number) =>
      entries
        .slice(first, first + limit)
        .map((entry, i) => ({ leaf: first + i, hash: leafHash(entryLine(entry)), entry })),
    requests: async () => new Map<string, string>(),
    checkpoints: async ({ from, to }: { from: number; to: number }) =>
      heads.filter(({ size }) => size >= from && size <= to).toReversed(),
    saveCheckpoint: async (head: Omit<StoredCheckpoint, 'createdAtMs'>) => void heads.push({ ...head, createdAtMs: 0 }),
    note: async (action: number, detail: AuditEntry['detail']) => {
      grow(1);
      const last = entries.at(-1);
      if (last !== undefined)
        entries[entries.length - 1] = { ...last, action, ...(detail === undefined ? {} : { detail }) };
    },
  } as unknown as AuditStore;
  const signing = { origin: signer.name, sign: async (text: string) => signer.sign(text) } as unknown as AuditSigner;
  return { entries, grow, store, checkpoints: createCheckpoints({ store, signer: signing, now: () => 0 }) };
}

async function setUp() {
  const cluster = await createSeededCluster({ seed: 1, limits: defaultEngineLimits, metadata: {} });
  const gateway = cluster.startGateway();
  const log = memoryLog();
  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const recipient = await documentRecipient(await exportJWK(pair.publicKey));
  const failures: string[] = [];
  const locks = lockingPool(gateway.pool, () => cluster.clock.now());
  const due = (changes: Partial<ArchiveOptions> = {}) =>
    cluster.clock.run(
      archiveDue(
        {
          metadata: cluster.metadata,
          ...{ store: log.store, checkpoints: log.checkpoints, pool: locks.pool, policies: gateway.engine.policies },
          ...{ clock: cluster.clock, limits: defaultEngineLimits },
          onFailed: ({ code }) => failures.push(code),
          onSeen: () => undefined,
        },
        {
          ...{ holder: 'here', intervalMs: DAY_MS, recipient, compress: (text: AsyncIterable<Uint8Array>) => text },
          ...{ copies: 2, lockedCopies: 0, policy: undefined, lockMs: 0, lockMode: 'GOVERNANCE', signal, ...changes },
        },
      ),
    );
  const position = async () => readArchivePosition(await cluster.metadata.readCursor(ARCHIVE_CURSOR));
  const drain = async (id: BackendId): Promise<void> => {
    await cluster.metadata.setBackendState(id, { from: ['healthy'], to: 'draining', reason: 'test' }, admin);
    await gateway.pool.probe(signal);
  };
  const on = async (id: BackendId) => {
    const backend = locks.pool.all().find((each) => each.id === id);
    if (backend === undefined) throw new Error('There is no such backend.');
    return archivesOn(await position(), backend);
  };
  /** Ids of the archives whose keys lie on a backend now. */
  const lying = async (id: BackendId, bucket: PhysicalBucketName | undefined): Promise<string[]> => {
    if (bucket === undefined) return [];
    return [...(await listBackups({ driver: memberOf(cluster, id).faulty, bucket }, plain, 'a/')).keys()];
  };
  return { cluster, gateway, log, due, position, failures, locks, drain, on, lying };
}

const admin = { kind: 'admin', id: 'test', requestId: 'test' } as const;
const plain = <T>(call: (bounded: AbortSignal) => Promise<T>): Promise<T> => call(signal);

/** The same backends, some of which lock what lies in buckets that were made for it. */
function lockingPool(inner: BackendPool, now: () => number) {
  const able = new Set<BackendId>();
  const lockingBuckets = new Map<string, boolean>();
  const held = new Map<string, Retention>();
  const drivers = new Map<BackendId, BackendDriver>();
  const refused = () => new Fault('BackendRefused', 'No.');
  const withLocks = (id: BackendId, driver: BackendDriver): BackendDriver => ({
    ...driver,
    async ensureBucket(bucket, options) {
      await driver.ensureBucket(bucket, options);
      if (!lockingBuckets.has(bucket)) lockingBuckets.set(bucket, options.objectLock === true);
    },
    retain(bucket, key, { untilMs, mode = 'GOVERNANCE' }) {
      if (lockingBuckets.get(bucket) !== true) return Promise.reject(refused());
      held.set(`${id}/${bucket}/${key}`, { mode, untilMs });
      return Promise.resolve();
    },
    retention: (bucket, key) => Promise.resolve(held.get(`${id}/${bucket}/${key}`)),
    hasObjectLock: (bucket) => Promise.resolve(lockingBuckets.get(bucket) === true),
    async delete(bucket, key, options) {
      const retained = (held.get(`${id}/${bucket}/${key}`)?.untilMs ?? 0) > now();
      if (retained && options.keepRetained === true) throw refused();
      if (retained) throw new Error('A retention was bypassed.');
      await driver.delete(bucket, key, options);
    },
  });
  const pool: BackendPool = {
    ...inner,
    all: () => inner.all().map((one) => (able.has(one.id) ? { ...one, capabilities: { objectLock: true } } : one)),
    driver(id) {
      const driver = inner.driver(id);
      if (driver === undefined) return undefined;
      const known = drivers.get(id) ?? withLocks(id, driver);
      drivers.set(id, known);
      return known;
    },
  };
  return { pool, able, held };
}

describe('archives of the log', () => {
  test('follow each other, once an interval, on two backends each, and tell of themselves', async () => {
    const { cluster, log, due, position } = await setUp();
    expect(await due()).toBe(0);
    log.grow(5);
    expect(await due()).toBe(1);
    expect(await due()).toBe(0);
    log.grow(3);
    expect(await due()).toBe(0);
    await cluster.clock.advance(DAY_MS);
    expect(await due()).toBe(1);
    const { made, through } = await position();
    expect(made.map(({ from, to, places }) => [from, to, places.length])).toEqual([
      [5, 9, 2],
      [0, 5, 2],
    ]);
    expect(through).toBe(9);
    expect(log.entries.filter(({ action }) => action === 128)).toHaveLength(2);
    // What an archive adds itself is nothing to archive.
    await cluster.clock.advance(DAY_MS);
    expect(await due()).toBe(0);
  });

  test('with too few places is none, and is tried again soon', async () => {
    const { cluster, log, due, position, failures } = await setUp();
    log.grow(5);
    for (const { faulty } of cluster.members.slice(1)) faulty.setDown(true);
    expect(await due()).toBe(1);
    expect(await position()).toMatchObject({ through: 0, made: [], trouble: { code: 'NoLegalPlacement' } });
    expect(failures).toContain('NoLegalPlacement');
    for (const { faulty } of cluster.members) faulty.setDown(false);
    await cluster.clock.advance(defaultEngineLimits.backupRetryMs);
    expect(await due()).toBe(1);
    expect((await position()).through).toBe(5);
  });

  test('one that a process died over is made again with the same range', async () => {
    const { cluster, log, due, position } = await setUp();
    log.grow(5);
    const dead = { ...(await position()), runningTo: 5, triedMs: cluster.clock.now() };
    await cluster.metadata.leaseCursor(ARCHIVE_CURSOR, 'dead', 0);
    await cluster.metadata.saveCursor(ARCHIVE_CURSOR, 'dead', { position: dead, leaseMs: 0 });
    log.grow(5);
    expect(await due()).toBe(1);
    expect((await position()).made).toMatchObject([{ from: 0, to: 5 }]);
  });

  test('another process leaves it alone while one is at it', async () => {
    const { cluster, log, due } = await setUp();
    log.grow(5);
    await cluster.metadata.leaseCursor(ARCHIVE_CURSOR, 'another', 60_000);
    expect(await due()).toBe(0);
  });

  test('are locked where that can be, and lie there before anywhere else', async () => {
    const { cluster, log, due, position, locks } = await setUp();
    for (const { backend } of cluster.members.slice(-2)) locks.able.add(backend.id);
    log.grow(5);
    expect(await due({ lockMs: DAY_MS, lockMode: 'COMPLIANCE', lockedCopies: 2 })).toBe(1);
    const [record] = (await position()).made;
    expect(new Set(record?.places)).toEqual(locks.able);
    expect(new Set(record?.locked)).toEqual(locks.able);
    const untilMs = cluster.clock.now() + DAY_MS;
    expect(record?.lockedUntilMs).toBe(untilMs);
    // A part and an index on each.
    expect([...locks.held.values()]).toEqual(Array.from({ length: 4 }, () => ({ mode: 'COMPLIANCE', untilMs })));
  });

  test('are none where too few lock them', async () => {
    const { cluster, log, due, position, locks } = await setUp();
    for (const { backend } of cluster.members.slice(-1)) locks.able.add(backend.id);
    log.grow(5);
    await due({ lockMs: DAY_MS, lockedCopies: 2 });
    expect(await position()).toMatchObject({ made: [], trouble: { code: 'NoLegalPlacement' } });
    await cluster.clock.advance(defaultEngineLimits.backupRetryMs);
    await due({ lockMs: DAY_MS, lockedCopies: 1 });
    expect((await position()).made).toHaveLength(1);
  });

  test('get another bucket on a backend that locks, when theirs was made before that was known', async () => {
    const { cluster, log, due, position, locks, drain, lying } = await setUp();
    log.grow(5);
    await due();
    const before = await position();
    const [first] = before.made;
    if (first === undefined) throw new Error('There is none.');
    for (const id of first.places) locks.able.add(id);
    log.grow(5);
    await cluster.clock.advance(DAY_MS);
    await due({ lockMs: DAY_MS });
    const after = await position();
    expect(after.made[0]).toMatchObject({ locked: after.made[0]?.places });
    expect(new Set(after.made[0]?.places)).toEqual(new Set(first.places));
    // What lies in the old one is not forgotten when the backend is emptied.
    const [id] = first.places;
    if (id === undefined) throw new Error('There is no place.');
    expect(after.buckets[id]).not.toBe(before.buckets[id]);
    await drain(id);
    await due({ lockMs: DAY_MS });
    expect(await lying(id, before.buckets[id])).toEqual([]);
    expect(await lying(id, after.buckets[id])).toEqual([after.made[0]?.id]);
  });

  test('an entry that was changed is never archived', async () => {
    const { log } = await setUp();
    log.grow(5);
    const honest = log.store.entries.bind(log.store);
    const lying = {
      ...log.store,
      entries: async (first: number, limit: number) =>
        (await honest(first, limit)).map((one) => ({ ...one, entry: { ...one.entry, actor: 'system:other' } })),
    };
    const read = async () => {
      for await (const _line of segmentLines({ store: lying, checkpoints: log.checkpoints }, { from: 0, to: 5 }));
    };
    await expect(read()).rejects.toThrow('is not what it was');
  });
});

describe('archives on a backend that is emptied', () => {
  const archived = async (options: Partial<ArchiveOptions> = {}) => {
    const at = await setUp();
    for (let made = 0; made < 3; made += 1) {
      at.log.grow(5);
      expect(await at.due(options)).toBe(1);
      await at.cluster.clock.advance(DAY_MS);
    }
    const known = await at.position();
    const [id] = known.made[0]?.places ?? [];
    if (id === undefined) throw new Error('There is no place.');
    return { ...at, id, bucket: known.buckets[id], known };
  };

  test('are on as many others before they go, also when none is made any more', async () => {
    const { cluster, log, due, position, drain, on, lying, id, bucket, known } = await archived();
    expect(await lying(id, bucket)).toHaveLength(3);
    await drain(id);
    expect(await on(id)).toMatchObject({ left: 3, locked: 0 });
    expect(await due({ intervalMs: 0, recipient: undefined })).toBe(1);
    expect(await on(id)).toMatchObject({ left: 0, locked: 0, trouble: null });
    expect(await lying(id, bucket)).toEqual([]);
    const { made, buckets } = await position();
    expect(buckets[id]).toBeUndefined();
    for (const record of made) {
      expect(record.places).not.toContain(id);
      expect(new Set(record.places).size).toBe(2);
      for (const place of record.places) {
        const stored = { driver: memberOf(cluster, place).faulty, bucket: buckets[place] as PhysicalBucketName };
        const index = (await listBackups(stored, plain, 'a/')).get(record.id) ?? '';
        const read = await readBackupIndex(stored, { id: record.id, index }, plain, 'a/');
        for await (const _part of readBackup([stored], read, plain, 'a/'));
        expect(read.sha256).toBe(record.sha256);
      }
    }
    expect(made.map(({ sha256 }) => sha256)).toEqual(known.made.map(({ sha256 }) => sha256));
    expect(log.entries.filter(({ action }) => action === 164)).toHaveLength(3);
    expect(await due({ intervalMs: 0 })).toBe(0);
  });

  test('stay while there is no other place for them, and it is told why', async () => {
    const { cluster, gateway, due, drain, on, lying, id, bucket, known } = await archived();
    const others = cluster.members.filter(({ backend }) => !known.made[0]?.places.includes(backend.id));
    for (const { faulty } of others) faulty.setDown(true);
    await drain(id);
    await due({ intervalMs: 0 });
    expect(await on(id)).toMatchObject({ left: 3, trouble: 'NoLegalPlacement' });
    expect(await lying(id, bucket)).toHaveLength(3);
    for (const { faulty } of others) faulty.setDown(false);
    // By then they are known to be well again.
    for (let asked = 0; asked < 20; asked += 1) await gateway.pool.probe(signal);
    await cluster.clock.advance(defaultEngineLimits.backupMoveMs);
    await due({ intervalMs: 0 });
    expect(await on(id)).toMatchObject({ left: 0, trouble: null });
  });

  test('that no other place has whole are not removed', async () => {
    const { cluster, due, drain, on, lying, id, bucket, known } = await archived();
    // The other place lost them and does not know it; nothing else may be written.
    const other = known.made[0]?.places.find((place) => place !== id);
    for (const { backend, faulty } of cluster.members) {
      if (backend.id === other) faulty.vanish();
      faulty.setFull(true);
    }
    await drain(id);
    await due({ intervalMs: 0, copies: 1 });
    expect(await on(id)).toMatchObject({ left: 3 });
    expect(await lying(id, bucket)).toHaveLength(3);
  });

  test('that are not there as they should be are copied from where else they are, or missed', async () => {
    const { cluster, due, position, drain, on, id, known } = await archived();
    memberOf(cluster, id).faulty.vanish();
    await drain(id);
    await due({ intervalMs: 0 });
    expect(await on(id)).toMatchObject({ left: 0, trouble: null });
    for (const { places } of (await position()).made) {
      expect(places).not.toContain(id);
      expect(places).toHaveLength(2);
    }
    // Nobody has those of the first place and of another that was emptied without a word.
    const [next, last] = (await position()).made[0]?.places ?? [];
    if (next === undefined || last === undefined) throw new Error('There are two places.');
    for (const lost of [next, last]) memberOf(cluster, lost).faulty.vanish();
    await drain(next);
    await due({ intervalMs: 0 });
    expect(await on(next)).toMatchObject({ left: known.made.length, trouble: 'BlobMissing' });
  });

  test('whose index is gone or hidden are copied from elsewhere before what is left of them goes', async () => {
    const { cluster, due, position, drain, on, lying, id, bucket, known } = await archived();
    const { faulty } = memberOf(cluster, id);
    if (bucket === undefined) throw new Error('There is no bucket.');
    const { blobs } = await faulty.list(bucket, { prefix: 'a/', limit: 100, signal });
    for (const { key } of blobs.filter((blob) => blob.key.includes('index-')))
      await faulty.delete(bucket, key, { signal });
    await drain(id);
    await due({ intervalMs: 0 });
    expect(await on(id)).toMatchObject({ left: 3, trouble: 'BlobMissing' });
    for (const { places } of (await position()).made) expect([places.includes(id), places.length]).toEqual([false, 2]);
    expect(await lying(id, bucket)).toEqual(known.made.map((record) => record.id).sort());
    await cluster.clock.advance(defaultEngineLimits.backupMoveMs);
    await due({ intervalMs: 0 });
    expect(await on(id)).toMatchObject({ left: 0, trouble: null });
    expect(await lying(id, bucket)).toEqual([]);
  });

  test('that are locked there stay until the lock ends, lie elsewhere too, and hold up nothing', async () => {
    const lock = { lockMs: 30 * DAY_MS };
    const at = await setUp();
    for (const { backend } of at.cluster.members) at.locks.able.add(backend.id);
    at.log.grow(5);
    await at.due(lock);
    const { made, buckets } = await at.position();
    const [record] = made;
    const [id] = record?.places ?? [];
    if (record === undefined || id === undefined) throw new Error('There is no place.');
    await at.drain(id);
    await at.due({ ...lock, intervalMs: 0 });
    expect(await at.on(id)).toMatchObject({ left: 0, locked: 1, lockedUntilMs: record.lockedUntilMs, trouble: null });
    expect(await at.lying(id, buckets[id])).toEqual([record.id]);
    const [moved] = (await at.position()).made;
    expect(moved?.places).not.toContain(id);
    // The new copy is kept as long as the old one.
    expect(new Set(moved?.locked)).toEqual(new Set(moved?.places));
    expect(moved?.lockedUntilMs).toBe(record.lockedUntilMs);
    expect(await at.due({ ...lock, intervalMs: 0 })).toBe(0);
    await at.cluster.clock.advance(31 * DAY_MS);
    await at.due({ ...lock, intervalMs: 0 });
    expect(await at.on(id)).toMatchObject({ left: 0, locked: 0 });
    expect(await at.lying(id, buckets[id])).toEqual([]);
  });
});
