import { randomBytes, randomUUID } from 'node:crypto';
import { Fault, isFault } from '@sealgate/core/faults';
import type {
  CacheConnector,
  CacheSpace,
  CacheStore,
  CacheView,
  Clock,
  MetadataCacheMembers,
} from '@sealgate/core/ports';
import type { MetadataLogger } from '../../logger.ts';
import { CHANGE_LANDS_WITHIN_MS, KEEP_EVERY_MS, RENEWAL_MAX_MS, RENEWALS_PER_LEASE } from '../limits.ts';
import { within } from '../within.ts';
import { commonReach, createSilenceWatch, isQuiet, isReady } from './agreement.ts';
import type { ChangesUnderWay } from './changes-under-way.ts';

/** A space that may be used now. */
export interface UsableSpace extends CacheSpace {
  readonly epoch: bigint;
  readonly store: CacheStore;
}

/** What a change has to go by now: `space` is null when nobody uses one. */
export interface Turn {
  readonly epoch: bigint;
  readonly space: CacheSpace | null;
  /** Undefined when this process is not connected to where the space is. */
  readonly store: CacheStore | undefined;
  /** See {@link Membership.member}. */
  readonly membership: string;
}

export interface Membership {
  /** Joins, and renews from then on. @throws Fault DatabaseUnavailable */
  start(): Promise<void>;
  /** Where hits may come from at this moment; undefined: only the database is right. */
  readable(): UsableSpace | undefined;
  /** True as long as an answer from the space of this epoch is right. */
  isCurrent(epoch: bigint): boolean;
  /** What a change that begins now goes by; undefined while that is not known, or others are not that far. */
  turn(): Turn | undefined;
  /** By which the others know this process. Changes when it had to join anew. */
  member(): string;
  /** Asks the database how things are. @throws Fault DatabaseUnavailable */
  renew(): Promise<void>;
  /** The space of that epoch cannot be used by everybody: nobody uses it any more. @throws Fault DatabaseUnavailable */
  abandon(epoch: bigint): Promise<void>;
  /** `off` (nobody uses one), `waiting` (for other processes), `on`, `cut` (this process does not reach it), `expired`. */
  state(): 'off' | 'waiting' | 'on' | 'cut' | 'expired';
  close(): Promise<void>;
}

export interface MembershipDeps {
  readonly metadata: MetadataCacheMembers;
  /** Undefined: this process has no cache to share, so nobody has. */
  readonly connector: CacheConnector | undefined;
  readonly changes: ChangesUnderWay;
  readonly clock: Clock;
  readonly logger: MetadataLogger;
  readonly leaseMs: number;
  /** How long a member may be silent, beyond its lease, before the others forget it. */
  readonly expelAfterMs?: number;
  readonly newId?: () => string;
}

interface Standing {
  readonly view: CacheView;
  /** When this process first heard of the epoch. */
  readonly sinceMs: number;
  /** When the question was asked that `view` answers: it may go by it for a lease from then on. */
  readonly sentMs: number;
  readonly ready: boolean;
}

