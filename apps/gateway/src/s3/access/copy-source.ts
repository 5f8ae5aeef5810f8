import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import { headerValue, parseCopySource } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { requirePayer } from '../request-payer.ts';
import { toVersionId } from '../version-query.ts';
import { requireRight } from './ask.ts';
import { enterBucket } from './buckets.ts';
import { authorizeVersion, type VersionPlace, versionAt } from './versions.ts';

const READ = { facts: 'existing', action: 's3:GetObject', ofVersion: 's3:GetObjectVersion', also: [] } as const;

/** What `x-amz-copy-source` names. @throws Fault InvalidArgument, NoSuchBucket, AccessDenied */
export async function copySourcePlace(context: S3Context): Promise<VersionPlace> {
  const { bucket: name, key, versionId } = parseCopySource(headerValue(context.headers, 'x-amz-copy-source') ?? '');
  const bucket = await enterBucket(context, name, 'x-amz-source-expected-bucket-owner');
  return { bucket, key, versionId: versionId === undefined ? undefined : toVersionId(versionId) };
}

/**
 * The right to read what a copy reads, and its tags when they are copied.
 * @throws Fault AccessDenied, NoSuchBucket, InvalidArgument
 */
export async function authorizeCopySource(context: S3Context, target: Bucket, key: ObjectKey): Promise<void> {
  const source = await copySourcePlace(context);
  await authorizeVersion(context, source, READ);
  requirePayer(context, source.bucket);
  if (context.operation.name !== 'CopyObject') return;
  if (headerValue(context.headers, 'x-amz-tagging-directive')?.toUpperCase() === 'REPLACE') return;
  const version = await versionAt(context, source);
  if (version?.tags == null || Object.keys(version.tags).length === 0) return;
  const action = source.versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging';
  requireRight(context, { action, bucket: source.bucket, key: source.key, version });
  requireRight(context, { action: 's3:PutObjectTagging', bucket: target, key, beingWritten: true, tags: version.tags });
}
