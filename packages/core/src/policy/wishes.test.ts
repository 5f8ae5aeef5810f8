import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from '../faults/index.ts';
import { REPLICAS_MAX } from '../limits.ts';
import { builtinPolicy, compilePolicy, resolveWishedClass, wishesOf } from './index.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('wishes in tags', () => {
  it.each([
    ['EU', ['EU']],
    ['fi de', ['FI', 'DE']],
    ['FI+DE', ['FI', 'DE']],
    ['FI/DE:FR', ['FI', 'DE', 'FR']],
    [' FI , DE ', ['FI', 'DE']],
  ])('residency %j', (residency, regionLock) => {
    expect(wishesOf({ residency })).toEqual({ regionLock, copies: undefined });
  });

  it('are none when nothing is said', () => {
    for (const tags of [null, {}, { colour: 'blue' }])
      expect(wishesOf(tags)).toEqual({ regionLock: [], copies: undefined });
    expect(wishesOf({ 'replica-count': '4' }).copies).toBe(4);
  });

  it.each([
    { residency: '' },
    { residency: 'permanent' },
    { residency: 'FI-DE' },
    { 'replica-count': '' },
    { 'replica-count': '0' },
    { 'replica-count': '2.5' },
    { 'replica-count': '-1' },
    { 'replica-count': `${REPLICAS_MAX + 1}` },
    { 'replica-count': 'many' },
  ] as Record<string, string>[])('%j cannot be read', (tags) => {
    expect(() => wishesOf(tags)).toThrow(code('InvalidTag'));
  });

  it('fuzz: nothing but InvalidTag comes out', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (residency, count) => {
        try {
          wishesOf({ residency, 'replica-count': count });
        } catch (error) {
          expect(isFault(error, 'InvalidTag')).toBe(true);
        }
      }),
    );
  });
});

describe('the class under a wish for copies', () => {
  const asked = (copies: number | undefined, named?: string) => ({ named, fallback: undefined, copies });
  const shown = (copies: number | undefined, named?: string) => {
    const { name, width } = resolveWishedClass(builtinPolicy, asked(copies, named));
    return `${name} ${width}`;
  };

  it('keeps as many as the class does, or more', () => {
    expect(shown(undefined)).toBe('StandardClass 3');
    expect(shown(3)).toBe('StandardClass 3');
    expect(shown(5)).toBe('StandardClass 5');
    expect(shown(4, 'RegionalClass')).toBe('RegionalClass 4');
    for (const named of [undefined, '', 'STANDARD']) {
      const chosen = resolveWishedClass(builtinPolicy, { named, fallback: 'RegionalClass', copies: undefined });
      expect(chosen.name, named).toBe('RegionalClass');
    }
    expect(resolveWishedClass(builtinPolicy, { named: undefined, fallback: 'RegionalClass', copies: 2 }).name).toBe(
      'RegionalClass',
    );
  });

  it('keeps fewer through another class of the policy only', () => {
    for (const named of [undefined, '', 'STANDARD']) expect(shown(2, named)).toBe('RegionalClass 2');
    for (const [copies, named] of [
      [1, undefined],
      [2, 'StandardClass'],
      [6, 'ColdArchiveClass'],
    ] as const) {
      const refused = expect.objectContaining({ code: 'PolicyRefused', rule: 'tag.replica-count' }) as object;
      expect(() => resolveWishedClass(builtinPolicy, asked(copies, named))).toThrow(refused);
    }
  });

  it('never leaves the classes of the policy', () => {
    const strict = compilePolicy(
      'apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: strict }\nspec: { classes: [StandardClass] }\n',
      { version: 1 },
    );
    expect(() => resolveWishedClass(strict, asked(2))).toThrow(code('PolicyRefused'));
    expect(() => resolveWishedClass(strict, asked(3, 'RegionalClass'))).toThrow(code('InvalidStorageClass'));
  });
});
