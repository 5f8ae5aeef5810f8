export { type BlobId, formatBlobId, newBlobId, parseBlobId } from './blob-id.ts';
export type { Brand } from './brand.ts';
export { createIdBytes } from './id-bytes.ts';
export { type BucketName, type ObjectKey, parseBucketName, parseObjectKey } from './objects.ts';
export { type PhysicalBucketName, type PhysicalBucketParts, physicalBucketName } from './physical-bucket.ts';
export {
  type AccessKeyId,
  type BackendId,
  parseAccessKeyId,
  parseBackendId,
  parseTenantId,
  parseTenantName,
  type TenantId,
} from './registry.ts';
export { decodeVersionId, encodeVersionId, type VersionId } from './version-id.ts';
