import { type AuditEntry, createSigner, entryLine, leafHash, newSignerSeed } from '@sealgate/core/audit';
import type { AuditSigner, AuditStore, StoredCheckpoint } from '@sealgate/core/ports';
import { createSeededCluster } from '@sealgate/testkit/cluster';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';
import { documentRecipient } from '../documents/index.ts';
import { defaultEngineLimits } from '../limits.ts';
import { archiveDue } from './archive-due.ts';
import { ARCHIVE_CURSOR, readArchivePosition } from './archive-position.ts';
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
  const due = (changes: { readonly holder?: string; readonly copies?: number } = {}) =>
    cluster.clock.run(
      archiveDue(
        {
          metadata: cluster.metadata,
          ...{ store: log.store, checkpoints: log.checkpoints, pool: gateway.pool, policies: gateway.engine.policies },
          ...{ clock: cluster.clock, limits: defaultEngineLimits },
          onFailed: ({ code }) => failures.push(code),
        },
        {
          ...{ holder: 'here', intervalMs: DAY_MS, recipient, compress: (text: AsyncIterable<Uint8Array>) => text },
          ...{ copies: 2, policy: undefined, lockMs: 0, signal, ...changes },
        },
      ),
    );
  const position = async () => readArchivePosition(await cluster.metadata.readCursor(ARCHIVE_CURSOR));
  return { cluster, log, due, position, failures };
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
