import type { BlobId, ObjectKey } from '@sealgate/core/names';
import type { Bucket, CacheConnector, Clock, Credential, Metadata, ObjectVersion } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import type { MetadataLogger } from '../../logger.ts';
import { type Touched, withChanges } from '../effects.ts';
import { BLOBS_NOTED_MAX } from '../limits.ts';
import { createChangesUnderWay } from './changes-under-way.ts';
import type { CacheKeys } from './codec.ts';
import { createMembership, type Membership } from './membership.ts';
import { type CacheEvents, createSharedCache, type NamedPlace } from './shared-cache.ts';

export interface SharedMetadataOptions {
  /** The database's. */
  readonly metadata: Metadata;
  readonly keys: CacheKeys;
  /** To Redis; undefined: there is none, but others may have one, and must hear of this process. */
  readonly connector: CacheConnector | undefined;
  readonly clock: Clock;
  readonly logger: MetadataLogger;
  readonly events: CacheEvents;
  /** For how long what a process was told of the others is good. See the ADR. */
  readonly leaseMs: number;
}

export interface SharedMetadata {
  readonly metadata: Metadata;
  state: Membership['state'];
  /** Before the database's own. */
  close(): Promise<void>;
}

/**
 * The metadata for one of several processes: hot answers are kept in a cache that they share, when they share one, and in any
 * case every change is made so that nobody reads an answer from before it.
 * @throws Fault DatabaseUnavailable
 */
export async function openSharedMetadata(options: SharedMetadataOptions): Promise<SharedMetadata> {
  const { metadata, connector } = options;
  const changes = createChangesUnderWay();
  const membership = createMembership({ ...options, changes });
  const cache = createSharedCache({ ...options, membership, changes });
  /** Whose version a blob is, as far as this process has met it. */
  const places = new LRUCache<BlobId, string>({ max: BLOBS_NOTED_MAX });
  const versionName = (bucketId: number, key: ObjectKey): string => `${bucketId}/${key}`;

  const placesOf = (touched: Touched): readonly NamedPlace[] => {
    switch (touched.kind) {
      case 'version':
        return [{ kind: 'version', name: versionName(touched.bucketId, touched.key) }];
      case 'blob': {
        const name = places.get(touched.blobId);
        return name === undefined ? [] : [{ kind: 'version', name }];
      }
      case 'versions':
        return [{ kind: 'version' }];
      case 'buckets':
        return [{ kind: 'bucket' }];
      case 'credentials':
        return [{ kind: 'credential' }];
    }
  };
  const noted = (name: string, version: ObjectVersion | undefined): ObjectVersion | undefined => {
    if (version?.blob) places.set(version.blob.blobId, name);
    return version;
  };

  await membership.start();
  return {
    metadata: {
      ...withChanges(metadata, (touched, run) => {
        const touchedPlaces = touched.flatMap(placesOf);
        return touchedPlaces.length === 0 ? run() : cache.change(touchedPlaces, run);
      }),
      credential: (id) => cache.get<Credential>('credential', id, () => metadata.credential(id)),
      bucket: (namespace, name) =>
        cache.get<Bucket>('bucket', `${namespace}/${name}`, () => metadata.bucket(namespace, name)),
      async currentVersion(bucketId, key) {
        const name = versionName(bucketId, key);
        return noted(name, await cache.get('version', name, () => metadata.currentVersion(bucketId, key)));
      },
    },
    state: () => membership.state(),
    async close() {
      await membership.close();
      await connector?.close();
    },
  };
}
