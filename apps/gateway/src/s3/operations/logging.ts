import { Fault } from '@sealgate/core/faults';
import type { Acl, Bucket } from '@sealgate/core/ports';
import { type LoggingConfiguration, loggingStatus, parseLoggingStatus, type RequestedGrant } from '@sealgate/s3';
import { cannotTakeLogs } from '../../access-log/delivery.ts';
import { logKey } from '../../access-log/log-key.ts';
import { mayDeliver } from '../../access-log/permission.ts';
import { loggingOf, type StoredLogging } from '../../access-log/stored-logging.ts';
import { resolveGrants } from '../access/grants.ts';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html */
export async function getBucketLogging(context: S3Context): Promise<void> {
  replyXml(context.response, loggingStatus(loggingOf(await requireBucket(context))));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html */
export async function putBucketLogging(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const logging = parseLoggingStatus(await readWholeBody(context));
  const document = logging === undefined ? null : JSON.stringify(await checked(context, bucket, logging));
  await context.metadata.updateBucket(bucket.id, { configs: { logging: document } }, context.actor);
  replyEmpty(context.response, 200);
}

/** @throws Fault InvalidTargetBucketForLogging, AccessDenied, AccessControlListNotSupported, InvalidArgument */
async function checked(context: S3Context, source: Bucket, logging: LoggingConfiguration): Promise<StoredLogging> {
  const target = await context.findBucket(logging.targetBucket);
  const why = target === undefined ? 'The target bucket for logging does not exist' : cannotTakeLogs(source, target);
  if (target === undefined || why !== undefined) {
    throw new Fault('InvalidTargetBucketForLogging', why ?? '', { detail: { TargetBucket: logging.targetBucket } });
  }
  const { readBucketAccess } = context.access;
  const acl = await grantsOf(context, logging, readBucketAccess(target).ownership);
  const atMs = context.clock.now();
  const key = logKey(logging, source, { atMs, eventDayMs: atMs, unique: '0'.repeat(16) });
  if (!mayDeliver(readBucketAccess, { source, target }, { prefix: logging.targetPrefix, key })) {
    throw new Fault(
      'AccessDenied',
      'The target bucket does not let the log in: its policy must allow s3:PutObject to the service logging.s3.amazonaws.com, or its list must let the group LogDelivery write.',
    );
  }
  return { ...logging, acl };
}

/** The list that log objects get. The owner of their bucket owns them, whatever it says. */
async function grantsOf(context: S3Context, { grants }: LoggingConfiguration, ownership: string): Promise<Acl | null> {
  if (grants.length === 0) return null;
  if (ownership === 'BucketOwnerEnforced') {
    throw new Fault('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
  const requested = grants.map(({ grantee, permission }): RequestedGrant => {
    if (grantee.type === 'CanonicalUser') return { grantee: { kind: 'id', id: grantee.id }, permission };
    if (grantee.type === 'Group') return { grantee: { kind: 'uri', uri: grantee.uri }, permission };
    return { grantee: { kind: 'email', email: grantee.email }, permission };
  });
  return await resolveGrants(context.access.directory, requested);
}
