import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRegister, type Expectation, type RegisterOperation, readsOfListing } from './register.ts';

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

const observed = (expected: Expectation, began: number, ended = began + 1): RegisterOperation => ({
  kind: 'observation',
  expected,
  began,
  ended,
});

describe('compare and set', () => {
  const set = (value: string | null, expected: Expectation, began: number, ended = began + 1): RegisterOperation => ({
    ...write(value, began, ended),
    kind: 'write',
    value,
    expected,
  });

  test('of two that expect the same value one at most can pass', () => {
    const history = [write('a', 0), set('b', { is: 'a' }, 2, 9), set('c', { is: 'a' }, 2, 9)];
    expect(checkRegister(history).ok).toBe(false);
    expect(checkRegister(history.slice(0, 2)).ok).toBe(true);
  });

  test('a creation passes on nothing only, and its refusal proves that something was there', () => {
    const create = (value: string, began: number): RegisterOperation => set(value, { is: null }, began);
    expect(checkRegister([create('a', 0), write(null, 2), create('b', 4)]).ok).toBe(true);
    expect(checkRegister([create('a', 0), create('b', 4)]).ok).toBe(false);
    expect(checkRegister([write('a', 0), observed({ isNot: [null] }, 2)]).ok).toBe(true);
    expect(checkRegister([write('a', 0), write(null, 2), observed({ isNot: [null] }, 4)]).ok).toBe(false);
  });

  test('a refusal that names the value excludes it', () => {
    expect(checkRegister([write('a', 0), observed({ isNot: [null, 'a'] }, 2)]).ok).toBe(false);
    expect(checkRegister([write('a', 0), write('b', 1, 9), observed({ isNot: [null, 'a'] }, 2)]).ok).toBe(true);
  });

  test('one of unknown outcome happened only if it could', () => {
    const lost = set('b', { is: 'x' }, 2, Infinity);
    expect(checkRegister([write('a', 0), lost, read('a', 5)]).ok).toBe(true);
    expect(checkRegister([write('a', 0), lost, read('b', 5)]).ok).toBe(false);
  });
});

test('a listing says something of each key it covers', () => {
  const shown = new Map([
    ['k1', 'a'],
    ['k2', 'old'],
  ]);
  const reads = readsOfListing(['k1', 'k2', 'k3'], shown, { began: 5, ended: 6 });
  expect(checkRegister([write('a', 0), ...listed(reads, 'k1')]).ok).toBe(true);
  expect(checkRegister([write('old', 0), write('new', 2), ...listed(reads, 'k2')]).ok).toBe(false);
  expect(checkRegister([write('a', 0), ...listed(reads, 'k3')]).ok).toBe(false);
});

function listed(reads: ReadonlyMap<string, RegisterOperation>, key: string): RegisterOperation[] {
  const found = reads.get(key);
  return found === undefined ? [] : [found];
}

/** A history as a real register with compare-and-set gives it: each operation takes effect somewhere inside its interval. */
function realHistory(steps: readonly { act: number; width: number; gap: number }[]): RegisterOperation[] {
  let now = 0;
  let value: string | null = null;
  const seen: string[] = ['never'];
  return steps.map(({ act, width, gap }, i): RegisterOperation => {
    now += gap + 1;
    const interval = { began: now - width, ended: now + width };
    const wanted = act % 2 === 0 ? (value ?? 'never') : (seen[act % seen.length] ?? 'never');
    if (act < 3) return { kind: 'read', value, ...interval };
    if (act < 5) value = `v${i}`;
    else if (act === 5) value = null;
    else if (value !== wanted) return { kind: 'observation', expected: { isNot: [wanted] }, ...interval };
    else value = `v${i}`;
    if (value !== null) seen.push(value);
    return act < 6
      ? { kind: 'write', value, ...interval }
      : { kind: 'write', value, expected: { is: wanted }, ...interval };
  });
}

