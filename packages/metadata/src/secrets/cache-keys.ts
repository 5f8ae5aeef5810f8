import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheKeys } from '../cache/index.ts';
import type { Statement } from '../db/statements.ts';
import type { SecretBox } from './box.ts';

/** What reads the answers that are kept: when one of them changes, so may the answer. */
const KEPT = ['credential', 'bucket-by-name', 'current-version'];
/** Raise it when an answer changes its shape and no statement of it does. */
const FORM = 1;
/** Spaces come and go; one or two are in use. */
const SPACES_MAX = 16;

export function createCacheKeys(secrets: SecretBox, statements: ReadonlyMap<string, Statement>): CacheKeys {
  const texts = KEPT.map((name) => statements.get(name)?.text ?? '');
  const form = createHash('sha256')
    .update(JSON.stringify([FORM, ...texts]))
    .digest('base64url');
  const known = new LRUCache<string, Buffer>({ max: SPACES_MAX });
  const ofVersion = (version: number, keyspace: string): Buffer | undefined => {
    const id = `${version} ${keyspace}`;
    const key = known.get(id) ?? secrets.keyFor(version, `cache\0${keyspace}`);
    if (key !== undefined) known.set(id, key);
    return key;
  };
  return {
    form,
    ofVersion,
    newest(keyspace) {
      const key = ofVersion(secrets.newest, keyspace);
      if (key === undefined) throw new Error('the newest passphrase is always there');
      return { version: secrets.newest, key };
    },
  };
}
