/** The cache that everybody may use at the moment. */
export interface CacheSpace {
  /** Names the server processes that hold it (`CacheStore.incarnation`). */
  readonly incarnation: string;
  /** Secret and never used twice: entries of two spaces have nothing to do with each other. */
  readonly keyspace: string;
}

/** A process that changes metadata or keeps answers of it. */
export interface CacheMember {
  readonly id: string;
  /** The newest epoch that it knows: it uses no entry of an older one. */
  readonly seen: bigint;
  /** No change that it began under an older epoch than this is still on its way to the database. */
  readonly drained: bigint;
  /** Goes up with every renewal. */
  readonly beat: bigint;
  /** How long it goes by an answer of `renewCacheMember` or `joinCache`, from its question on, milliseconds. */
  readonly leaseMs: number;
  /** The incarnation that it is connected to; null: none. */
  readonly reach: string | null;
}

export interface CacheView {
  /** Goes up whenever `space` becomes another one. */
  readonly epoch: bigint;
  /** null: nobody uses a shared cache. */
  readonly space: CacheSpace | null;
  readonly members: readonly CacheMember[];
}

/**
 * Agreement between the processes on one database about the shared cache that they use: one at a time, or none. See
 * docs/adr, "A shared cache that is never stale". No time of the database takes part: whoever waits, waits by its own clock.
 */
export interface MetadataCacheMembers {
  /** From its answer on the member counts. Ordered with `changeCacheSpace`: it sees the change, or the change sees it. */
  joinCache(member: Pick<CacheMember, 'id' | 'leaseMs'>): Promise<CacheView>;
  /** Undefined when the member is not one any more: it was expelled. */
  renewCacheMember(renewal: Pick<CacheMember, 'id' | 'seen' | 'drained' | 'reach'>): Promise<CacheView | undefined>;
  /** Begins the epoch behind `from` with another space. False, and nothing happens, when the epoch is not `from` any more. */
  changeCacheSpace(from: bigint, space: CacheSpace | null): Promise<boolean>;
  /** Takes a member out that nobody heard of for long: unless it renewed since that beat. */
  expelCacheMember(member: string, beat: bigint): Promise<boolean>;
  /** The member uses no entry any more, and no change of it is on its way. */
  leaveCache(member: string): Promise<void>;
}
