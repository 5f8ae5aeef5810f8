export { type BlobId, formatBlobId, newBlobId, parseBlobId } from './blob-id.ts';
export type { Brand } from './brand.ts';
export { createIdBytes } from './id-bytes.ts';
export { BUCKET_NAME_FORM, type BucketName, type ObjectKey, parseBucketName, parseObjectKey } from './objects.ts';
export { type PhysicalBucketName, type PhysicalBucketParts, physicalBucketName } from './physical-bucket.ts';
export {
  ACCESS_KEY_FORM,
  type AccessKeyId,
  BACKEND_ID_FORM,
  type BackendId,
  parseAccessKeyId,
  parseBackendId,
  parseTenantId,
  parseTenantName,
  TENANT_NAME_FORM,
  type TenantId,
} from './registry.ts';
export { decodeVersionId, encodeVersionId, type VersionId } from './version-id.ts';
