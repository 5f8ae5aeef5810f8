import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createGroupCommit } from './group-commit.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000 });

describe('group commit', () => {
  it('serves every caller by a run that started after its call, one run at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 12 }), async (scheduler, callers) => {
        let changes = 0;
        let durable = 0;
        let runs = 0;
        let active = 0;
        const flush = createGroupCommit(async () => {
          active += 1;
          expect(active).toBe(1);
          runs += 1;
          const seen = changes;
          await scheduler.schedule(Promise.resolve());
          durable = Math.max(durable, seen);
          active -= 1;
        });
        const call = async (): Promise<void> => {
          await scheduler.schedule(Promise.resolve());
          changes += 1;
          const mine = changes;
          await flush();
          expect(durable).toBeGreaterThanOrEqual(mine);
        };
        const all = Promise.all(Array.from({ length: callers }, call));
        await scheduler.waitFor(all);
        expect(runs).toBeLessThanOrEqual(callers);
      }),
    );
  });

  it('fails those whose run fails, and nobody after them', async () => {
    const outcomes = [Promise.reject(new Error('Disk gone.')), Promise.resolve()];
    const flush = createGroupCommit(() => outcomes.shift() ?? Promise.resolve());
    const results = await Promise.allSettled([flush(), flush(), flush()]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    await expect(flush()).resolves.toBeUndefined();
  });
});
