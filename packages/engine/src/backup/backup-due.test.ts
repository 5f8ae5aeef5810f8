import type { BackendId } from '@sealgate/core/names';
import { BACKUP_CURSOR } from '@sealgate/core/ports';
import { calmPlan } from '@sealgate/testkit';
import { createSeededCluster, memberOf } from '@sealgate/testkit/cluster';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { DOCUMENT_MAGIC, type DocumentRecipient, documentRecipient } from '../documents/index.ts';
import { defaultEngineLimits } from '../limits.ts';
import type { BackupOptions } from './backup-due.ts';
import { type BackupPosition, readBackupPosition } from './position.ts';
import { listBackups, readBackup, readBackupIndex } from './read-backup.ts';
import { BACKUP_PART_BYTES, BACKUP_PREFIX, backupIndexKey, newBackupId } from './stored-backup.ts';

const { signal } = new AbortController();
const DAY_MS = 24 * 60 * 60_000;
const MIB = 1024 * 1024;
const only = (country: string): string =>
  JSON.stringify({
    apiVersion: 'sealgate/v1',
    kind: 'Policy',
    metadata: { name: 'own' },
    spec: { residency: { countries: { allow: [country] } } },
  });
const admin = { kind: 'admin', id: 'test', requestId: 'test' } as const;
const plain = <T>(call: (bounded: AbortSignal) => Promise<T>): Promise<T> => call(signal);

async function* dump(bytes: number): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; left -= MIB) yield await Promise.resolve(Buffer.alloc(Math.min(left, MIB), 7));
}

let made: Promise<DocumentRecipient> | undefined;
function operatorKey(): Promise<DocumentRecipient> {
  made ??= (async () => {
    const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
    return documentRecipient(await exportJWK(pair.publicKey));
  })();
  return made;
}

async function setUp(told: Partial<BackupOptions> = {}) {
  const cluster = await createSeededCluster({ seed: 1, limits: defaultEngineLimits, metadata: { deletionGraceMs: 0 } });
  const gateway = cluster.startGateway();
  const options: BackupOptions = {
    holder: 'here',
    intervalMs: DAY_MS,
    operatorKey: await operatorKey(),
    content: () => dump(BACKUP_PART_BYTES),
    copies: 2,
    policy: undefined,
    retention: { daily: 2, weekly: 0 },
    signal,
    ...told,
  };
  const position = async (): Promise<BackupPosition> =>
    readBackupPosition(await cluster.metadata.readCursor(BACKUP_CURSOR));
  const due = (others: Partial<BackupOptions> = {}) => gateway.engine.backupDue({ ...options, ...others });
  const placeOf = async (id: BackendId) => {
    const bucket = (await position()).buckets[id];
    if (bucket === undefined) throw new Error(`Nothing was ever written to ${id}.`);
    return { driver: memberOf(cluster, id).faulty, bucket };
  };
  /** backend: ids of the whole backups there; half ones with a question mark. */
  const lying = async () => {
    const found: Record<string, string[]> = {};
    for (const id of Object.keys((await position()).buckets) as BackendId[]) {
      const listed = await listBackups(await placeOf(id), plain, BACKUP_PREFIX);
      found[id] = [...listed].map(([name, index]) => (index === undefined ? `${name}?` : name)).sort();
    }
    return found;
  };
  const ids = async () => (await position()).kept.map(({ id }) => id);
  /** Puts what is known back to what it was, as restoring an older database does. */
  const forget = async (older: BackupPosition) => {
    await cluster.metadata.leaseCursor(BACKUP_CURSOR, 'restored', 0);
    await cluster.metadata.saveCursor(BACKUP_CURSOR, 'restored', { position: older, leaseMs: 0 });
  };
  return { cluster, gateway, position, due, placeOf, lying, ids, forget };
}

