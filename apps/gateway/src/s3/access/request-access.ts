import type { BucketName } from '@sealgate/core/names';
import type { Bucket, Clock, Metadata, ObjectVersion } from '@sealgate/core/ports';
import type { S3Operation } from '@sealgate/s3';
import { createReadBucketAccess, type ReadBucketAccess } from './bucket-access.ts';
import { createDirectory, type Directory } from './directory.ts';
import { createPolicies, type Policies } from './policies.ts';

/** What every decision may use; one for the life of the listener. */
export interface AccessServices {
  readonly policies: Policies;
  readonly readBucketAccess: ReadBucketAccess;
  readonly directory: Directory;
}

export function createAccessServices(deps: {
  readonly metadata: Pick<Metadata, 'tenantByOwner' | 'credential'>;
  readonly clock: Clock;
}): AccessServices {
  const policies = createPolicies();
  return { policies, readBucketAccess: createReadBucketAccess(policies), directory: createDirectory(deps) };
}

/**
 * What is known of one request's rights so far. What was looked at to decide is what the handler gets to see, so nothing
 * changes in between.
 */
export interface RequestAccess extends AccessServices {
  /** Called for each decision, so that a request that was answered without one is noticed. */
  readonly decided: () => void;
  /** The outcome for each operation that was asked for: the request's own, and what a form turns out to be. */
  readonly granted: Map<S3Operation, Promise<Bucket | undefined>>;
  /** Buckets whose owner may be acted for: known, not suspended, and the one that the client expects. */
  readonly entered: Map<BucketName, Promise<Bucket>>;
  /** Versions that were looked up, by what they were asked for. */
  readonly versions: Map<string, Promise<ObjectVersion | undefined>>;
  /** The request's small body, once it was read. */
  body: Promise<Buffer> | undefined;
}

export function createRequestAccess(services: AccessServices, decided: () => void): RequestAccess {
  return {
    ...services,
    decided,
    granted: new Map(),
    entered: new Map(),
    versions: new Map(),
    body: undefined,
  };
}
