import {
  type AccessQuestion,
  type Decision,
  decide,
  type IdentityBounds,
  isObjectOwnersAction,
  isPolicyRepair,
  type ObjectAccess,
  type S3Action,
} from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import type { Bucket, ObjectVersion } from '@sealgate/core/ports';
import type { S3Context } from '../context.ts';
import { principalOf, writerId } from './caller.ts';
import { conditionValues, type Subject } from './condition-values.ts';

/** One right on one resource. */
export interface Asked extends Pick<Subject, 'given' | 'tags'> {
  readonly action: S3Action;
  /** Absent for what is about no bucket: then `resource` says what it is about. */
  readonly bucket?: Bucket;
  readonly resource?: string;
  /** Absent for the bucket itself. */
  readonly key?: string;
  /** What exists under the key. */
  readonly version?: ObjectVersion | undefined;
  /** The object is being written by the caller's account. */
  readonly beingWritten?: boolean;
}

const UNBOUNDED: IdentityBounds = { policy: null, sessionPolicy: null };

/** Whether the caller has the right. No input or output; what there is to know is in `asked`. */
export function ask(context: S3Context, asked: Asked): Decision {
  context.access.decided();
  return isEvident(context, asked) ? { allowed: true } : decide(questionOf(context, asked));
}

export const isAllowed = (context: S3Context, asked: Asked): boolean => ask(context, asked).allowed;

/** @throws Fault AccessDenied */
export function requireRight(context: S3Context, asked: Asked): void {
  const decision = ask(context, asked);
  if (!decision.allowed) throw accessDenied(`${asked.action}: ${decision.why}`);
}

/** Why is for the log: a stranger must not learn what a policy says. */
export function accessDenied(why: string): Fault {
  return new Fault('AccessDenied', 'Access Denied', { cause: why });
}

/** True when the caller's account owns the bucket and nothing bounds the caller. */
export function isRoot({ caller }: S3Context, bucket: Bucket): boolean {
  return (
    caller.kind === 'credential' &&
    caller.credential.policy === null &&
    caller.credential.sessionPolicy === null &&
    caller.credential.tenant.id === bucket.tenantId
  );
}

/**
 * The common case: an owner in a bucket without a policy. Its answer needs neither policies nor lists, and does not even
 * read them, so that an owner also gets at a bucket whose documents cannot be read.
 */
function isEvident(context: S3Context, { action, bucket, version }: Asked): boolean {
  if (bucket === undefined || !isRoot(context, bucket)) return false;
  if (bucket.configs.policy !== undefined && !isPolicyRepair(action)) return false;
  const ownerId = version?.attributes.ownerId ?? bucket.ownerId;
  return ownerId === bucket.ownerId || !isObjectOwnersAction(action);
}

function questionOf(context: S3Context, asked: Asked): AccessQuestion {
  const { caller, access } = context;
  const { action, bucket, key, version, given, tags } = asked;
  const principal = principalOf(caller);
  const lookup = conditionValues(context, { principal, bucket, version, given, tags });
  const object = objectOf(context, asked);
  const bounds = caller.kind === 'anonymous' ? UNBOUNDED : caller.credential;
  return {
    action,
    resource: asked.resource ?? resourceOf(bucket, key),
    caller: principal,
    identity: {
      policy: bounds.policy === null ? null : ofIdentity(context, bounds.policy),
      sessionPolicy: bounds.sessionPolicy === null ? null : ofIdentity(context, bounds.sessionPolicy),
    },
    lookup,
    ...(bucket === undefined ? {} : { bucket: access.readBucketAccess(bucket) }),
    ...(object === undefined ? {} : { object }),
  };
}

type Bound = NonNullable<IdentityBounds['policy']>;

const ofIdentity = ({ access }: S3Context, policy: string | Bound): Bound =>
  typeof policy === 'string' ? access.policies.ofIdentity(policy) : policy;

function resourceOf(bucket: Bucket | undefined, key: string | undefined): string {
  const arn = `arn:aws:s3:::${bucket?.name ?? '*'}`;
  return key === undefined ? arn : `${arn}/${key}`;
}

function objectOf({ caller }: S3Context, { version, beingWritten }: Asked): ObjectAccess | undefined {
  if (beingWritten === true) return { ownerId: writerId(caller), acl: null, beingWritten };
  if (version === undefined) return undefined;
  const { ownerId, acl } = version.attributes;
  return { ownerId, acl };
}
