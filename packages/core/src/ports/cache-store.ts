/** Where an entry is. */
export interface CachePlace {
  readonly keyspace: string;
  /** Few, and known in advance: a change can be of all places of a kind. */
  readonly kind: string;
  /** Of letters, digits, `-` and `_`. {@link ALL_PLACES}: only for marks, all places of the kind. */
  readonly id: string;
}

export const ALL_PLACES = '*';

export type CacheLookup =
  | { readonly kind: 'hit'; readonly value: Uint8Array }
  /** Nothing there. What is read from the database after this answer may be filled in with the token. */
  | { readonly kind: 'miss'; readonly token: string }
  /** A change of the place is under way: nothing may be filled in. */
  | { readonly kind: 'busy' }
  /** The space is not there (any more): nobody may use it. */
  | { readonly kind: 'lost' };

/**
 * A cache that several processes share. One object is one connection to one life of its servers' processes: when a server
 * restarts or another one takes its place, the object fails for good. A rejected call may have taken effect, now or later.
 *
 * Promise: in one space, as long as `lookup` and `mark` do not say `lost`, a hit gives a value that was filled in with a
 * token from after the last mark of the place, and while a mark is there, there are no hits and no tokens.
 */
export interface CacheStore {
  /** Equal for two objects exactly when they speak to the same life of the same servers. */
  readonly incarnation: string;
  /** Makes an empty space. */
  prepare(keyspace: string): Promise<void>;
  /** Keeps the space from being forgotten. False: it is lost. */
  keep(keyspace: string): Promise<boolean>;
  /** @param token never used before; taken when nobody else is about to fill */
  lookup(place: CachePlace, token: string): Promise<CacheLookup>;
  /** False: refused, because a mark came since the token was given, or the space or the token is lost. */
  fill(place: CachePlace, token: string, value: Uint8Array): Promise<boolean>;
  /** A change begins: the entry goes, fills under way are refused. Several may be there. False: the space is lost. */
  mark(place: CachePlace, changer: string): Promise<boolean>;
  /** The change is over, and whatever may be in the place goes. */
  unmark(place: CachePlace, changer: string): Promise<void>;
}

/** Keeps a connection, or tries to. */
export interface CacheConnector {
  /** Undefined while there is none. */
  current(): CacheStore | undefined;
  close(): Promise<void>;
}
