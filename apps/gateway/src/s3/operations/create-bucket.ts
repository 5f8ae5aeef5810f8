import { Fault, isFault } from '@sealgate/core/faults';
import { parseRegionLock, resolveClass } from '@sealgate/core/policy';
import type { EncryptionMode, NewBucket } from '@sealgate/core/ports';
import { headerValue, parseCreateBucketConfiguration } from '@sealgate/s3';
import { tenantOf } from '../access/caller.ts';
import { authorizeNewBucket, requestedAccess } from '../access/new-bucket.ts';
import { readWholeBody } from '../body.ts';
import type { S3Context } from '../context.ts';
import { replyEmpty } from '../reply.ts';
import { tagRecord } from '../tags.ts';

/** Names for "where you are" that tools send without meaning a residency. */
const NO_LOCK = new Set(['', 'default', 'us-east-1']);

/**
 * `LocationConstraint` may name the gateway's region or carry a residency list (`FI,DE`, `EU`), `x-sealgate-policy` a
 * policy.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
export async function createBucket(context: S3Context): Promise<void> {
  const { operation, headers, region } = context;
  const tenant = tenantOf(context.caller);
  if (operation.level !== 'bucket') throw new Fault('InvalidRequest', 'The request names no bucket.');
  const configuration = parseCreateBucketConfiguration(await readWholeBody(context));
  const { locationConstraint, tags } = configuration;
  authorizeNewBucket(context, operation.bucket, configuration);
  const policyName = await existingPolicy(context, headerValue(headers, 'x-sealgate-policy'));
  const bucket: NewBucket = {
    tenantId: tenant.id,
    name: operation.bucket,
    region,
    locationConstraint: locationConstraint ?? region,
    encryption: encryptionMode(headerValue(headers, 'x-sealgate-encryption'), tenant.defaultEncryption),
    objectLock: headerValue(headers, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true',
    policyName,
    regionLock: residency(locationConstraint ?? '', region),
    defaultClass: headerValue(headers, 'x-sealgate-redundancy-class') ?? null,
    configs: {
      ...(await requestedAccess(context)),
      ...(tags.length === 0 ? {} : { tagging: JSON.stringify(tagRecord(tags)) }),
    },
  };
  await requireClass(context, bucket);
  await createOrKeep(context, bucket);
  context.response.setHeader('location', `/${operation.bucket}`);
  replyEmpty(context.response, 200);
}

/** A class that is not offered would have every later write refused. A bucket that is there stays as it is. */
async function requireClass({ engine, metadata, namespace }: S3Context, bucket: NewBucket): Promise<void> {
  const { defaultClass, name } = bucket;
  if (defaultClass === null || (await metadata.bucket(namespace, name)) !== undefined) return;
  resolveClass(await engine.policies.unbound(bucket), defaultClass);
}

/**
 * Making one's own bucket again changes nothing and succeeds, as in AWS's oldest region, on which tools rely; with other
 * settings it is refused.
 */
async function createOrKeep(context: S3Context, bucket: NewBucket): Promise<void> {
  try {
    await context.metadata.createBucket(bucket, context.actor);
  } catch (error) {
    if (!isFault(error, 'BucketAlreadyOwnedByYou')) throw error;
    const existing = await context.metadata.bucket(context.namespace, bucket.name);
    const same =
      existing?.tenantId === bucket.tenantId &&
      existing.locationConstraint === bucket.locationConstraint &&
      existing.encryption === bucket.encryption &&
      existing.objectLock === bucket.objectLock &&
      existing.policyName === bucket.policyName &&
      existing.defaultClass === bucket.defaultClass;
    if (!same) throw error;
    // Who asks for another list than the bucket has is told that the name is not to be had, not that all is well.
    if (existing.configs.acl !== bucket.configs.acl) {
      throw new Fault('BucketAlreadyExists', 'The requested bucket name is not available.', { cause: error });
    }
  }
}

function residency(constraint: string, region: string): readonly string[] {
  if (constraint === region || NO_LOCK.has(constraint)) return [];
  try {
    return parseRegionLock(constraint);
  } catch (error) {
    if (!isFault(error)) throw error;
    throw new Fault(
      'InvalidLocationConstraint',
      `The specified location-constraint is not valid. Use "${region}", or a list of jurisdictions and countries such as EU or FI,DE.`,
      { detail: { LocationConstraint: constraint.slice(0, 128) }, cause: error },
    );
  }
}

const STRICTNESS: readonly EncryptionMode[] = ['off', 'report', 'required'];

/** A client may ask for a stricter mode than its tenant's default, never for a laxer one. */
function encryptionMode(asked: string | undefined, tenantDefault: EncryptionMode): EncryptionMode {
  if (asked === undefined) return tenantDefault;
  const mode = STRICTNESS.find((known) => known === asked);
  if (mode === undefined) throw new Fault('InvalidArgument', 'x-sealgate-encryption must be required, report or off.');
  if (STRICTNESS.indexOf(mode) < STRICTNESS.indexOf(tenantDefault)) {
    throw new Fault('AccessDenied', `Your tenant's buckets use encryption mode ${tenantDefault} or stricter.`);
  }
  return mode;
}

async function existingPolicy(context: S3Context, name: string | undefined): Promise<string | null> {
  if (name === undefined) return null;
  if ((await context.metadata.policy(name)) === undefined) {
    throw new Fault('InvalidArgument', 'x-sealgate-policy names a policy that does not exist.', {
      detail: { ArgumentName: 'x-sealgate-policy', ArgumentValue: name.slice(0, 64) },
    });
  }
  return name;
}
