import { describe, expect, it } from 'vitest';
import { parseEntryLine } from '../entry.ts';
import { canonicalJson, checkpointText, createSigner, entryLine, leafHash, newSignerSeed, rootOf } from '../index.ts';
import {
  createErasureCheck,
  ERASURE_FORMAT,
  type ErasureContent,
  type ErasureReport,
  erasureFile,
  erasureText,
  reportDigest,
  verifyErasure,
} from './erasure.ts';

const signer = createSigner('sealgate/0123456789abcdef', newSignerSeed());
const verifiers = [signer.verifier];
const tenant = { id: '11111111-1111-4111-8111-111111111111', name: 'acme' };
const at = (n: number): string => `2026-11-28T10:00:0${n}.000000Z`;

const report: ErasureReport = {
  tenant,
  state: 'settling',
  begunAt: '2026-11-28T10:00:00.000Z',
  removedAt: '2026-11-28T10:00:05.000Z',
  doneAt: null,
  found: { buckets: [{ id: 7, name: 'vault' }], versions: 1, bytes: 10 },
  backends: [
    {
      backend: 'north',
      outcome: 'confirmed',
      copies: 1,
      bytes: 10,
      attempts: 0,
      firstConfirmedAt: '2026-11-28T10:00:04.000Z',
      lastConfirmedAt: '2026-11-28T10:00:04.000Z',
      unconfirmedCopies: 0,
      unconfirmedBytes: 0,
      reason: null,
    },
  ],
  physicalBuckets: [],
  stays: [],
};

type Log = readonly Parameters<typeof entryLine>[0][];

const base = { actor: 'system:test', requestId: '' };
const blob = '019a0000-0000-7000-8000-000000000001';
const vouching = (of: ErasureReport) => ({ ...tenantDetail, sha256: reportDigest(canonicalJson(of)) });
const tenantDetail = { tenant: tenant.id, name: tenant.name };

function logOf(of: ErasureReport): Log {
  return [
    { ...base, seq: 1, at: at(1), action: 20, bucket: 7, detail: { name: 'vault', tenant: tenant.id } },
    {
      ...base,
      seq: 2,
      at: at(2),
      action: 1,
      bucket: 7,
      key: 'a',
      blob,
      replicas: [{ backend: 'north', shard: 0, state: 'stored' }],
    },
    { ...base, seq: 3, at: at(3), action: 125, detail: tenantDetail },
    { ...base, seq: 4, at: at(4), action: 11, blob, replicas: [{ backend: 'north', shard: 0 }] },
    { ...base, seq: 5, at: at(5), action: 126, detail: vouching(of) },
  ];
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Proofs of a small tree by its definition: RFC 9162, 2.1.3.1. */
function pathOf(index: number, hashes: readonly Buffer[]): string[] {
  if (hashes.length === 1) return [];
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  const [left, right] = [hashes.slice(0, split), hashes.slice(split)];
  return index < split
    ? [...pathOf(index, left), base64(rootOf(right))]
    : [...pathOf(index - split, right), base64(rootOf(left))];
}

function signed(log: Log, changes: Partial<ErasureContent> = {}, told: readonly number[] = [2, 4]): string {
  const lines = log.map(entryLine);
  const hashes = lines.map(leafHash);
  const checkpoint = signer.sign(checkpointText({ origin: signer.name, size: log.length, root: rootOf(hashes) }));
  const entries = told.map((leaf) => ({ leaf, line: lines[leaf] ?? '', proof: pathOf(leaf, hashes) }));
  const erasure: ErasureContent = { format: ERASURE_FORMAT, issuedAt: at(9), report, checkpoint, entries, ...changes };
  return erasureFile({ erasure, signature: signer.sign(erasureText(erasure)) });
}

function check(log: Log, document: string): void {
  const whole = createErasureCheck(verifyErasure(document, verifiers));
  log.forEach((entry, leaf) => whole.add(parseEntryLine(entryLine(entry)), leaf));
  whole.finish();
}

describe('a report of erasure', () => {
  const log = logOf(report);

  it('is true when the log vouches for it and no copy is left', () => {
    expect(verifyErasure(signed(log), verifiers).report).toEqual(report);
    expect(() => check(log, signed(log))).not.toThrow();
  });

  it('is refused when any part of it was changed', () => {
    const text = signed(log);
    for (let i = 0; i < text.length - 1; i += 7) {
      const changed = text.slice(0, i) + (text[i] === '1' ? '2' : '1') + text.slice(i + 1);
      expect(() => verifyErasure(changed, verifiers), `at ${i}`).toThrow();
    }
  });

  it('is refused when its signer tells another story than the log', () => {
    const other = { ...report, removedAt: '2026-11-28T09:00:00.000Z' };
    expect(() => verifyErasure(signed(log, { report: other }), verifiers)).toThrow(
      'The log vouches for another report.',
    );
    const foreign = { ...report, tenant: { ...tenant, name: 'other' } };
    expect(() => verifyErasure(signed(logOf(foreign), { report: foreign }), verifiers)).toThrow('are not those');
    expect(() => verifyErasure(signed(log, {}, [4]), verifiers)).toThrow('are not those');
    expect(() => verifyErasure(signed(log, { report: { ...report, state: 'done' } }), verifiers)).toThrow(
      'are not those',
    );
  });

  it('is refused with the whole log when a copy was never removed, but for one that it calls unconfirmed', () => {
    const kept = log.map((entry) => (entry.action === 11 ? { ...entry, action: 122, blob: undefined } : entry));
    const lines = kept.map(({ blob: one, ...entry }) => (one === undefined ? entry : { ...entry, blob: one }));
    expect(() => check(lines, signed(lines))).toThrow('The log has no removal of blob');
    const open: ErasureReport = {
      ...report,
      backends: report.backends.map((one) => ({ ...one, outcome: 'unconfirmed', unconfirmedCopies: 1 })),
    };
    const told = lines.map((entry) => (entry.action === 126 ? { ...entry, detail: vouching(open) } : entry));
    expect(() => check(told, signed(told, { report: open }))).not.toThrow();
  });
});
