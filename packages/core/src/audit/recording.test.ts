import { expect, test } from 'vitest';
import type { RequestRecording } from '../ports/index.ts';
import { recordingOf } from './recording.ts';

const [O, B, S] = ['off', 'batched', 'synchronous'] as const;

test.each([
  // The gateway, the tenant, the bucket; what holds.
  [B, null, null, B],
  [B, O, null, O],
  [O, S, null, S],
  [S, B, null, B],
  [B, null, S, S],
  [S, null, B, S],
  [S, O, B, B],
  [B, B, O, B],
  [O, O, S, S],
  [O, null, O, O],
] as const)('with %s by default, a tenant with %s and a bucket with %s it is %s', (byDefault, tenant, bucket, held) => {
  expect(recordingOf({ byDefault, bucket: { ownerRequestRecords: tenant, requestRecords: bucket } })).toBe(held);
});

test('what is about no bucket goes by its caller, and by the gateway where nobody is known', () => {
  const caller = (requestRecords: RequestRecording | null) => recordingOf({ byDefault: B, caller: { requestRecords } });
  expect([caller(S), caller(O), caller(null), recordingOf({ byDefault: B })]).toEqual([S, O, B, B]);
  // The caller has no say in another's bucket.
  expect(recordingOf({ byDefault: B, bucket: {}, caller: { requestRecords: O } })).toBe(B);
});
