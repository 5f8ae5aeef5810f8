import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatcherOptions, createBatcher } from './batcher.ts';

const refused = new Error('refused');
const lost = new Error('the answer was lost');

/** A batcher whose batches are answered one by one, when the test says so. */
function scene(options: Partial<BatcherOptions<string, string>> = {}) {
  const batches: string[][] = [];
  const open: PromiseWithResolvers<readonly string[]>[] = [];
  const submit = createBatcher<string, string>({
    itemsMax: 100,
    hadNoEffect: (error) => error === refused,
    send(items) {
      batches.push([...items]);
      const answer = Promise.withResolvers<readonly string[]>();
      open.push(answer);
      return answer.promise;
    },
    ...options,
  });
  const done = (items: readonly string[] | undefined) => (items ?? []).map((item) => `${item}!`);
  return {
    batches,
    submitAll: (...items: string[]) => Promise.allSettled(items.map((item) => submit(item))),
    answer: (at: number) => open[at]?.resolve(done(batches[at])),
    fail: (at: number, error: Error) => open[at]?.reject(error),
    /** Until nothing happens any more but for the answers. */
    calm: () => new Promise((resolve) => void setImmediate(resolve)),
  };
}

const fulfilled = (...values: string[]) => values.map((value) => ({ status: 'fulfilled', value }));
const rejected = (reason: Error) => ({ status: 'rejected', reason });

describe('a batcher', () => {
  it('sends the first at once, and together what came while it was under way, in order', async () => {
    const { batches, submitAll, answer, calm } = scene();
    const all = submitAll('a', 'b', 'c');
    expect(batches).toEqual([['a']]);
    answer(0);
    await calm();
    expect(batches).toEqual([['a'], ['b', 'c']]);
    answer(1);
    expect(await all).toEqual(fulfilled('a!', 'b!', 'c!'));
  });

  it('waits for nothing when nothing is under way', async () => {
    const { batches, submitAll, answer } = scene();
    for (const [at, item] of ['a', 'b'].entries()) {
      const one = submitAll(item);
      answer(at);
      expect(await one).toEqual(fulfilled(`${item}!`));
    }
    expect(batches).toEqual([['a'], ['b']]);
  });

  it('puts no more into a batch than it may hold, and only what fits', async () => {
    const { batches, submitAll, answer, calm } = scene({ itemsMax: 2, fits: (first, item) => first[0] === item[0] });
    const all = submitAll('a', 'b1', 'b2', 'b3', 'c1', 'b4');
    for (let at = 0; at < 5; at += 1) {
      answer(at);
      await calm();
    }
    expect(batches).toEqual([['a'], ['b1', 'b2'], ['b3'], ['c1'], ['b4']]);
    expect(await all).toEqual(fulfilled('a!', 'b1!', 'b2!', 'b3!', 'c1!', 'b4!'));
  });

  it('takes a further lane when enough are waiting, and never more than it has', async () => {
    const { batches, submitAll, answer, calm } = scene({ lanes: 2, furtherLaneFrom: 3 });
    void submitAll('a', 'b', 'c');
    expect(batches).toEqual([['a']]);
    void submitAll('d');
    expect(batches).toEqual([['a'], ['b', 'c', 'd']]);
    void submitAll('e', 'f', 'g', 'h');
    expect(batches).toHaveLength(2);
    answer(1);
    await calm();
    expect(batches).toEqual([['a'], ['b', 'c', 'd'], ['e', 'f', 'g', 'h']]);
    void submitAll('i');
    answer(2);
    await calm();
    expect(batches).toHaveLength(3);
    answer(0);
    await calm();
    expect(batches[3]).toEqual(['i']);
  });

  it('sends each by itself when a batch had no effect, and holds up nobody meanwhile', async () => {
    const { batches, submitAll, answer, fail, calm } = scene();
    const all = submitAll('a', 'b', 'c');
    answer(0);
    await calm();
    fail(1, refused);
    await calm();
    expect(batches).toEqual([['a'], ['b', 'c'], ['b'], ['c']]);
    const later = submitAll('d');
    answer(4);
    expect(await later).toEqual(fulfilled('d!'));
    fail(2, refused);
    answer(3);
    expect(await all).toEqual([...fulfilled('a!'), rejected(refused), ...fulfilled('c!')]);
  });

  it('never sends again what may have had an effect', async () => {
    const { batches, submitAll, answer, fail, calm } = scene();
    const all = submitAll('a', 'b', 'c');
    answer(0);
    await calm();
    fail(1, lost);
    expect(await all).toEqual([...fulfilled('a!'), rejected(lost), rejected(lost)]);
    expect(batches).toHaveLength(2);
  });

  it('does not guess an outcome that it did not get', async () => {
    const { batches, submitAll, calm } = scene({ send: (items) => Promise.resolve(items.length > 1 ? ['x'] : items) });
    const all = submitAll('a', 'b', 'c');
    await calm();
    expect(await all).toMatchObject([...fulfilled('a', 'x'), { status: 'rejected' }]);
    expect(batches).toEqual([]);
  });

  it('gives each the outcome that it would have by itself, whatever the answers take and whoever is refused', async () => {
    const step = fc.constantFrom('submit', 'answer');
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.nat(5),
        fc.integer({ min: 1, max: 3 }),
        async (steps, bad, lanes) => {
          const open: (() => void)[] = [];
          let most = 0;
          let underWay = 0;
          const submit = createBatcher<number, string>({
            itemsMax: 4,
            lanes,
            furtherLaneFrom: 2,
            hadNoEffect: () => true,
            async send(items) {
              const alone = items.length === 1;
              if (!alone) underWay += 1;
              most = Math.max(most, underWay);
              expect(items.length).toBeLessThanOrEqual(4);
              await new Promise<void>((resolve) => open.push(resolve));
              if (!alone) underWay -= 1;
              if (items.some((item) => item % 6 === bad)) throw refused;
              return items.map(String);
            },
          });
          const sent: Promise<string>[] = [];
          for (const one of steps) {
            if (one === 'submit') sent.push(submit(sent.length));
            else open.shift()?.();
            await Promise.resolve();
          }
          const all = Promise.allSettled(sent);
          const over = all.then(() => true);
          while (!(await Promise.race([over, new Promise<false>((resolve) => void setImmediate(resolve, false))]))) {
            open.shift()?.();
          }
          expect(await all).toEqual(
            sent.map((_, item) => (item % 6 === bad ? rejected(refused) : fulfilled(String(item))[0])),
          );
          expect(most).toBeLessThanOrEqual(lanes);
        },
      ),
    );
  });
});