test('every history of a real register passes, and one with a stale read planted in it does not', () => {
  const step = fc.record({
    act: fc.integer({ min: 0, max: 12 }),
    width: fc.integer({ min: 1, max: 6 }),
    gap: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const history = realHistory(steps);
      expect(checkRegister(history).ok).toBe(true);
      const end = Math.max(...history.map((op) => op.ended));
      const stale = [write('new', end + 1), write('newer', end + 3), read('newer', end + 5), read('new', end + 7)];
      expect(checkRegister([...history, ...stale]).ok).toBe(false);
      expect(checkRegister([...history, ...stale.slice(0, 3)]).ok).toBe(true);
    }),
  );
});

test('a long history is decided, and a stale read in the middle of it is found', () => {
  const steps = Array.from({ length: 5000 }, (_, i) => ({ act: (i * 7) % 13, width: 1 + ((i * 5) % 9), gap: i % 3 }));
  const history = realHistory(steps);
  expect(checkRegister(history).ok).toBe(true);
  const middle = Math.floor(history.length / 2);
  const old = history.slice(0, middle - 100).findLast((op) => op.kind === 'write' && op.value !== null);
  const spoiled = history.map((op, i) =>
    i === middle && old?.kind === 'write' ? read(old.value, op.began, op.ended) : op,
  );
  const verdict = checkRegister(spoiled);
  expect(verdict).toMatchObject({
    ok: false,
    left: expect.arrayContaining([expect.stringContaining('read')]) as unknown,
  });
});

/** As gateways that die leave it: of some writes nobody learnt the outcome, and further ones of which nobody did may have come to nothing. */
function withLost(history: readonly RegisterOperation[], every: number): RegisterOperation[] {
  return history.flatMap((op, i): RegisterOperation[] => {
    if (i % every !== 0) return [op];
    const { began } = op;
    return [
      op.kind === 'write' ? { ...op, ended: Infinity } : op,
      write(`never seen ${i}`, began, Infinity),
      { ...write(`refused ${i}`, began, Infinity), expected: { is: `never there ${i}` } } as RegisterOperation,
    ];
  });
}

test('every history of a real register passes when outcomes are lost, and a stale read is found among them', () => {
  const step = fc.record({
    act: fc.integer({ min: 0, max: 12 }),
    width: fc.integer({ min: 1, max: 4 }),
    gap: fc.integer({ min: 0, max: 3 }),
  });
  const steps = fc.array(step, { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 4, max: 9 }), (drawn, every) => {
      const history = withLost(realHistory(drawn), every);
      expect(checkRegister(history).ok).toBe(true);
      const end = Math.max(...history.map((op) => (op.ended === Infinity ? op.began : op.ended)));
      const stale = [write('new', end + 1), write('newer', end + 3), read('newer', end + 5), read('new', end + 7)];
      expect(checkRegister([...history, ...stale]).ok).toBe(false);
    }),
  );
});

test('a long history with hundreds of lost outcomes is decided', () => {
  const steps = Array.from({ length: 3000 }, (_, i) => ({ act: (i * 7) % 13, width: 1 + ((i * 5) % 9), gap: i % 3 }));
  expect(checkRegister(withLost(realHistory(steps), 20)).ok).toBe(true);
});

test('a lost write that somebody saw was done by then', () => {
  const lost = write('b', 2, Infinity);
  expect(checkRegister([write('a', 0), lost, read('b', 5), write('c', 7), read('b', 9)]).ok).toBe(false);
  // Somebody else wrote the same.
  expect(checkRegister([write('a', 0), lost, write('b', 3), read('b', 5), write('c', 7), read('b', 9)]).ok).toBe(true);
  expect(checkRegister([read('b', 0), write('b', 2, Infinity)]).ok).toBe(false);
});

test('a lost write that nobody read may be what refused another one', () => {
  const refused: RegisterOperation = { kind: 'observation', expected: { isNot: [null] }, began: 4, ended: 5 };
  expect(checkRegister([write('b', 2, Infinity), refused]).ok).toBe(true);
  expect(checkRegister([refused]).ok).toBe(false);
});
