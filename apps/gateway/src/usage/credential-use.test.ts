import { type AccessKeyId, parseAccessKeyId } from '@sealgate/core/names';
import { createVirtualClock } from '@sealgate/testkit';
import { expect, test } from 'vitest';
import { createCredentialUse } from './credential-use.ts';

const HOUR_MS = 3_600_000;

function noted(fails = 0) {
  const clock = createVirtualClock();
  const writes: (readonly AccessKeyId[])[] = [];
  let failures = fails;
  const metadata = {
    noteCredentialUse: (keys: readonly AccessKeyId[]) => {
      if (failures > 0) {
        failures -= 1;
        return Promise.reject(new Error('away'));
      }
      writes.push(keys);
      return Promise.resolve();
    },
  };
  const use = createCredentialUse({ metadata, clock, logger: { debug: () => undefined } });
  return { clock, writes, use };
}

const [a, b] = [parseAccessKeyId('AKIAONE'), parseAccessKeyId('AKIATWO')];

test('a key is written once an hour, whatever it does', async () => {
  const { clock, writes, use } = noted();
  for (let i = 0; i < 100; i += 1) use.note(a);
  use.note(b);
  await clock.advance(6000);
  for (let i = 0; i < 100; i += 1) use.note(a);
  await clock.advance(6000);
  expect(writes).toEqual([[a, b]]);
  await clock.advance(HOUR_MS);
  use.note(a);
  await use.close();
  expect(writes).toEqual([[a, b], [a]]);
});

test('what the database does not take is written with the next use', async () => {
  const { clock, writes, use } = noted(1);
  use.note(a);
  await clock.advance(6000);
  expect(writes).toEqual([]);
  use.note(a);
  await clock.advance(6000);
  expect(writes).toEqual([[a]]);
});
