import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { type AuditEntry, entryLine, parseEntryLine } from './entry.ts';
import { leafHash } from './tree.ts';

const vectors = readFileSync(new URL('vectors/leaves.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

describe('the line of an entry', () => {
  it('and the hash of its leaf stay as frozen', () => {
    expect(vectors.length).toBeGreaterThan(4);
    for (const vector of vectors) {
      const [hash, line] = [vector.slice(0, 64), vector.slice(65)];
      expect(entryLine(parseEntryLine(line))).toBe(line);
      expect(leafHash(line).toString('hex')).toBe(hash);
    }
  });

  it('has one form only', () => {
    const line = vectors[0]?.slice(65) ?? '';
    for (const other of [` ${line}`, line.replace(':', ': '), line.replace('{', '{"z":1,'), '{}', '[]', 'null', '']) {
      expect(() => parseEntryLine(other)).toThrow(SyntaxError);
    }
  });

  it('comes back as it was, whatever is in it', () => {
    const entry = fc.record<AuditEntry>(
      {
        seq: fc.maxSafeNat(),
        at: fc.constant('2026-11-28T10:00:00.000001Z'),
        actor: fc.string({ unit: 'grapheme' }),
        action: fc.nat(200),
        requestId: fc.string(),
        key: fc.string({ unit: 'binary' }),
        detail: fc.dictionary(fc.string(), fc.jsonValue()),
        bytesDelta: fc.maxSafeInteger(),
      },
      { requiredKeys: ['seq', 'at', 'actor', 'action', 'requestId'] },
    );
    fc.assert(
      fc.property(entry, (given) => {
        const line = entryLine(given);
        expect(entryLine(parseEntryLine(line))).toBe(line);
        expect(line).not.toContain('\n');
        expect(canonicalJson(Object.fromEntries(Object.entries(given).reverse()))).toBe(line);
      }),
    );
  });
});

describe('canonical JSON', () => {
  it('is that of RFC 8785', () => {
    const given = {
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(given)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('has no form for what JSON has none for', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1n, Symbol('s'), () => 1]) {
      expect(() => canonicalJson({ bad })).toThrow(TypeError);
    }
  });
});
