import { createVirtualClock } from '@sealgate/testkit';
import { describe, expect, it } from 'vitest';
import { createKept } from './kept.ts';

function setUp() {
  const clock = createVirtualClock();
  const questions: { readonly key: string; readonly before: unknown; answer(value: object): void; fail(): void }[] = [];
  const kept = createKept<string, object>({
    max: 10,
    freshMs: 500,
    clock,
    ask: (key, before) =>
      new Promise((resolve, reject) => {
        questions.push({ key, before, answer: resolve, fail: () => reject(new Error('down')) });
      }),
  });
  return { clock, questions, kept };
}

describe('kept answers', () => {
  it('are asked for once, however many want them at one moment', async () => {
    const { kept, questions } = setUp();
    const wanted = ['a', 'a', 'b'].map(async (key) => await kept.get(key));
    expect(questions.map(({ key }) => key)).toEqual(['a', 'b']);
    const [a, b] = [{}, {}];
    questions[0]?.answer(a);
    questions[1]?.answer(b);
    expect(await Promise.all(wanted)).toEqual([a, a, b]);
    expect(kept.get('a')).toBe(a);
  });

  it('are asked for anew when they are old, counted from the question', async () => {
    const { kept, questions, clock } = setUp();
    const first = kept.get('a');
    await clock.advance(499);
    const old = {};
    questions[0]?.answer(old);
    await first;
    expect(kept.get('a')).toBe(old);
    await clock.advance(1);
    const second = kept.get('a');
    expect(questions[1]?.before).toBe(old);
    const fresh = {};
    questions[1]?.answer(fresh);
    expect(await second).toBe(fresh);
  });

  it('are not kept when the question failed', async () => {
    const { kept, questions } = setUp();
    const first = kept.get('a');
    questions[0]?.fail();
    await expect(first).rejects.toThrow('down');
    const second = kept.get('a');
    questions[1]?.answer({ ok: true });
    expect(await second).toEqual({ ok: true });
  });

  it('that are forgotten are not what a question from before was answered', async () => {
    const { kept, questions } = setUp();
    const early = kept.get('a');
    kept.forget('a');
    const late = kept.get('a');
    expect(questions).toHaveLength(2);
    const [old, fresh] = [{}, {}];
    questions[1]?.answer(fresh);
    expect(await late).toBe(fresh);
    questions[0]?.answer(old);
    expect(await early).toBe(old);
    expect(kept.get('a')).toBe(fresh);
  });
});
