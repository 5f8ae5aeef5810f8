import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attempt, createAttempts } from './attempts.ts';

const limits = { addressFailuresMax: 3, subjectFailuresMax: 5, windowMs: 1000, rememberedMax: 100 };

function newAttempts() {
  let nowMs = 0;
  const attempts = createAttempts({ clock: { monotonic: () => nowMs }, limits });
  const locked = (attempt: Attempt): boolean => {
    try {
      attempts.admit(attempt);
      return false;
    } catch (error) {
      expect(isFault(error, 'TooManyRequests')).toBe(true);
      return true;
    }
  };
  const fail = (attempt: Attempt, times: number): void => {
    for (let i = 0; i < times; i += 1) attempts.failed(attempt);
  };
  return { attempts, locked, fail, pass: (ms: number) => (nowMs += ms) };
}

describe('failed proofs', () => {
  it('lock an address out until the end of the window', () => {
    const { locked, fail, pass } = newAttempts();
    fail({ address: '192.0.2.1' }, 2);
    expect(locked({ address: '192.0.2.1' })).toBe(false);
    fail({ address: '192.0.2.1' }, 1);
    expect([locked({ address: '192.0.2.1' }), locked({ address: '192.0.2.2' })]).toEqual([true, false]);
    pass(1000);
    expect(locked({ address: '192.0.2.1' })).toBe(false);
  });

  it('lock a subject out that many addresses guess at, but not where it proved itself', () => {
    const { attempts, locked, fail } = newAttempts();
    attempts.held({ address: '192.0.2.9', subject: 'KEY' });
    for (let i = 0; i < 5; i += 1) fail({ address: `198.51.100.${i}`, subject: 'KEY' }, 1);
    expect(locked({ address: '203.0.113.1', subject: 'KEY' })).toBe(true);
    expect(locked({ address: '203.0.113.1', subject: 'OTHER' })).toBe(false);
    expect(locked({ address: '192.0.2.9', subject: 'KEY' })).toBe(false);
  });

  it('of a bad neighbour do not lock out who proved itself behind the same address', () => {
    const { attempts, locked, fail } = newAttempts();
    const good = { address: '192.0.2.9', subject: 'KEY' };
    attempts.held(good);
    fail({ address: '192.0.2.9', subject: 'GUESSED' }, 3);
    expect([locked(good), locked({ address: '192.0.2.9', subject: 'NEW' })]).toEqual([false, true]);
    // What proved itself once proves nothing about later guesses.
    fail(good, 1);
    expect(locked(good)).toBe(true);
  });

  it('count a customer of an IPv6 network as one, and an IPv4 address in IPv6 as itself', () => {
    const { locked, fail } = newAttempts();
    for (const address of ['2001:db8:1:1::1', '2001:db8:1:1:ffff::2', '2001:db8:1:1::3']) fail({ address }, 1);
    expect([locked({ address: '2001:db8:1:1::4' }), locked({ address: '2001:db8:1:2::1' })]).toEqual([true, false]);
    fail({ address: '::ffff:192.0.2.1' }, 3);
    expect(locked({ address: '192.0.2.1' })).toBe(true);
  });

  it('never let more guesses pass in a window than the bounds, in whatever order they come', () => {
    const attempt = fc.record({ address: fc.constantFrom('a', 'b'), subject: fc.constantFrom('k', 'l') });
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 60 }), (guesses) => {
        const { attempts, locked } = newAttempts();
        const passed = guesses.filter((guess) => {
          if (locked(guess)) return false;
          attempts.failed(guess);
          return true;
        });
        for (const name of ['a', 'b'])
          expect(passed.filter(({ address }) => address === name).length).toBeLessThanOrEqual(3);
        for (const name of ['k', 'l'])
          expect(passed.filter(({ subject }) => subject === name).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
