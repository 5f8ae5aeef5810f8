import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket, ObjectVersion, Retention, VersionAttributes } from '@sealgate/core/ports';
import { type DefaultRetention, formatRetainUntil, headerValue, parseLockHeaders } from '@sealgate/s3';
import { isAllowed } from './access/ask.ts';
import type { S3Context } from './context.ts';
import { requireDigest } from './required-digest.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export function missingLockConfiguration(): Fault {
  return new Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration');
}

/**
 * How long the version that a request makes is locked: as its headers say, else by the bucket's default.
 * @throws Fault InvalidArgument, InvalidRequest (no object lock in this bucket)
 */
export function requestedLock(context: S3Context, bucket: Bucket): Pick<VersionAttributes, 'retention' | 'legalHold'> {
  const said = parseLockHeaders(context.headers);
  const { retention, legalHold = null } = said;
  if (!bucket.objectLock) {
    if (retention !== undefined || legalHold !== null) throw missingLockConfiguration();
    return { retention: null, legalHold: null };
  }
  const now = context.clock.now();
  if (retention !== undefined) requireFuture(retention, now);
  return { retention: retention ?? retentionFrom(defaultRetention(bucket), now), legalHold };
}

/**
 * What nobody can remove must not be stored broken: a write under retention carries a digest of its body. A signature
 * over the body is one.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 * @throws Fault InvalidRequest
 */
export function requireDigestUnderLock(context: S3Context, bucket: Bucket): void {
  const { kind } = context.payload;
  if (kind === 'signed' || kind === 'streaming-signed') return;
  if (requestedLock(context, bucket).retention !== null) requireDigest(context);
}

/** @throws Fault InvalidArgument */
export function requireFuture(retention: Retention, now: number): void {
  if (retention.untilMs > now) return;
  throw new Fault('InvalidArgument', 'The retain until date must be in the future!', {
    detail: {
      ArgumentName: 'x-amz-object-lock-retain-until-date',
      ArgumentValue: formatRetainUntil(retention.untilMs),
    },
  });
}

/** The bucket's default as PutObjectLockConfiguration keeps it. */
export function defaultRetention(bucket: Bucket): DefaultRetention | null {
  const document = bucket.configs['object-lock'];
  return document === undefined ? null : (JSON.parse(document) as DefaultRetention);
}

/** Years are those of the calendar, so that a year is never a day short of one. */
export function retentionFrom(rule: DefaultRetention | null, now: number): Retention | null {
  if (rule === null) return null;
  if (rule.unit === 'days') return { mode: rule.mode, untilMs: now + rule.count * DAY_MS };
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + rule.count);
  return { mode: rule.mode, untilMs: until.getTime() };
}

/** True when the request asks to bypass GOVERNANCE retention and its caller may. */
export function bypassesGovernance(context: S3Context, bucket: Bucket, key: ObjectKey): boolean {
  const asked = headerValue(context.headers, 'x-amz-bypass-governance-retention')?.toLowerCase() === 'true';
  return asked && mayBypassGovernance(context, bucket, key);
}

/** Whether the caller has `s3:BypassGovernanceRetention`, as the tenant that owns the bucket does. */
function mayBypassGovernance(context: S3Context, bucket: Bucket, key: ObjectKey): boolean {
  return isAllowed(context, { action: 's3:BypassGovernanceRetention', bucket, key });
}

/** What a read says of the lock, as far as its caller may know. */
export function lockHeaders(
  context: S3Context,
  bucket: Bucket,
  version: ObjectVersion,
): Readonly<Record<string, string>> {
  const { retention, legalHold } = version.attributes;
  const may = (action: 's3:GetObjectRetention' | 's3:GetObjectLegalHold'): boolean =>
    isAllowed(context, { action, bucket, key: version.key, version });
  return {
    ...(retention === null || !may('s3:GetObjectRetention')
      ? {}
      : {
          'x-amz-object-lock-mode': retention.mode,
          'x-amz-object-lock-retain-until-date': formatRetainUntil(retention.untilMs),
        }),
    ...(legalHold === null || !may('s3:GetObjectLegalHold')
      ? {}
      : { 'x-amz-object-lock-legal-hold': legalHold ? 'ON' : 'OFF' }),
  };
}
