import type { Bucket, RequestRecording, Tenant } from '../ports/index.ts';

const STRICTNESS = { off: 0, batched: 1, synchronous: 2 } as const satisfies Record<RequestRecording, number>;

/** How the owner of what a request is about has it recorded. */
export interface RecordingFacts {
  /** Of the gateway's settings: for tenants that have none of their own, and for requests of nobody. */
  readonly byDefault: RequestRecording;
  readonly bucket?: Pick<Bucket, 'requestRecords' | 'ownerRequestRecords'> | undefined;
  /** Counts where the request is about no bucket. */
  readonly caller?: Pick<Tenant, 'requestRecords'> | undefined;
}

/** The tenant's own word, else the gateway's; of a bucket's the stricter one. */
export function recordingOf({ byDefault, bucket, caller }: RecordingFacts): RequestRecording {
  if (bucket === undefined) return caller?.requestRecords ?? byDefault;
  const ofTenant = bucket.ownerRequestRecords ?? byDefault;
  return stricter(bucket.requestRecords ?? ofTenant, ofTenant);
}

export function stricter(a: RequestRecording, b: RequestRecording): RequestRecording {
  return STRICTNESS[a] > STRICTNESS[b] ? a : b;
}
