import { createHash } from 'node:crypto';
import type { Metadata } from '@sealgate/core/ports';
import {
  type CacheKeys,
  createCachedMetadata,
  openSharedMetadata,
  type SharedMetadata,
} from '@sealgate/metadata/cache';
import type { Prng, VirtualClock } from '@sealgate/testkit';
import {
  createLink,
  createMemoryCacheServer,
  createSimulatedConnector,
  type Link,
  type MemoryCacheServer,
} from '@sealgate/testkit/cache-memory';
import type { SimulatedProcess } from '@sealgate/testkit/cluster';
import { pause } from './bodies.ts';

/** What processes keep of the metadata: nothing, what each likes (one alone), or in servers that they share. */
export type CacheKind = 'none' | 'own' | 'shared';

/** The caches of one run. */
export interface Caches {
  /** What a process has between its engine and its metadata. */
  between(metadata: Metadata, process: SimulatedProcess): Metadata;
  /** Something happens to the servers, or to the way to them. */
  trouble(prng: Prng): void;
  calm(): void;
  /** Answers that came from a cache server so far. */
  readonly hits: number;
}

/** Short, so that a run sees many of them. */
const LEASE_MS = 2000;
const RETRY_MS = 500;
const TROUBLE_MS_MAX = 4000;

const keyOf = (keyspace: string): Buffer => createHash('sha256').update(keyspace).digest();
const keys: CacheKeys = {
  form: 'simulation',
  newest: (keyspace) => ({ version: 1, key: keyOf(keyspace) }),
  ofVersion: (version, keyspace) => (version === 1 ? keyOf(keyspace) : undefined),
};
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** `unmarked`: a planted defect, changes go past the cache. */
export function createCaches(
  kind: CacheKind,
  deps: { readonly clock: VirtualClock; readonly prng: Prng; readonly unmarked: boolean },
): Caches {
  const { clock } = deps;
  if (kind === 'shared') return createSharedCaches(deps);
  return {
    between: (metadata) => (kind === 'own' ? readsOf(createCachedMetadata(metadata, clock), metadata, deps) : metadata),
    trouble: () => undefined,
    calm: () => undefined,
    hits: 0,
  };
}

function createSharedCaches(deps: {
  readonly clock: VirtualClock;
  readonly prng: Prng;
  readonly unmarked: boolean;
}): Caches {
  const { clock, prng } = deps;
  const links: Link[] = [];
  const state = { servers: 0, servingFromMs: 0, hits: 0 };
  const newServer = (): MemoryCacheServer => {
    state.servers += 1;
    return createMemoryCacheServer({ clock, name: `cache ${state.servers}` });
  };
  let server = newServer();

  async function open(metadata: Metadata, { signal }: SimulatedProcess): Promise<SharedMetadata> {
    const own = prng.fork(`link ${links.length}`);
    const link = createLink({ clock, random: (below) => own.int(below), servingFromMs: () => state.servingFromMs });
    links.push(link);
    const connector = createSimulatedConnector({ clock, link, server: () => server });
    const events = {
      lookup: (_kind: string, outcome: string) => void (state.hits += outcome === 'hit' ? 1 : 0),
      fill: () => undefined,
      changeWaited: () => undefined,
    };
    const options = { metadata, keys, connector, clock, logger, events, leaseMs: LEASE_MS };
    for (;;) {
      try {
        const shared = await openSharedMetadata(options);
        signal.addEventListener('abort', () => {
          // Nothing of a dead process reaches anybody; this only ends its timers.
          link.cutUntilMs = Number.POSITIVE_INFINITY;
          void shared.close().catch(() => undefined);
        });
        return shared;
      } catch {
        await pause(clock, RETRY_MS);
      }
    }
  }

  return {
    between(metadata, process) {
      const opened = open(metadata, process).then((shared) => readsOf(shared.metadata, metadata, deps));
      return new Proxy(metadata, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            const cached = await opened;
            const call = Reflect.get(cached, name) as (...args: unknown[]) => unknown;
            return await call(...args);
          };
        },
      });
    },
    trouble(own) {
      const ms = 1 + own.int(TROUBLE_MS_MAX);
      const troubles = [
        () => server.restart(),
        () => server.flush(),
        // Whoever is connected stays where it is; whoever connects anew comes to the other one.
        () => void (server = newServer()),
        () => void (state.servingFromMs = clock.monotonic() + ms),
        () => {
          const link = own.pick(links);
          link.cutUntilMs = Math.max(link.cutUntilMs, clock.monotonic() + ms);
        },
      ];
      own.pick(troubles)();
    },
    calm() {
      for (const link of links) if (Number.isFinite(link.cutUntilMs)) link.cutUntilMs = 0;
      state.servingFromMs = 0;
    },
    get hits() {
      return state.hits;
    },
  };
}

/** The cache, or under the planted defect only its answers. */
function readsOf(cached: Metadata, metadata: Metadata, { unmarked }: { readonly unmarked: boolean }): Metadata {
  if (!unmarked) return cached;
  return {
    ...metadata,
    credential: (id) => cached.credential(id),
    bucket: (namespace, name) => cached.bucket(namespace, name),
    currentVersion: (bucketId, key) => cached.currentVersion(bucketId, key),
  };
}
