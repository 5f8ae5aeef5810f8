import { expect, test } from 'vitest';
import type { CommandContext } from '../context.ts';
import { rewrap } from './rewrap.ts';

test('without a key here nothing is asked, made or registered', async () => {
  const touched: PropertyKey[] = [];
  const context = new Proxy({} as CommandContext, {
    get(_, name) {
      touched.push(name);
      return name === 'keyStore' ? { list: () => Promise.resolve([]) } : undefined;
    },
  });
  await expect(rewrap(context, ['s3://vault'], { dryRun: true })).rejects.toMatchObject({ exitCode: 2 });
  expect(touched).toEqual(['terminal', 'signal', 'keyStore']);
});
