import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('so many run at once, in the order they came, and one that fails gives its turn on', async () => {
  const turns = createTurns(2);
  const begun: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<undefined>());
  const runs = gates.map((gate, index) =>
    turns(() => {
      begun.push(index);
      return gate.promise;
    }).catch(() => 'failed'),
  );
  expect(begun).toEqual([0, 1]);
  gates[1]?.reject(new Error('No.'));
  expect(await runs[1]).toBe('failed');
  await runs[1];
  expect(begun).toEqual([0, 1, 2]);
  for (const gate of gates) gate.resolve(undefined);
  await Promise.all(runs);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});
