import { createHash } from 'node:crypto';
import type { CacheKeys } from '../codec.ts';

/** Keys that are no secret. */
export const testCacheKeys: CacheKeys = {
  form: 'test',
  newest: (keyspace) => ({ version: 1, key: keyOf(keyspace) }),
  ofVersion: (version, keyspace) => (version === 1 ? keyOf(keyspace) : undefined),
};

const keyOf = (keyspace: string): Buffer => createHash('sha256').update(keyspace).digest();
