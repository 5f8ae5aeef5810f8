import { Fault, isFault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import { createLocalJWKSet, type LocalJWKSet } from 'jose';
import { LRUCache } from 'lru-cache';
import { KEYS_FRESH_MS, KEYS_RELOAD_MS, KEYS_STALE_MS, PROVIDER_REST_MS, PROVIDERS_CACHED_MAX } from './limits.ts';
import type { ProviderDocuments } from './provider-documents.ts';

/** The keys of an issuer as they were at one time. */
export interface KeySet {
  readonly find: LocalJWKSet;
  readonly loadedAtMs: number;
}

/**
 * The keys of issuers, kept. Invariants: one load of an issuer at a time; no load within PROVIDER_REST_MS of a failed
 * one; a set older than KEYS_FRESH_MS is only given when no newer one could be had, and never after KEYS_STALE_MS.
 */
export interface KeySets {
  /** @throws Fault IdentityProviderUnavailable */
  of(issuer: string): Promise<KeySet>;
  /**
   * A set loaded after `than`, for a token that names a key which is not in it; undefined when it is too early to ask.
   * @throws Fault IdentityProviderUnavailable
   */
  newer(issuer: string, than: KeySet): Promise<KeySet | undefined>;
}

interface Entry {
  set: KeySet | undefined;
  failure: { readonly error: Fault; readonly atMs: number } | undefined;
  loading: Promise<KeySet> | undefined;
}

export function createKeySets(deps: {
  readonly documents: Pick<ProviderDocuments, 'keys'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}): KeySets {
  const { documents, clock } = deps;
  const entries = new LRUCache<string, Entry>({ max: PROVIDERS_CACHED_MAX });

  function entryOf(issuer: string): Entry {
    const known = entries.get(issuer);
    if (known !== undefined) return known;
    const entry: Entry = { set: undefined, failure: undefined, loading: undefined };
    entries.set(issuer, entry);
    return entry;
  }

  function load(issuer: string, entry: Entry): Promise<KeySet> {
    const { failure } = entry;
    if (failure !== undefined && clock.monotonic() - failure.atMs < PROVIDER_REST_MS) {
      return Promise.reject(failure.error);
    }
    entry.loading ??= fetchKeys(issuer, entry).finally(() => {
      entry.loading = undefined;
    });
    return entry.loading;
  }

  async function fetchKeys(issuer: string, entry: Entry): Promise<KeySet> {
    try {
      const find = createLocalJWKSet(await documents.keys(issuer));
      const set = { find, loadedAtMs: clock.monotonic() };
      entry.set = set;
      entry.failure = undefined;
      return set;
    } catch (cause) {
      // A set that cannot be read is the provider's trouble too.
      const error = isFault(cause) ? cause : unreadable(cause);
      entry.failure = { error, atMs: clock.monotonic() };
      throw error;
    }
  }

  return {
    async of(issuer) {
      const entry = entryOf(issuer);
      const { set } = entry;
      const ageMs = set === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - set.loadedAtMs;
      if (set !== undefined && ageMs < KEYS_FRESH_MS) return set;
      try {
        return await load(issuer, entry);
      } catch (error) {
        if (set !== undefined && ageMs < KEYS_STALE_MS) return set;
        throw error;
      }
    },
    async newer(issuer, than) {
      const entry = entryOf(issuer);
      const { set } = entry;
      if (set !== undefined && set.loadedAtMs > than.loadedAtMs) return set;
      if (clock.monotonic() - than.loadedAtMs < KEYS_RELOAD_MS) return undefined;
      return await load(issuer, entry);
    },
  };
}

function unreadable(cause: unknown): Fault {
  return new Fault('IdentityProviderUnavailable', 'The keys of the identity provider cannot be read.', { cause });
}
