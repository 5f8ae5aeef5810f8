import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSecretBox, type SecretPlace } from './box.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
/** Made once, kept for ever: the layout of sealed bytes is stored in databases. */
const FROZEN = '01090909090909090909090909b34546a2bc6853b511120f02e7f2ce20d4833bb473f62141b277fd930991f42b5398841c74';

const place: SecretPlace = { purpose: 'credential', id: 'AKIA1' };

describe('secret box', () => {
  it('opens what it sealed, and never seals the same twice', () => {
    const box = createSecretBox(new Map([[1, key(1)]]));
    fc.assert(
      fc.property(fc.string(), (secret) => {
        const sealed = box.seal(place, secret);
        expect(box.open(place, sealed)).toBe(Buffer.from(secret, 'utf8').toString('utf8'));
        expect(box.seal(place, secret).equals(sealed)).toBe(false);
      }),
    );
  });

  it('opens nothing that was changed in any bit, or cut', () => {
    const box = createSecretBox(new Map([[1, key(1)]]));
    const sealed = box.seal(place, 'secret');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => box.open(place, changed)).toThrow(/stored secret/);
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => box.open(place, sealed.subarray(0, length))).toThrow(/stored secret/);
    }
  });

  it('opens nothing in another place', () => {
    const box = createSecretBox(new Map([[1, key(1)]]));
    const sealed = box.seal(place, 'secret');
    expect(() => box.open({ ...place, id: 'AKIA2' }, sealed)).toThrow(/does not open/);
    expect(() => box.open({ ...place, purpose: 'backend' }, sealed)).toThrow(/does not open/);
  });

  it('seals under the newest version and still opens the older ones', () => {
    const old = createSecretBox(new Map([[1, key(1)]]));
    const both = createSecretBox(
      new Map([
        [2, key(2)],
        [1, key(1)],
      ]),
    );
    expect(both.open(place, old.seal(place, 'secret'))).toBe('secret');
    const sealed = both.seal(place, 'secret');
    expect([both.newest, both.versionOf(sealed)]).toEqual([2, 2]);
    expect(() => old.open(place, sealed)).toThrow(/version 2, which was not given/);
  });

  it('opens bytes that an earlier release sealed', () => {
    const box = createSecretBox(new Map([[1, key(1)]]));
    const frozen = Buffer.from(FROZEN, 'hex');
    expect(box.open(place, frozen)).toBe('wJalrXUtnFEMI/K7MDENG');
  });

  it('refuses keys and versions that it cannot keep', () => {
    expect(() => createSecretBox(new Map())).toThrow(/at least one/i);
    expect(() => createSecretBox(new Map([[256, key(1)]]))).toThrow(/1 to 255/);
    expect(() => createSecretBox(new Map([[1, new Uint8Array(16)]]))).toThrow(/32 bytes/);
  });
});
