import type { OperationName } from './names.ts';

/** Why an operation of the S3 API is not offered: for its answer, and for the compatibility ledger. */
export const refusedOperations: ReadonlyMap<OperationName, string> = new Map<OperationName, string>([
  ...every(
    'Storage class analysis is not offered: classes here differ in how bytes are kept, not in what a request costs.',
    ['PutBucketAnalyticsConfiguration'],
  ),
  ...every('Objects are not moved between tiers by how often they are read.', [
    'PutBucketIntelligentTieringConfiguration',
  ]),
  ...every('Inventory reports are not offered; ListObjectVersions pages through any bucket.', [
    'PutBucketInventoryConfiguration',
  ]),
  ...every('Request metrics are not set up by bucket: the control listener shows all of them at /metrics.', [
    'PutBucketMetricsConfiguration',
  ]),
  ...every(
    'Replication is not set up by bucket: the redundancy class of an object says where its copies lie, and they are there before its write is answered.',
    ['PutBucketReplication'],
  ),
  ...every('Metadata tables are not offered.', [
    'CreateBucketMetadataConfiguration',
    'CreateBucketMetadataTableConfiguration',
    'DeleteBucketMetadataConfiguration',
    'DeleteBucketMetadataTableConfiguration',
    'GetBucketMetadataConfiguration',
    'GetBucketMetadataTableConfiguration',
    'UpdateBucketMetadataAnnotationTableConfiguration',
    'UpdateBucketMetadataInventoryTableConfiguration',
    'UpdateBucketMetadataJournalTableConfiguration',
  ]),
  ...every('Object annotations are not offered; tags and user metadata are.', [
    'DeleteObjectAnnotation',
    'GetObjectAnnotation',
    'ListObjectAnnotations',
    'PutObjectAnnotation',
  ]),
  ...every('There are no directory buckets here.', ['CreateSession', 'ListDirectoryBuckets', 'RenameObject']),
  ...every('Access by tags of a bucket is not switched here; bucket policies may name tags.', [
    'GetBucketAbac',
    'PutBucketAbac',
  ]),
  ...every('There are no object lambdas here.', ['WriteGetObjectResponse']),
  ...every('No class keeps objects offline, so there is nothing to restore: every object can be read at once.', [
    'RestoreObject',
  ]),
  ...every('Queries inside objects are not offered: the gateway does not look into what it keeps.', [
    'SelectObjectContent',
  ]),
  ...every('Torrents are not offered.', ['GetObjectTorrent']),
  ...every('The encryption of a stored object is not changed in place; copy the object onto itself.', [
    'UpdateObjectEncryption',
  ]),
]);

function every(reason: string, names: readonly OperationName[]): readonly [OperationName, string][] {
  return names.map((name) => [name, reason]);
}
