import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkVersions, type ModelVersion, type VersionOperation } from './versions.ts';

const at = (began: number, ended = began + 1) => ({ began, ended });
const write = (id: string, value: string | null, began: number, ended?: number): VersionOperation => ({
  kind: 'write',
  id,
  value,
  ...at(began, ended),
});
const read = (value: string | null, began: number): VersionOperation => ({ kind: 'read', value, ...at(began) });
const remove = (id: string, began: number, existed?: boolean): VersionOperation => ({
  kind: 'remove',
  id,
  ...(existed === undefined ? {} : { existed }),
  ...at(began),
});

const ok = (history: readonly VersionOperation[], versioning: 'off' | 'enabled' | 'suspended' = 'enabled'): boolean =>
  checkVersions(history, { versioning }).ok;

describe('a removed version', () => {
  test('uncovers the one below it', () => {
    const history = [write('1', 'a', 0), write('2', 'b', 2), remove('2', 4, true)];
    expect(ok([...history, read('a', 6)])).toBe(true);
    expect(ok([...history, read('b', 6)])).toBe(false);
    expect(ok([...history, read(null, 6)])).toBe(false);
  });

  test('was there if the answer says so', () => {
    expect(ok([write('1', 'a', 0), remove('1', 2, false)])).toBe(false);
    expect(ok([write('1', 'a', 0), remove('1', 2, true), remove('1', 4, true)])).toBe(false);
    expect(ok([write('1', 'a', 0), remove('1', 2, true), remove('1', 4, false)])).toBe(true);
  });

  test('may be a marker, and then what it hid comes back', () => {
    const history = [write('1', 'a', 0), write('m', null, 2), read(null, 4), remove('m', 6, true)];
    expect(ok([...history, read('a', 8)])).toBe(true);
    expect(ok([...history, read(null, 8)])).toBe(false);
  });
});

test('where versions are suspended, a write takes the place of the null version', () => {
  const kept: readonly ModelVersion[] = [{ id: '1', value: 'a' }];
  const suspended = (history: readonly VersionOperation[]): boolean =>
    checkVersions(history, { versioning: 'suspended', initial: kept }).ok;
  expect(suspended([write('x', 'b', 0), write('y', 'c', 2), remove('null', 4, true), read('a', 6)])).toBe(true);
  expect(suspended([write('x', 'b', 0), write('y', 'c', 2), remove('null', 4, true), read('b', 6)])).toBe(false);
  expect(suspended([write('x', null, 0), read(null, 2), remove('1', 4, true), remove('null', 6, true)])).toBe(true);
});

test('without versions there is one at most, and no marker', () => {
  expect(ok([write('x', 'a', 0), write('y', null, 2), remove('null', 4, false)], 'off')).toBe(true);
  expect(ok([write('x', 'a', 0), write('y', null, 2), remove('null', 4, true)], 'off')).toBe(false);
});

test('of unknown outcome, a removal may have happened or not, but is not undone', () => {
  const lost: VersionOperation = { kind: 'remove', id: '2', began: 4, ended: Infinity };
  const history = [write('1', 'a', 0), write('2', 'b', 2), lost];
  expect(ok([...history, read('a', 6)])).toBe(true);
  expect(ok([...history, read('b', 6)])).toBe(true);
  expect(ok([...history, read('b', 6), read('a', 8)])).toBe(true);
  expect(ok([...history, read('a', 6), read('b', 8)])).toBe(false);
});

test('what really happened one after the other always passes, whatever overlaps', () => {
  const act = fc.record({ kind: fc.nat(3), pick: fc.nat(5), width: fc.integer({ min: 1, max: 6 }) });
  fc.assert(
    fc.property(
      fc.constantFrom('off', 'enabled', 'suspended'),
      fc.array(act, { maxLength: 40 }),
      (versioning, acts) => {
        let versions: ModelVersion[] = [];
        const history = acts.map(({ kind, pick, width }, i): VersionOperation => {
          const interval = { began: 3 * i - width, ended: 3 * i + width };
          if (kind === 0) return { kind: 'read', value: versions.at(-1)?.value ?? null, ...interval };
          if (kind === 1) {
            const id = versions[pick]?.id ?? 'nowhere';
            const existed = versions.some((version) => version.id === id);
            versions = versions.filter((version) => version.id !== id);
            return { kind: 'remove', id, existed, ...interval };
          }
          const value = kind === 2 ? `v${i}` : null;
          const id = versioning === 'enabled' ? `w${i}` : 'null';
          if (versioning !== 'enabled') versions = versions.filter((version) => version.id !== 'null');
          if (versioning !== 'off' || value !== null) versions = [...versions, { id, value }];
          return { kind: 'write', id: `w${i}`, value, ...interval };
        });
        expect(checkVersions(history, { versioning }).ok).toBe(true);
        const end = 3 * acts.length + 10;
        const current = versions.at(-1)?.value ?? null;
        expect(checkVersions([...history, read(current, end)], { versioning }).ok).toBe(true);
        expect(checkVersions([...history, read('never written', end)], { versioning }).ok).toBe(false);
      },
    ),
  );
});
