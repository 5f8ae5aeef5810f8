import { Fault, isFault } from '@sealgate/core/faults';
import { type BackendId, type PhysicalBucketName, physicalBucketName } from '@sealgate/core/names';
import type { Backend, BackendPool, Bucket, Metadata } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import type { EngineLimits } from '../limits.ts';
import type { Policies } from './policies.ts';

/** Logical buckets whose physical names are kept at hand. */
const CACHED_BUCKETS_MAX = 10_000;

export interface PhysicalBuckets {
  /** The physical bucket of `bucket` on `backend`, made on first use. @throws Fault from the driver */
  ensure(bucket: Bucket, backend: Backend, signal: AbortSignal): Promise<PhysicalBucketName>;
  /** The name when the bucket is known to exist there. */
  find(bucketId: number, backend: BackendId): Promise<PhysicalBucketName | undefined>;
  /** The backend lost something, perhaps the bucket itself: the next `ensure` makes sure. `find` goes on as before. */
  doubt(bucketId: number, backend: BackendId): void;
}

/** Whether retention can be pushed down to it. */
export function takesLocks({ capabilities }: Pick<Backend, 'capabilities'>): boolean {
  return capabilities.objectLock === true;
}

interface Making {
  readonly promise: Promise<PhysicalBucketName>;
  /** Of the call that began it. */
  readonly signal: AbortSignal;
}

export function createPhysicalBuckets(deps: {
  readonly metadata: Pick<Metadata, 'physicalBuckets' | 'recordPhysicalBucket'>;
  readonly pool: BackendPool;
  readonly limits: EngineLimits;
  readonly policies: Policies;
}): PhysicalBuckets {
  const { metadata, pool, limits, policies } = deps;
  const known = new LRUCache<number, Map<BackendId, PhysicalBucketName>>({ max: CACHED_BUCKETS_MAX });
  const making = new Map<string, Making>();
  const doubted = new LRUCache<string, true>({ max: CACHED_BUCKETS_MAX });

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
    const objectLock = takesLocks(backend) && bucket.objectLock && (await policies.forBucket(bucket)).pushesLocks;
    for (let counter = 0; counter < limits.bucketNameTries; counter += 1) {
      const name = physicalBucketName({
        tenant: bucket.tenantName,
        region: bucket.region,
        bucket: bucket.name,
        backend: backend.id,
        counter,
      });
      try {
        await driver.ensureBucket(name, { signal, objectLock });
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

  const begin = (id: string, signal: AbortSignal, run: () => Promise<PhysicalBucketName>): Making => {
    const promise = run()
      .then((name) => {
        doubted.delete(id);
        return name;
      })
      .finally(() => making.delete(id));
    const begun = { promise, signal };
    making.set(id, begun);
    return begun;
  };

  return {
    async ensure(bucket, backend, signal) {
      const id = `${bucket.id}/${backend.id}`;
      const name = known.get(bucket.id)?.get(backend.id) ?? (await namesOf(bucket.id)).get(backend.id);
      if (name !== undefined && !doubted.has(id)) return name;
      for (;;) {
        const under = making.get(id) ?? begin(id, signal, () => make(bucket, backend, signal));
        try {
          return await under.promise;
        } catch (error) {
          // Whoever began it gave up; that is no reason for the others.
          if (signal.aborted || !under.signal.aborted) throw error;
        }
      }
    },
    async find(bucketId, backend) {
      const name = (await namesOf(bucketId)).get(backend);
      if (name !== undefined) return name;
      // Another process may have made it since; believing otherwise would declare good copies missing.
      const names = new Map(await metadata.physicalBuckets(bucketId));
      known.set(bucketId, names);
      return names.get(backend);
    },
    doubt: (bucketId, backend) => void doubted.set(`${bucketId}/${backend}`, true),
  };
}
