import type { Fault } from '@sealgate/core/faults';
import { describe, expect, it } from 'vitest';
import type { Database, SqlValue } from '../db/database.ts';
import { databaseFault } from '../db/errors.ts';
import { COMMITS_TOGETHER_MAX } from '../limits.ts';
import { type CommittedRow, createGroupCommit } from './group-commit.ts';

const KEY = 1;
const GRACE = 29;

/** The parameters of a commit that matter here. */
const columns = (key: string): SqlValue[] =>
  Array.from({ length: 33 }, (_, column) => (column === KEY ? key : column === GRACE ? 900 : null));

interface Sent {
  readonly statement: string;
  readonly keys: readonly string[];
  readonly values: readonly SqlValue[];
}

/** A database that answers with what `outcome` says of each key, the first statement when the test says so. */
function scene(outcome: (sent: Sent, key: string) => string = () => 'ok') {
  const sent: Sent[] = [];
  const first = Promise.withResolvers<undefined>();
  const write = async (statement: string, values: readonly SqlValue[]): Promise<unknown[]> => {
    const keys = [values[KEY] as string | string[]].flat();
    sent.push({ statement, keys, values });
    const own = sent.at(-1) as Sent;
    if (sent.length === 1) await first.promise;
    return keys.map((key, seq): CommittedRow => {
      const row = { seq: BigInt(seq), is_null: true, versioned: false, modified_at: 0 };
      return { ...row, outcome: outcome(own, key) };
    });
  };
  const commit = createGroupCommit({ write } as unknown as Pick<Database, 'write'>);
  const all = (keys: readonly string[]) => {
    const outcomes = Promise.allSettled(keys.map(async (key) => (await commit.together(columns(key)))[0]?.outcome));
    first.resolve(undefined);
    return outcomes;
  };
  return { sent, all, statements: () => sent.map(({ statement, keys }) => `${statement} ${keys.join()}`) };
}

const values = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Fault).code));

describe('commits at the same time', () => {
  it('go alone when nothing is under way, and else together: one array a column that says anything', async () => {
    const { sent, all, statements } = scene();
    expect(values(await all(['a', 'b', 'c']))).toEqual(['ok', 'ok', 'ok']);
    expect(statements()).toEqual(['commit-version a', 'commit-versions b,c']);
    expect(sent[0]?.values.at(-1)).toBe(false);
    expect(sent[1]?.values).toEqual(
      columns('').map((value, column) => (column === KEY ? ['b', 'c'] : column === GRACE ? 900 : value)),
    );
  });

  it('are no more in one transaction than the limit says', async () => {
    const { sent, all } = scene();
    await all(Array.from({ length: 200 }, (_, key) => String(key)));
    expect(Math.max(...sent.map(({ keys }) => keys.length))).toBe(COMMITS_TOGETHER_MAX);
    expect(sent.flatMap(({ keys }) => keys)).toHaveLength(200);
  });

  it('have each the outcome of its own', async () => {
    const { all } = scene((_, key) => (key === 'c' ? 'PreconditionFailed' : 'ok'));
    expect(values(await all(['a', 'b', 'c', 'd']))).toEqual(['ok', 'ok', 'PreconditionFailed', 'ok']);
  });

  it('come again alone, and wait there, when another transaction has the key', async () => {
    const { sent, all, statements } = scene(({ values: [...given] }, key) =>
      key === 'c' && given.at(-1) !== true ? 'Busy' : 'ok',
    );
    expect(values(await all(['a', 'b', 'c']))).toEqual(['ok', 'ok', 'ok']);
    expect(statements()).toEqual(['commit-version a', 'commit-versions b,c', 'commit-version c']);
    expect(sent[2]?.values.at(-1)).toBe(true);
  });

  it('are tried one by one when their transaction fails, so that one alone bears its error', async () => {
    const { all, statements } = scene((_, key) => {
      if (key === 'c') throw databaseFault(Object.assign(new Error('locked'), { code: '23000' }));
      return 'ok';
    });
    expect(values(await all(['a', 'b', 'c']))).toEqual(['ok', 'ok', 'InternalError']);
    expect(statements()).toEqual(['commit-version a', 'commit-versions b,c', 'commit-version b', 'commit-version c']);
  });

  it.each([
    ['the answer is lost', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'DatabaseUnavailable'],
    ['the server goes down', Object.assign(new Error('shutdown'), { code: '57P01' }), 'DatabaseUnavailable'],
    ['the answer cannot be read', new Error('unreadable'), 'InternalError'],
  ])('are all of unknown outcome when %s, and none is sent again', async (_, error, code) => {
    const { all, statements } = scene(({ keys }) => {
      if (keys.length > 1) throw databaseFault(error);
      return 'ok';
    });
    expect(values(await all(['a', 'b', 'c']))).toEqual(['ok', code, code]);
    expect(statements()).toEqual(['commit-version a', 'commit-versions b,c']);
  });
});
