import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { OpeningKey } from '../keys/recipient-key.ts';
import type { SealedFixture } from '../testing/fixtures.ts';
import { codeOf, createKeyring, flipByte, names, pattern, sealBytes } from '../testing/fixtures.ts';
import type { FetchRange, RangeReader } from './range-reader.ts';
import { openRanges } from './range-reader.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();
let keys: OpeningKey[];
let known: SealedFixture;
let unknown: SealedFixture;

beforeAll(async () => {
  const recipient = await key('P-256');
  keys = [recipient];
  known = await sealBytes(pattern(400_000), { recipients: [recipient] });
  unknown = await sealBytes(pattern(400_000), { recipients: [recipient], announce: false });
});

const from =
  (body: Uint8Array): FetchRange =>
  (start, end) =>
    Promise.resolve(body.slice(start, end));

function open(
  { body, envelope }: SealedFixture,
  fetchRange = from(body),
  bodyLength = body.length,
): Promise<RangeReader> {
  return openRanges(fetchRange, { envelope, keys, names, bodyLength });
}

describe('openRanges', () => {
  it('reads any range', async () => {
    const reader = await open(known);
    expect(reader.plaintextLength).toBe(400_000);
    const range = fc.tuple(fc.nat(399_999), fc.integer({ min: 1, max: 400_000 }));
    await fc.assert(
      fc.asyncProperty(range, async ([start, length]) => {
        const end = Math.min(start + length, 400_000);
        expect(Buffer.compare(await reader.read(start, end), known.plaintext.subarray(start, end))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it.each([1, 65_504, 65_505, 131_008])('reads a whole object of %i bytes', async (size) => {
    const fixture = await sealBytes(pattern(size), { recipients: [await key('P-256')], announce: false });
    expect(await (await open(fixture)).read(0, size)).toEqual(fixture.plaintext);
  });

  it('fetches header and final segment once, then only what a range needs', async () => {
    const asked: [number, number][] = [];
    const fetchRange: FetchRange = (start, end) => {
      asked.push([start, end]);
      return Promise.resolve(known.body.slice(start, end));
    };
    const reader = await open(known, fetchRange);
    const finalAt = 128 + 65_536 * 6;
    expect(asked).toEqual([
      [0, 128],
      [finalAt, known.body.length],
    ]);
    await reader.read(65_504, 65_505);
    await reader.read(399_000, 400_000);
    expect(asked.slice(2)).toEqual([[128 + 65_536, 128 + 65_536 * 2]]);
  });

  it.each([
    [0, 0],
    [-1, 5],
    [5, 4],
    [399_999, 400_001],
    [400_000, 400_001],
  ])('refuses the range [%i, %i)', async (start, end) => {
    const reader = await open(known);
    expect(await codeOf(() => reader.read(start, end))).toBe('range-not-satisfiable');
    expect(await codeOf(() => reader.stream(start, end))).toBe('range-not-satisfiable');
  });

  it('finds a truncation outside of every range that will be read', async () => {
    const cut = (fixture: SealedFixture, length: number): Promise<string> =>
      codeOf(() => open(fixture, from(fixture.body.slice(0, length)), length));
    for (const segments of [1, 2, 6]) {
      expect(await cut(known, 128 + 65_536 * segments)).toBe('length-mismatch');
      expect(await cut(unknown, 128 + 65_536 * segments)).toBe('malformed-body');
    }
    expect(await cut(unknown, unknown.body.length - 1)).toBe('malformed-body');
    expect(await codeOf(() => open(known, from(known.body.slice(0, -1))))).toBe('truncated');
  });

  it('refuses a length that no body has, before it asks for anything', async () => {
    const fetchRange: FetchRange = () => Promise.reject(new Error('asked'));
    for (const length of [0, 128, 159, 128 + 65_536 + 32]) {
      expect(await codeOf(() => open(known, fetchRange, length))).toBe('length-mismatch');
    }
  });

  it('refuses answers of another length', async () => {
    const reader = await open(known);
    expect(await reader.read(0, 1)).toHaveLength(1);
    let extra = 0;
    const fickle = await open(known, (start, end) => Promise.resolve(known.body.slice(start, end + extra)));
    extra = 1;
    expect(await codeOf(() => fickle.read(0, 1))).toBe('trailing-bytes');
    extra = -1;
    expect(await codeOf(() => fickle.read(0, 1))).toBe('truncated');
  });

  it('refuses a damaged segment within the range and gives what came before it', async () => {
    const reader = await open(known, from(flipByte(known.body, 128 + 65_536 * 2 + 100)));
    const received: Uint8Array[] = [];
    const code = await codeOf(async () => {
      for await (const chunk of reader.stream(0, 400_000)) received.push(chunk);
    });
    expect(code).toBe('corrupt');
    expect(Buffer.concat(received).equals(known.plaintext.subarray(0, 65_504 * 2))).toBe(true);
    expect(await reader.read(65_504 * 3, 65_504 * 4)).toEqual(known.plaintext.slice(65_504 * 3, 65_504 * 4));
  });

  it('passes the failures of the fetch and the abort of the caller through', async () => {
    let fail = false;
    const reader = await open(known, (start, end, signal) => {
      signal?.throwIfAborted();
      return fail ? Promise.reject(new Error('network')) : Promise.resolve(known.body.slice(start, end));
    });
    fail = true;
    await expect(reader.read(0, 10)).rejects.toThrow('network');
    await expect(reader.read(0, 10, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });

  it('aborts the fetch when the reader cancels', async () => {
    let seen: AbortSignal | undefined;
    let opened = false;
    const reader = await open(known, (start, end, signal) => {
      if (opened) {
        seen = signal;
        return new Promise(() => undefined);
      }
      return Promise.resolve(known.body.slice(start, end));
    });
    opened = true;
    const stream = reader.stream(0, 10).getReader();
    void stream.read().catch(() => undefined);
    await Promise.resolve();
    await Promise.resolve();
    void stream.cancel('enough').catch(() => undefined);
    await Promise.resolve();
    expect(seen?.aborted).toBe(true);
  });
});
