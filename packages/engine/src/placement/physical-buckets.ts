import { Fault, isFault } from '@sealgate/core/faults';
import { type BackendId, type PhysicalBucketName, physicalBucketName } from '@sealgate/core/names';
import type { Backend, BackendPool, Bucket, Metadata } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import type { EngineLimits } from '../limits.ts';

/** Logical buckets whose physical names are kept at hand. */
const CACHED_BUCKETS_MAX = 10_000;

export interface PhysicalBuckets {
  /** The physical bucket of `bucket` on `backend`, made on first use. @throws Fault from the driver */
  ensure(bucket: Bucket, backend: Backend, signal: AbortSignal): Promise<PhysicalBucketName>;
  /** The name when the bucket is known to exist there. */
  find(bucketId: number, backend: BackendId): Promise<PhysicalBucketName | undefined>;
  /** The backend says that the bucket is not there: look again next time. */
  forget(bucketId: number, backend: BackendId): void;
}

export function createPhysicalBuckets(deps: {
  readonly metadata: Pick<Metadata, 'physicalBuckets' | 'recordPhysicalBucket'>;
  readonly pool: BackendPool;
  readonly limits: EngineLimits;
}): PhysicalBuckets {
  const { metadata, pool, limits } = deps;
  const known = new LRUCache<number, Map<BackendId, PhysicalBucketName>>({ max: CACHED_BUCKETS_MAX });
  const making = new Map<string, Promise<PhysicalBucketName>>();

  const namesOf = async (bucketId: number): Promise<Map<BackendId, PhysicalBucketName>> => {
    const cached = known.get(bucketId);
    if (cached !== undefined) return cached;
    const names = new Map(await metadata.physicalBuckets(bucketId));
    known.set(bucketId, names);
    return names;
  };

  const make = async (bucket: Bucket, backend: Backend, signal: AbortSignal): Promise<PhysicalBucketName> => {
    const driver = pool.driver(backend.id);
    if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
    for (let counter = 0; counter < limits.bucketNameTries; counter += 1) {
      const name = physicalBucketName({
        tenant: bucket.tenantName,
        region: bucket.region,
        bucket: bucket.name,
        backend: backend.id,
        counter,
      });
      try {
        await driver.ensureBucket(name, { signal });
      } catch (error) {
        if (isFault(error, 'BucketNameTaken')) continue;
        throw error;
      }
      await metadata.recordPhysicalBucket({ bucketId: bucket.id, backend: backend.id, name, counter });
      (await namesOf(bucket.id)).set(backend.id, name);
      return name;
    }
    throw new Fault('BucketNameTaken', 'No free bucket name was found on the storage location.');
  };

  return {
    async ensure(bucket, backend, signal) {
      const name = known.get(bucket.id)?.get(backend.id) ?? (await namesOf(bucket.id)).get(backend.id);
      if (name !== undefined) return name;
      const id = `${bucket.id}/${backend.id}`;
      const under = making.get(id) ?? make(bucket, backend, signal).finally(() => making.delete(id));
      making.set(id, under);
      return await under;
    },
    find: async (bucketId, backend) => (await namesOf(bucketId)).get(backend),
    forget(bucketId, backend) {
      known.get(bucketId)?.delete(backend);
    },
  };
}
