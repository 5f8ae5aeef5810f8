import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkRegister, type RegisterOperation } from './register.ts';

const write = (value: string | null, began: number, ended = began + 1): RegisterOperation => ({
  kind: 'write',
  value,
  began,
  ended,
});
const read = (value: string | null, began: number, ended = began + 1): RegisterOperation => ({
  kind: 'read',
  value,
  began,
  ended,
});

test('a read after a write sees it', () => {
  expect(checkRegister([write('a', 0), read('a', 2)]).ok).toBe(true);
  expect(checkRegister([write('a', 0), read(null, 2)]).ok).toBe(false);
});

test('a stale read after a newer one is refused', () => {
  const history = [write('a', 0), write('b', 2, 20), read('b', 4), read('a', 6)];
  expect(checkRegister(history).ok).toBe(false);
});

test('concurrent writes may come in either order', () => {
  expect(checkRegister([write('a', 0, 10), write('b', 0, 10), read('a', 11)]).ok).toBe(true);
  expect(checkRegister([write('a', 0, 10), write('b', 0, 10), read('b', 11)]).ok).toBe(true);
});

test('a write of unknown outcome may have happened or not, but not be undone', () => {
  const lost = write('b', 2, Infinity);
  expect(checkRegister([write('a', 0), lost, read('a', 5)]).ok).toBe(true);
  expect(checkRegister([write('a', 0), lost, read('b', 5)]).ok).toBe(true);
  expect(checkRegister([write('a', 0), lost, read('a', 5), read('b', 7)]).ok).toBe(true);
  expect(checkRegister([write('a', 0), lost, read('b', 5), read('a', 7)]).ok).toBe(false);
});

test('a lost acknowledged write is found and named', () => {
  const verdict = checkRegister([
    { ...write('a', 0), label: 'put 1' },
    { ...read(null, 5), label: 'get 2' },
  ]);
  expect(verdict).toMatchObject({ ok: false, left: [expect.stringContaining('get 2')] });
});

test('every history of a real register passes, and one with a made-up value does not', () => {
  const step = fc.record({
    write: fc.boolean(),
    width: fc.integer({ min: 1, max: 5 }),
    gap: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
      let now = 0;
      let value: string | null = null;
      const history = steps.map((s, i): RegisterOperation => {
        // The operation takes effect at `now`, somewhere inside its interval.
        now += s.gap + 1;
        if (s.write) value = `v${i}`;
        const interval = { began: now - s.width, ended: now + s.width };
        return { kind: s.write ? 'write' : 'read', value, ...interval };
      });
      expect(checkRegister(history).ok).toBe(true);
      expect(checkRegister([...history, read('never written', now + 100)]).ok).toBe(false);
    }),
  );
});
