import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import type { RetentionRules } from '@sealgate/core/policy';
import type { Bucket, ObjectVersion, Retention, VersionAttributes } from '@sealgate/core/ports';
import { type DefaultRetention, formatRetainUntil, headerValue, parseLockHeaders } from '@sealgate/s3';
import { isAllowed } from './access/ask.ts';
import type { S3Context } from './context.ts';
import type { GovernedBucket } from './governed.ts';
import { requireDigest } from './required-digest.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const CLOCK_GRACE_MS = 60_000;

export function missingLockConfiguration(): Fault {
  return new Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration');
}

/**
 * How long the version that a request makes is locked: as its headers say, else by the bucket's default, else by the
 * policies' one. What nobody asked for is brought within the policies' bounds; what was asked for is refused outside.
 * @throws Fault InvalidArgument, InvalidRequest (no object lock in this bucket), PolicyRefused
 */
export function requestedLock(
  context: Pick<S3Context, 'headers' | 'clock'>,
  bucket: GovernedBucket,
): Pick<VersionAttributes, 'retention' | 'legalHold'> {
  const said = parseLockHeaders(context.headers);
  const { retention, legalHold = null } = said;
  const rules = bucket.rules.retention;
  if (!bucket.objectLock) {
    if (retention !== undefined || legalHold !== null) throw missingLockConfiguration();
    if (rules.minimumDays > 0) throw needsLock(rules);
    return { retention: null, legalHold: null };
  }
  const now = context.clock.now();
  if (retention === undefined) {
    const byBucket = retentionFrom(defaultRetention(bucket), now);
    return { retention: withinRules(rules, byBucket, now), legalHold };
  }
  requireFuture(retention, now);
  requireWithinRules(rules, retention, { now, bornMs: now });
  return { retention, legalHold };
}

/**
 * What nobody can remove must not be stored broken: a write under retention carries a digest of its body. A signature
 * over the body is one.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 * @throws Fault InvalidRequest
 */
export function requireDigestUnderLock(context: S3Context, bucket: GovernedBucket): void {
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

/**
 * @param when.bornMs when the version was made: the least time counts from then
 * @throws Fault PolicyRefused
 */
export function requireWithinRules(
  rules: RetentionRules,
  retention: Retention | null,
  when: { readonly now: number; readonly bornMs: number },
): void {
  const { minimumDays, maximumDays, mode } = rules;
  const leastMs = when.bornMs + minimumDays * DAY_MS;
  // A minute's grace: clients write the date by their own clocks, and S3's has whole seconds.
  if (minimumDays > 0 && leastMs > when.now && (retention?.untilMs ?? 0) < leastMs - CLOCK_GRACE_MS) {
    throw refusedRetention('minimumDays', `versions are retained for ${minimumDays} days at least`);
  }
  if (retention === null) return;
  if (maximumDays !== null && retention.untilMs > when.now + maximumDays * DAY_MS + CLOCK_GRACE_MS) {
    throw refusedRetention('maximumDays', `no version is retained for more than ${maximumDays} days`);
  }
  if (mode === 'COMPLIANCE' && retention.mode === 'GOVERNANCE')
    throw refusedRetention('mode', 'retention is COMPLIANCE');
}

/** What a version gets that says nothing itself. */
function withinRules(rules: RetentionRules, wanted: Retention | null, now: number): Retention | null {
  const { minimumDays, maximumDays, byDefault, mode } = rules;
  const given = wanted ?? (byDefault && { mode: byDefault.mode, untilMs: now + byDefault.days * DAY_MS });
  if (given === null && minimumDays === 0) return null;
  const least = Math.max(given?.untilMs ?? 0, now + minimumDays * DAY_MS);
  return {
    mode: mode === 'COMPLIANCE' ? mode : (given?.mode ?? 'GOVERNANCE'),
    untilMs: maximumDays === null ? least : Math.min(least, now + maximumDays * DAY_MS),
  };
}

function needsLock({ minimumDays }: RetentionRules): Fault {
  return refusedRetention(
    'minimumDays',
    `versions are retained for ${minimumDays} days at least, and this bucket has no object lock`,
  );
}

function refusedRetention(member: string, what: string): Fault {
  const rule = `objectLock.retention.${member}`;
  return new Fault('PolicyRefused', `The policy of this bucket says that ${what} (rule ${rule}).`, {
    rule,
    detail: { Rule: rule },
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