describe('a backup of the metadata', () => {
  it('lies in parts on two backends in different regions, sealed, read back, and once an interval', async () => {
    const { cluster, position, due, placeOf, ids } = await setUp();
    expect(await due()).toBe(1);
    const { kept, trouble, running } = await position();
    expect([trouble, running]).toEqual([null, null]);
    expect(kept).toMatchObject([{ full: true, parts: 2, takenAtMs: cluster.clock.now() }]);
    const [record] = kept;
    if (record === undefined) throw new Error('There is none.');
    const places = record.places.map((id) => memberOf(cluster, id).backend);
    expect(new Set(places.map(({ region }) => region)).size).toBe(2);
    for (const { id } of places) {
      const place = await placeOf(id);
      const index = (await listBackups(place, plain, BACKUP_PREFIX)).get(record.id) ?? '';
      const pieces: Buffer[] = [];
      const read = await readBackupIndex(place, { id: record.id, index }, plain, BACKUP_PREFIX);
      for await (const piece of readBackup([place], read, plain, BACKUP_PREFIX)) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      expect([bytes.length, read.sha256]).toEqual([record.bytes, record.sha256]);
      expect(bytes.subarray(0, DOCUMENT_MAGIC.length).equals(DOCUMENT_MAGIC)).toBe(true);
      expect(bytes.includes(Buffer.alloc(64, 7))).toBe(false);
    }
    expect(await due()).toBe(0);
    await cluster.clock.advance(DAY_MS);
    expect([await due(), (await ids()).length]).toEqual([1, 2]);
  });

  it('is made when asked for, also without a schedule', async () => {
    const { cluster, due, ids } = await setUp({ intervalMs: 0 });
    expect(await due()).toBe(0);
    await cluster.clock.advance(1);
    await cluster.metadata.requestBackup(admin);
    expect(await due()).toBe(1);
    expect(await due()).toBe(0);
    expect(await ids()).toHaveLength(1);
  });

  it('is not made without a key of the operator, which is noted once', async () => {
    const { position, due, ids } = await setUp();
    expect([await due({ operatorKey: undefined }), await due({ operatorKey: undefined })]).toEqual([1, 0]);
    expect(await position()).toMatchObject({ keyless: true, kept: [], buckets: {} });
    expect(await due()).toBe(1);
    expect([(await position()).keyless, (await ids()).length]).toEqual([false, 1]);
  });

  it('leaves a backend that is emptied: behind a new one, or at once when a newer one is elsewhere', async () => {
    const { cluster, gateway, position, due, lying, ids } = await setUp();
    await due();
    const [first] = (await position()).kept;
    const [drained, stays] = first?.places ?? [];
    if (drained === undefined || stays === undefined) throw new Error('There are no two places.');
    const drain = async (id: BackendId) => {
      await cluster.metadata.setBackendState(id, { from: ['healthy'], to: 'draining', reason: '' }, admin);
      await gateway.pool.probe(signal);
      await cluster.clock.advance(defaultEngineLimits.backupMoveMs);
    };
    await drain(drained);
    // It cannot be removed now: that is tried again, and no further backup is made for it.
    memberOf(cluster, drained).faulty.setDown(true);
    expect(await due()).toBe(1);
    const [second] = (await position()).kept;
    expect(second?.places).not.toContain(drained);
    expect((await position()).leaving).toMatchObject([{ places: [drained] }]);
    expect(await due()).toBe(0);
    memberOf(cluster, drained).faulty.setDown(false);
    await cluster.clock.advance(defaultEngineLimits.backupMoveMs);
    expect(await due()).toBe(1);
    expect([(await lying())[drained], (await position()).leaving]).toEqual([[], []]);
    expect((await ids())[0]).toBe(second?.id);
    await cluster.clock.advance(defaultEngineLimits.backupMoveMs);
    expect(await due()).toBe(0);
    // The older one lies there alone; the newest does not.
    if (second?.places.includes(stays) === false) {
      await drain(stays);
      expect(await due()).toBe(1);
      expect((await ids())[0]).toBe(second.id);
      expect((await lying())[stays]).toEqual([]);
    }
  });

  it('goes where the policy that is named allows it, or nowhere', async () => {
    const { cluster, position, due, lying } = await setUp({ policy: 'own', copies: 1 });
    expect(await due()).toBe(1);
    expect((await position()).trouble?.code).toBe('PolicyRefused');
    await cluster.metadata.putPolicy('own', only('US'), admin);
    await cluster.clock.advance(defaultEngineLimits.backupRetryMs);
    await due();
    expect((await position()).kept.map(({ places }) => places)).toEqual([['iad-1']]);
    // Where they may not lie any more they go, once there is one where it may, however new they are.
    await cluster.metadata.putPolicy('own', only('FR'), admin);
    await cluster.clock.advance(DAY_MS);
    await due();
    expect((await position()).kept.map(({ places }) => places)).toEqual([['par-1']]);
    expect((await lying())['iad-1']).toEqual([]);
  });

  it('is one process’s work at a time, and what a process leaves that dies over it is removed', async () => {
    const { cluster, gateway, position, due, lying, ids } = await setUp();
    let stopped: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => (stopped = resolve));
    async function* dies(): AsyncGenerator<Buffer> {
      yield* dump(2 * BACKUP_PART_BYTES);
      gateway.life.end();
      stopped?.();
      yield* dump(2 * BACKUP_PART_BYTES);
    }
    void due({ content: dies });
    await reached;
    const half = Object.values(await lying()).flat();
    expect([half.length, half.every((id) => id.endsWith('?'))]).toEqual([2, true]);
    const other = cluster.startGateway();
    const again = { holder: 'there', operatorKey: await operatorKey(), content: () => dump(MIB) };
    const shared = { intervalMs: DAY_MS, copies: 2, policy: undefined, retention: { daily: 2, weekly: 0 }, signal };
    expect(await other.engine.backupDue({ ...shared, ...again })).toBe(0);
    await cluster.clock.advance(defaultEngineLimits.backupLeaseMs);
    expect(await other.engine.backupDue({ ...shared, ...again })).toBe(1);
    const [id] = await ids();
    expect(await lying()).toEqual(
      Object.fromEntries((await position()).kept[0]?.places.map((place) => [place, [id]]) ?? []),
    );
  });

  it('that is called off leaves the work to the next process at once', async () => {
    const { cluster, position, due, ids, lying } = await setUp();
    const stop = new AbortController();
    async function* calledOff(): AsyncGenerator<Buffer> {
      yield* dump(2 * BACKUP_PART_BYTES);
      stop.abort(new Error('The gateway stops.'));
      yield* dump(2 * BACKUP_PART_BYTES);
    }
    await expect(due({ content: calledOff, signal: stop.signal })).rejects.toThrow();
    expect([(await position()).running === null, await ids()]).toEqual([false, []]);
    await cluster.clock.advance(1);
    expect(await due({ holder: 'there' })).toBe(1);
    const kept = await ids();
    expect(kept).toHaveLength(1);
    expect(new Set(Object.values(await lying()).flat())).toEqual(new Set(kept));
  });

  it('with fewer copies than wanted is kept as such, takes the place of no full one, and is made again', async () => {
    const { cluster, position, due, ids } = await setUp();
    await due();
    const [full] = await ids();
    for (const { backend, faulty } of cluster.members) if (backend.id !== 'par-1') faulty.setDown(true);
    await cluster.clock.advance(DAY_MS);
    await due();
    const short = await position();
    expect(short.trouble?.code).toBe('NoLegalPlacement');
    expect(short.kept.map(({ id, full: isFull }) => [id === full, isFull])).toEqual([
      [false, false],
      [true, true],
    ]);
    for (const { faulty } of cluster.members) faulty.setDown(false);
    await cluster.clock.advance(defaultEngineLimits.backupRetryMs);
    await due();
    expect((await position()).kept.map(({ id, full: isFull }) => [id === full, isFull])).toEqual([
      [false, true],
      [true, true],
    ]);
  });

  it('that reads back different is none', async () => {
    const { cluster, position, due } = await setUp({ copies: 7 });
    const liar = memberOf(cluster, 'fra-1').faulty;
    liar.usePlan({ ...calmPlan, rates: { 'corrupt-read': 0.99 } });
    await due();
    const { kept } = await position();
    expect([kept[0]?.full, kept[0]?.places.includes('fra-1' as BackendId)]).toEqual([false, false]);
  });
});

