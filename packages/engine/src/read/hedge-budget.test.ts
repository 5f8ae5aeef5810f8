import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHedgeBudget } from './hedge-budget.ts';

test('never more hedges than the burst and the share of the reads so far', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (wants) => {
      const budget = createHedgeBudget({ hedgeShare: 0.125, hedgeBurst: 4 });
      let hedges = 0;
      for (const [index, want] of wants.entries()) {
        budget.earn();
        if (want && budget.spend()) hedges += 1;
        expect(hedges).toBeLessThanOrEqual(4 + (index + 1) * 0.125);
      }
    }),
  );
});

test('a calm saves up no more than the burst', () => {
  const budget = createHedgeBudget({ hedgeShare: 0.5, hedgeBurst: 2 });
  for (let read = 0; read < 100; read += 1) budget.earn();
  expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
});
