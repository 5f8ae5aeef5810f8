import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { createCompactTree } from './compact-tree.ts';
import { entryLine } from './entry.ts';
import { AuditIntegrityError } from './integrity-error.ts';
import { checkpointText, createSigner } from './note.ts';
import {
  createSegmentsVerifier,
  peaksBefore,
  REQUESTS_RECORDED,
  REQUESTS_REMOVED,
  requestsLine,
  SEGMENT_FORMAT,
  type VerifyOptions,
} from './segment.ts';
import { createHashTree, leafHash, rootOf } from './tree.ts';

const signer = createSigner('log.example', Buffer.alloc(32, 1));
const verifiers = [signer.verifier];
const batch = (i: number): string => `{"request":${i}}\n`;

function entry(i: number): string {
  const recorded = i % 4 === 2;
  return entryLine({
    seq: i * 3 + 1,
    at: `2026-11-28T10:00:0${i % 10}.000000Z`,
    actor: 'tenant:A',
    action: recorded ? REQUESTS_RECORDED : 1,
    requestId: `R${i}`,
    ...(recorded ? { detail: { sha256: hash('sha256', batch(i), 'hex'), count: 1 } } : { key: `key ${i}` }),
  });
}

const all = Array.from({ length: 40 }, (_, i) => entry(i));
const hashes = all.map((line) => leafHash(line));
const tree = createHashTree((level, first, count) =>
  Promise.resolve(level === 0 ? hashes.slice(first, first + count) : []),
);
const checkpointOf = (size: number, by = signer): string =>
  by.sign(checkpointText({ origin: by.name, size, root: rootOf(hashes.slice(0, size)) }));

async function segment(from: number, to: number, by = signer): Promise<string[]> {
  const entries = all.slice(from, to);
  const records = entries.flatMap((_, i) => ((from + i) % 4 === 2 ? [requestsLine(batch(from + i))] : []));
  const header = canonicalJson({
    format: SEGMENT_FORMAT,
    from,
    entries: entries.length,
    before: await peaksBefore(tree, from),
    checkpoint: checkpointOf(to, by),
  });
  return [header, ...entries, ...records];
}

async function* feed(lines: readonly string[]): AsyncGenerator<string> {
  for (const line of lines) yield await Promise.resolve(line);
}

async function verify(segments: readonly (readonly string[])[], options: Partial<VerifyOptions> = {}) {
  const verifier = createSegmentsVerifier({ verifiers, ...options });
  for (const lines of segments) await verifier.segment(feed(lines));
  return verifier.finish();
}

const refused = (segments: readonly (readonly string[])[], options: Partial<VerifyOptions> = {}) =>
  expect(verify(segments, options)).rejects.toThrow(AuditIntegrityError);