/** A process's part in the agreement about the shared cache. */
export function createMembership(deps: MembershipDeps): Membership {
  const { metadata, connector, changes, clock, logger, leaseMs, newId = randomUUID } = deps;
  const expelAfterMs = deps.expelAfterMs ?? CHANGE_LANDS_WITHIN_MS;
  const renewEveryMs = Math.min(RENEWAL_MAX_MS, leaseMs / RENEWALS_PER_LEASE);
  const watch = createSilenceWatch();
  let id = newId();
  let standing: Standing | undefined;
  let joining: Promise<void> | undefined;
  let stopped = false;
  let cancelTimer = (): void => undefined;
  let opening = false;
  let keptMs = clock.monotonic();

  const isValid = (now: Standing | undefined): now is Standing =>
    now !== undefined && clock.monotonic() < now.sentMs + leaseMs;

  /** Answers may come out of order; to an older question they are old news. */
  const adopt = (view: CacheView, sentMs: number): void => {
    if (standing !== undefined && sentMs < standing.sentMs) return;
    const nowMs = clock.monotonic();
    const known = standing?.view.epoch === view.epoch ? standing : undefined;
    standing = {
      view,
      sentMs,
      sinceMs: known?.sinceMs ?? nowMs,
      ready: known?.ready === true || (isReady(view, id) && changes.drained(view.epoch) >= view.epoch),
    };
    if (known === undefined)
      logger.info({ epoch: String(view.epoch), inUse: view.space !== null }, 'shared cache epoch');
  };

  const join = (): Promise<void> => {
    joining ??= joinOnce().finally(() => {
      joining = undefined;
    });
    return joining;
  };
  const joinOnce = async (): Promise<void> => {
    const sentMs = clock.monotonic();
    standing = undefined;
    id = newId();
    adopt(await inTime(metadata.joinCache({ id, leaseMs })), sentMs);
  };

  const renew = async (): Promise<void> => {
    const sentMs = clock.monotonic();
    const seen = standing?.view.epoch;
    if (seen === undefined) {
      await join();
      return;
    }
    const member = id;
    const renewal = { id, seen, drained: changes.drained(seen), reach: connector?.current()?.incarnation ?? null };
    const view = await inTime(metadata.renewCacheMember(renewal));
    if (member !== id) return;
    if (view === undefined) {
      logger.warn({}, 'this process was silent for so long that the others took it for gone');
      await join();
      return;
    }
    adopt(view, sentMs);
    // Others wait for this process to say that it knows.
    if (view.epoch > seen) await renew();
    else await tend(view);
  };

  /** A connection that hangs must not keep the lease from being renewed over another one. */
  const inTime = <T>(asked: Promise<T>): Promise<T> =>
    within(clock, leaseMs / 2, asked).catch((error: unknown) => {
      throw isFault(error) ? error : new Fault('DatabaseUnavailable', 'The database did not answer in time.');
    });

  /** What any member does for all. */
  const tend = async (view: CacheView): Promise<void> => {
    const nowMs = clock.monotonic();
    for (const silent of watch.silent(view, nowMs, expelAfterMs)) {
      if (silent.id !== id && (await metadata.expelCacheMember(silent.id, silent.beat))) {
        logger.warn({ member: silent.id }, 'a process that used the shared cache is gone');
      }
    }
    const store = connector?.current();
    if (store === undefined || opening) return;
    opening = true;
    try {
      if (view.space?.incarnation !== store.incarnation) await openOn(store, view);
      else if (nowMs - keptMs >= KEEP_EVERY_MS) {
        keptMs = nowMs;
        if (!(await store.keep(view.space.keyspace))) await metadata.changeCacheSpace(view.epoch, null);
      }
    } catch (error) {
      logger.warn({ err: error }, 'the shared cache could not be tended');
    } finally {
      opening = false;
    }
  };
  const openOn = async (store: CacheStore, view: CacheView): Promise<void> => {
    if (commonReach(view) !== store.incarnation) return;
    const keyspace = randomBytes(32).toString('base64url');
    await store.prepare(keyspace);
    const { incarnation } = store;
    if (await metadata.changeCacheSpace(view.epoch, { incarnation, keyspace })) await renew();
  };

  const again = (): void => {
    if (stopped) return;
    void renew()
      .catch((error: unknown) => logger.warn({ err: error }, 'the lease on the shared cache was not renewed'))
      .then(() => {
        if (!stopped) cancelTimer = clock.schedule(renewEveryMs, again);
      });
  };

  const storeOf = (space: CacheSpace | null): CacheStore | undefined => {
    const store = connector?.current();
    return store?.incarnation === space?.incarnation ? store : undefined;
  };

  return {
    member: () => id,
    renew,
    async start() {
      await join();
      cancelTimer = clock.schedule(0, again);
    },
    readable() {
      if (!isValid(standing) || !standing.ready) return undefined;
      const { epoch, space } = standing.view;
      const store = storeOf(space);
      return space === null || store === undefined ? undefined : { ...space, epoch, store };
    },
    isCurrent: (epoch) => isValid(standing) && standing.view.epoch === epoch,
    turn() {
      if (!isValid(standing)) return undefined;
      const { view, sinceMs } = standing;
      if (!isQuiet(view, { id, sinceMs, nowMs: clock.monotonic() })) return undefined;
      return { epoch: view.epoch, space: view.space, store: storeOf(view.space), membership: id };
    },
    async abandon(epoch) {
      await metadata.changeCacheSpace(epoch, null);
      await renew();
    },
    state() {
      if (!isValid(standing)) return 'expired';
      if (standing.view.space === null) return 'off';
      if (storeOf(standing.view.space) === undefined) return 'cut';
      return standing.ready ? 'on' : 'waiting';
    },
    async close() {
      stopped = true;
      cancelTimer();
      // Whose last change may still land stays a member: the others wait for it, or for its silence.
      if (changes.count === 0) await metadata.leaveCache(id).catch(() => undefined);
    },
  };
}
