import type { PhysicalBucketName } from '../names/index.ts';
import type { CallOptions } from './backend-driver.ts';

/**
 * What one try showed. `yes`: the backend does it and refuses what it must refuse. `no`: it does not, or only seems to.
 * `unknown`: the try itself failed for another reason, which `note` names for the operator in our words.
 */
export interface ProbeAnswer {
  readonly verdict: 'yes' | 'no' | 'unknown';
  readonly note?: string;
}

/** Where a try may write: nothing else uses this bucket and this key. */
export interface ProbeTarget extends CallOptions {
  readonly bucket: PhysicalBucketName;
  readonly key: string;
}

/**
 * The raw calls of a capability probe that a BackendDriver has no method for, one for each question. The engine decides
 * what is asked, in which order, and cleans up; the driver talks. A method may leave objects, versions and uploads
 * behind under its target: `cleanUp` removes them. Questions that a kind of backend cannot even pose answer `no`.
 *
 * @throws Fault BackendUnreachable, BackendTimeout when the backend went away; every other trouble is `unknown`
 */
export interface BackendProbe {
  /** Is a second write of one key with `If-None-Match: *` refused? */
  conditionalWrite(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Is the ETag of a plain put the MD5 of its body? */
  etagIsMd5(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Is `x-amz-checksum-*` accepted when right and refused when wrong? */
  checksumHeader(target: ProbeTarget): Promise<ProbeAnswer>;
  /** The same for a checksum in the trailer of an aws-chunked body. */
  checksumTrailer(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Is a body with signed chunks accepted, and refused when one chunk's signature is wrong? */
  chunkSignature(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Does ListObjectsV2 begin behind `start-after`, and say rightly whether there is more? */
  listAfter(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Does an object put in parts read back as one? */
  multipart(target: ProbeTarget): Promise<ProbeAnswer>;
  /** May parts differ in size, the last one aside? */
  unequalParts(target: ProbeTarget): Promise<ProbeAnswer>;
  /** May parts have less than 5 MiB, the last one aside? */
  smallParts(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Does the bucket keep an older version once versioning is on? */
  versioning(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Is a locked version kept from deletion? Makes `target.bucket` itself, with object lock on: it must not exist yet. */
  objectLock(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Is a locked object taken without a digest of its body? Only where `objectLock` was a yes, in the bucket that it made. */
  lockWithoutDigest(target: ProbeTarget): Promise<ProbeAnswer>;
  /** Removes all uploads, locks, versions and objects of the bucket, then the bucket. A missing one is no error. */
  cleanUp(bucket: PhysicalBucketName, options: CallOptions): Promise<void>;
}
