import { expect, test } from 'vitest';
import { createByteBudget } from './byte-budget.ts';

test('gives no more than there is, and takes back once', () => {
  const budget = createByteBudget(10);
  const first = budget.take(6);
  expect(budget.take(5)).toBeUndefined();
  const second = budget.take(4);
  expect(second).toBeDefined();
  first?.();
  first?.();
  expect(budget.take(7)).toBeUndefined();
  expect(budget.take(6)).toBeDefined();
});