describe('segments of the log', () => {
  it('verify from any entry to any other, alone and one behind another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(40), { minLength: 2, maxLength: 6 }), async (points) => {
        const cuts = points.sort((a, b) => a - b);
        const parts = await Promise.all(cuts.slice(1).map((to, i) => segment(cuts[i] ?? 0, to)));
        expect(await verify(parts)).toMatchObject({ origin: 'log.example', from: cuts[0], to: cuts.at(-1) });
      }),
    );
  });

  it('may lack records of requests exactly as far as an entry behind them says that they were removed', async () => {
    // Entries 2, 6 and 10 vouch for records, entry 12 is about their removal.
    const logOf = async (before: number | undefined, absent: readonly number[]) => {
      const lines = all.slice(0, 12);
      const removal = { seq: 100, at: '2026-11-28T11:00:00.000000Z', actor: 'system:test', requestId: '' };
      if (before !== undefined) lines.push(entryLine({ ...removal, action: REQUESTS_REMOVED, detail: { before } }));
      const own = lines.map((line) => leafHash(line));
      const checkpoint = signer.sign(checkpointText({ origin: signer.name, size: own.length, root: rootOf(own) }));
      const header = { format: SEGMENT_FORMAT, from: 0, entries: lines.length, before: [], checkpoint };
      const records = [2, 6, 10].map((i) => requestsLine(absent.includes(i) ? null : batch(i)));
      return verify([[canonicalJson(header), ...lines, ...records]]);
    };
    expect(await logOf(7, [2, 6])).toMatchObject({ requests: 1, requestsRemoved: 2 });
    expect(await logOf(7, [2])).toMatchObject({ requests: 2, requestsRemoved: 1 });
    expect(await logOf(7, [])).toMatchObject({ requests: 3, requestsRemoved: 0 });
    for (const [before, absent] of [
      [undefined, [2]],
      [6, [2, 6]],
      [7, [10]],
    ] as const) {
      await expect(logOf(before, absent)).rejects.toThrow(/no entry up to \d+ says that they were removed/);
    }
  });

  it('are refused with any byte of them changed', async () => {
    const parts = [await segment(5, 9), await segment(9, 12)];
    const texts = parts.map((lines) => lines.map((line) => `${line}\n`).join(''));
    await verify(texts.map(linesOf));
    for (const [part, text] of texts.entries()) {
      const bytes = Buffer.from(text, 'utf8');
      for (let at = 0; at < bytes.length; at += 1) {
        for (const bit of [1, 0x20]) {
          const changed = Buffer.from(bytes);
          changed[at] = (changed[at] ?? 0) ^ bit;
          const tampered = texts.map((one, i) => (i === part ? changed.toString('utf8') : one)).map(linesOf);
          await expect(verify(tampered), `byte ${at} of part ${part}`).rejects.toThrow(AuditIntegrityError);
        }
      }
    }
  });

  it('are refused with any line left out, twice, or in the place of another', async () => {
    const lines = await segment(3, 12);
    for (let at = 0; at < lines.length; at += 1) {
      await refused([lines.toSpliced(at, 1)]);
      await refused([lines.toSpliced(at, 0, lines[at] ?? '')]);
      for (let other = at + 1; other < lines.length; other += 1) {
        await refused([lines.with(at, lines[other] ?? '').with(other, lines[at] ?? '')]);
      }
    }
    for (let cut = 0; cut < lines.length; cut += 1) await refused([lines.slice(0, cut)]);
  });

  it('are refused when a whole one is missing, comes twice, or is of another log', async () => {
    const [a, b, c] = [await segment(0, 4), await segment(4, 8), await segment(8, 12)];
    await refused([]);
    await refused([a, c]);
    await refused([a, a]);
    await refused([b, a]);
    const other = createSigner('other.example', Buffer.alloc(32, 2));
    await refused([a, await segment(4, 8, other)]);
    await refused([a, await segment(4, 8, other)], { verifiers: [signer.verifier, other.verifier] });
    await refused([await segment(0, 4, createSigner('log.example', Buffer.alloc(32, 3)))]);
  });

  it('tell a fork by any checkpoint that was kept', async () => {
    const parts = [await segment(4, 9), await segment(9, 20)];
    for (const size of [4, 7, 9, 15, 20]) await verify(parts, { checkpoints: [checkpointOf(size)] });
    const forked = (size: number) => signer.sign(checkpointText({ origin: signer.name, size, root: leafHash('fork') }));
    for (const size of [4, 7, 9, 15, 20]) await refused(parts, { checkpoints: [forked(size)] });
    // Of a tree that these segments say nothing about.
    for (const size of [3, 21]) await refused(parts, { checkpoints: [checkpointOf(size)] });
  });

  it('rest on a compact tree that is the same one at every size', () => {
    const compact = createCompactTree(0, []);
    for (const [i, leaf] of hashes.entries()) {
      expect(Buffer.from(compact.root()).equals(rootOf(hashes.slice(0, i)))).toBe(true);
      compact.push(leaf);
    }
    expect(() => createCompactTree(5, [])).toThrow(RangeError);
  });
});

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  // A text whose last line has no end is cut.
  return lines.at(-1) === '' ? lines.slice(0, -1) : [...lines, ''];
}
