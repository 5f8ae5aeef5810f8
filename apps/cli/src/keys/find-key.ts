import { usageError } from '../cli-error.ts';
import type { KeyStore, StoredKey } from './key-store.ts';

/** A key by its name, its id or the beginning of its thumbprint; the first recipient when none is named. */
export async function findKey(store: KeyStore, named: string | undefined): Promise<StoredKey> {
  const keys = await store.list();
  if (named === undefined) {
    const [primary] = await store.recipients();
    const key = keys.find(({ keyId }) => keyId === primary);
    if (key === undefined) throw usageError('There is no key yet.', 'Make one: sealgate keys create');
    return key;
  }
  const matches = keys.filter(
    ({ keyId, name }) => name === named || keyId === named || thumbprint(keyId).startsWith(named),
  );
  const [match, ...others] = matches;
  if (match === undefined)
    throw usageError(`There is no key "${named}".`, '"sealgate keys list" shows those you have.');
  if (others.length > 0) throw usageError(`"${named}" names several keys.`, 'Use the id of one of them.');
  return match;
}

function thumbprint(keyId: string): string {
  return keyId.slice(keyId.lastIndexOf(':') + 1);
}

/** What `findKey` finds this key by: its name, unless another one has that too. */
export function callName({ keyId, name }: StoredKey, keys: readonly Pick<StoredKey, 'keyId' | 'name'>[]): string {
  return keys.some((other) => other.name === name && other.keyId !== keyId) ? keyId : name;
}
