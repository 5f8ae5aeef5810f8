import { createSecretKey, type KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { DATA_KEY_BYTES, type KeyPlace, newDataKey, unwrapDataKey, wrapDataKey } from '@sealgate/core/keys';
import type { KeyWrapper, WrappedKey } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import type { Database } from '../db/database.ts';
import { DATA_KEYS_CACHED_MAX } from '../limits.ts';
import type { SecretBox, SecretPlace } from './box.ts';

interface KeyRow {
  readonly version: number;
  readonly sealed: Buffer;
}

/**
 * Opens the keys that objects' data keys are wrapped under. A key belongs to the passphrase version that was the newest when
 * it was made, so a new passphrase brings a new key for objects to come; older keys are sealed again under the new
 * passphrase, and no object is touched. Data keys that were unwrapped are kept for a while: they are no more secret than
 * the keys beside them.
 */
export async function openObjectKeys(database: Database, secrets: SecretBox): Promise<KeyWrapper> {
  let keys = await load(database, secrets);
  if (!keys.has(secrets.newest)) {
    const made = secrets.seal(placeOf(secrets.newest), newDataKey().export().toString('base64'));
    await database.write('add-object-key', [secrets.newest, made]);
    keys = await load(database, secrets);
  }
  const unwrapped = new LRUCache<string, KeyObject>({ max: DATA_KEYS_CACHED_MAX });

  const keyOf = async (version: number): Promise<KeyObject> => {
    // Another gateway may have made a newer one since.
    if (!keys.has(version)) keys = await load(database, secrets);
    const key = keys.get(version);
    if (key === undefined) {
      throw new Fault(
        'InternalError',
        `The key of version ${version} that the object's data key is wrapped under is not there.`,
      );
    }
    return key;
  };

  return {
    async wrap(place, dataKey) {
      const keyVersion = secrets.newest;
      const wrapped = { keyVersion, wrappedKey: wrapDataKey(await keyOf(keyVersion), place, dataKey) };
      unwrapped.set(cacheKey(place, wrapped), dataKey);
      return wrapped;
    },
    async unwrap(place, wrapped) {
      const known = unwrapped.get(cacheKey(place, wrapped));
      if (known !== undefined) return known;
      const dataKey = unwrapDataKey(await keyOf(wrapped.keyVersion), place, wrapped.wrappedKey);
      if (dataKey === undefined) throw new Fault('InternalError', "The object's data key does not unwrap.");
      unwrapped.set(cacheKey(place, wrapped), dataKey);
      return dataKey;
    },
  };
}

async function load(database: Database, secrets: SecretBox): Promise<Map<number, KeyObject>> {
  const rows = await database.read<KeyRow>('object-keys', []);
  const keys = new Map<number, KeyObject>();
  for (const { version, sealed } of rows) {
    const secret = secrets.open(placeOf(version), sealed);
    const bytes = Buffer.from(secret, 'base64');
    if (bytes.length !== DATA_KEY_BYTES) throw new Fault('InternalError', 'A key for objects has 32 bytes.');
    keys.set(version, createSecretKey(bytes));
    if (secrets.versionOf(sealed) !== secrets.newest) {
      await database.write('reseal-object-key', [version, secrets.seal(placeOf(version), secret), sealed]);
    }
  }
  return keys;
}

function placeOf(version: number): SecretPlace {
  return { purpose: 'object-key', id: String(version) };
}

function cacheKey(place: KeyPlace, { keyVersion, wrappedKey }: WrappedKey): string {
  return `${keyVersion} ${wrappedKey} ${place.bucketId} ${place.key}`;
}