describe('backups that were kept long enough', () => {
  it('are looked for only once the new one is written down', async () => {
    const { gateway, due, ids } = await setUp();
    vi.spyOn(gateway.metadata, 'sweepHold').mockRejectedValueOnce(new Error('The process ends here.'));
    await expect(due()).rejects.toThrow();
    expect(await ids()).toHaveLength(1);
  });

  it('go from all places, also from one that was away, and never before a newer one is there', async () => {
    const { cluster, position, due, lying, ids } = await setUp({ copies: 3 });
    await due();
    const [first] = await ids();
    const [away] = (await position()).kept[0]?.places ?? [];
    if (away === undefined || first === undefined) throw new Error('There is no place.');
    memberOf(cluster, away).faulty.setDown(true);
    for (let day = 0; day < 3; day += 1) {
      await cluster.clock.advance(DAY_MS);
      await due();
    }
    expect(await ids()).toHaveLength(2);
    expect((await position()).leaving).toContainEqual({ id: first, places: [away] });
    memberOf(cluster, away).faulty.setDown(false);
    await cluster.clock.advance(DAY_MS);
    await due();
    const kept = await ids();
    expect((await position()).leaving).toEqual([]);
    expect(
      Object.values(await lying())
        .flat()
        .filter((id) => !kept.includes(id)),
    ).toEqual([]);
  });
});

describe('a database that was restored', () => {
  it('takes in the backups that it does not know, and removes nothing while its sweep is held', async () => {
    const { cluster, position, due, lying, ids, forget, placeOf } = await setUp({ retention: { daily: 1, weekly: 0 } });
    await due();
    const [place] = (await position()).kept[0]?.places ?? [];
    if (place === undefined) throw new Error('There is no place.');
    const older = { ...(await position()), kept: [] };
    const [known] = await ids();
    await forget(older);
    cluster.metadata.holdSweep('restored');
    const { driver, bucket } = await placeOf(place);
    const half = newBackupId(cluster.clock.now() + 1, () => Buffer.alloc(4, 1));
    const lay = (key: string) => driver.put(bucket, key, { body: Buffer.from('half'), bytes: 4, signal });
    await lay(`m/${half}/00000000-${'0'.repeat(32)}`);
    const bad = newBackupId(cluster.clock.now() + 2, () => Buffer.alloc(4, 2));
    await lay(backupIndexKey(BACKUP_PREFIX, bad, 'f'.repeat(64)));
    await cluster.clock.advance(DAY_MS);
    await due();
    expect(await ids()).toEqual([expect.any(String), known]);
    expect((await position()).kept[1]).toMatchObject({
      full: true,
      places: expect.arrayContaining([place]) as unknown,
    });
    expect((await lying())[place]).toEqual(expect.arrayContaining([`${half}?`, bad, known]));
    await cluster.metadata.releaseSweepHold(admin);
    await cluster.clock.advance(DAY_MS);
    await due();
    const kept = await ids();
    expect(kept).toHaveLength(1);
    expect((await lying())[place]?.filter((id) => !kept.includes(id))).toEqual([]);
  });
});
