import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createUsedGrants } from './used-grants.ts';

let dir: string;
let nowMs: number;
const clock = { now: () => nowMs };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sealgate-grants-'));
  nowMs = 1_790_000_000_000;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const inAMinute = () => nowMs / 1000 + 60;

test('a grant is used once, also by the next process', async () => {
  const used = createUsedGrants(join(dir, 'state'), clock);
  expect(await used.use('a', inAMinute())).toBe(true);
  expect(await used.use('a', inAMinute())).toBe(false);
  expect(await createUsedGrants(join(dir, 'state'), clock).use('a', inAMinute())).toBe(false);
});

test('of many who use one at once, one does', async () => {
  const used = createUsedGrants(dir, clock);
  const all = await Promise.all(Array.from({ length: 20 }, () => used.use('a', inAMinute())));
  expect(all.filter(Boolean)).toHaveLength(1);
});

test('what has ended is forgotten, and a name that objects have is a name', async () => {
  const used = createUsedGrants(dir, clock);
  await used.use('a', inAMinute());
  nowMs += 61_000;
  expect(await used.use('constructor', inAMinute())).toBe(true);
  expect(await used.use('__proto__', inAMinute())).toBe(true);
  expect(await used.use('__proto__', inAMinute())).toBe(false);
  expect(readFileSync(join(dir, 'used-grants.json'), 'utf8')).not.toContain('"a"');
});

test('with a damaged list nothing is used', async () => {
  writeFileSync(join(dir, 'used-grants.json'), '{"a":');
  await expect(createUsedGrants(dir, clock).use('b', inAMinute())).rejects.toMatchObject({ code: 'StartFailed' });
});
