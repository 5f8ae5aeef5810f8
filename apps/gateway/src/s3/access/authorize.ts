import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import { type ObjectOperation, type OperationAccess, operationAccess } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { requirePayer } from '../request-payer.ts';
import { parseVersionId } from '../version-query.ts';
import { accessDenied, requireRight } from './ask.ts';
import { enterBucket } from './buckets.ts';
import { authorizeCopySource } from './copy-source.ts';
import { authorizeVersion } from './versions.ts';
import { authorizeWrite } from './writes.ts';

type OnObject = Extract<OperationAccess, { on: 'object' }>;

/**
 * Decides whether the caller may do what the request asks for, before anything is read or written. The listener calls
 * this for every request, so no handler can forget it; what a handler does besides (keys in a body, another bucket) it
 * asks for itself.
 *
 * @returns the addressed bucket
 * @throws Fault AccessDenied, NoSuchBucket, and of malformed requests
 */
export function authorizeRequest(context: S3Context): Promise<Bucket | undefined> {
  const { granted } = context.access;
  const known = granted.get(context.operation);
  if (known !== undefined) return known;
  const outcome = authorize(context);
  granted.set(context.operation, outcome);
  return outcome;
}

async function authorize(context: S3Context): Promise<Bucket | undefined> {
  const { operation, access } = context;
  const needed = operationAccess[operation.name];
  if (needed.on === 'nothing') {
    access.decided();
    return undefined;
  }
  if (needed.on === 'never') throw accessDenied(operation.name);
  if (needed.on === 'account') {
    requireRight(context, { action: needed.action, resource: 'arn:aws:s3:::*' });
    return undefined;
  }
  if (operation.level === 'service') throw new Fault('InvalidRequest', 'The request names no bucket.');
  // Its handler asks, knowing the body.
  if (needed.on === 'new-bucket') return undefined;
  const bucket = await enterBucket(context, operation.bucket);
  if (needed.on === 'bucket') requireRight(context, { action: needed.action, bucket });
  if (needed.on === 'object' && operation.level === 'object') await onObject(context, bucket, { needed, operation });
  requirePayer(context, bucket);
  return bucket;
}

async function onObject(
  context: S3Context,
  bucket: Bucket,
  { needed, operation }: { readonly needed: OnObject; readonly operation: ObjectOperation },
): Promise<void> {
  const { key } = operation;
  if (needed.facts === 'written') {
    authorizeWrite(context, bucket, operation);
    if (operation.name === 'CopyObject' || operation.name === 'UploadPartCopy')
      await authorizeCopySource(context, bucket, key);
    return;
  }
  if (needed.facts === 'upload') {
    const beingWritten = await isInitiator(context, bucket, key);
    requireRight(context, { action: needed.action, bucket, key, beingWritten });
    return;
  }
  const versionId = parseVersionId(context);
  await authorizeVersion(context, { bucket, key, versionId }, needed);
}

/** Whether the caller's account began the upload. The bucket's owner needs no such reason. */
async function isInitiator(context: S3Context, bucket: Bucket, key: ObjectKey): Promise<boolean> {
  const { caller, metadata, access } = context;
  if (caller.kind === 'anonymous' || caller.credential.tenant.id === bucket.tenantId) return false;
  const upload = await metadata.upload(bucket.id, key, context.query.get('uploadId') ?? '');
  if (upload === undefined) return false;
  const { tenant } = caller.credential;
  return (
    upload.attributes.ownerId === tenant.ownerId || (await access.directory.holder(upload.initiator))?.id === tenant.id
  );
}
