import type { CompiledPolicy, EnvelopeRules, RetentionRules } from '@sealgate/core/policy';
import { stricterEncryption } from '@sealgate/core/policy';
import type { Bucket } from '@sealgate/core/ports';
import type { Engine } from '@sealgate/engine';
import type { KeyringRules, Keyrings } from '../keyrings/keyrings.ts';
import { requireBucket, type S3Context } from './context.ts';

/** A bucket as its policies want it: its encryption mode is no laxer than theirs. */
export interface GovernedBucket extends Bucket {
  readonly rules: {
    readonly envelopes: EnvelopeRules;
    readonly retention: RetentionRules;
    /** What its tenant's keyring says of recipients; undefined: it has none. */
    readonly keyring: KeyringRules | undefined;
  };
}

/**
 * The bucket that a request changes objects of, under its policies.
 * @throws Fault NoSuchBucket, AccessDenied; PolicyRefused when a policy it names does not exist
 */
export async function requireGovernedBucket(context: S3Context): Promise<GovernedBucket> {
  return await govern(context, await requireBucket(context));
}

/** @throws Fault PolicyRefused when a policy that the bucket names does not exist */
export async function govern(
  context: { readonly engine: Pick<Engine, 'policies'>; readonly keyrings: Pick<Keyrings, 'rulesOf'> },
  bucket: Bucket,
): Promise<GovernedBucket> {
  const policy = await context.engine.policies.forBucket(bucket);
  const keyring = await context.keyrings.rulesOf(bucket.tenantId);
  const known = governed.get(bucket);
  if (known?.policy === policy && known.bucket.rules.keyring === keyring) return known.bucket;
  const { encryption, envelopes, retention } = policy;
  const made = {
    ...bucket,
    encryption: stricterEncryption(bucket.encryption, encryption) ?? bucket.encryption,
    rules: { envelopes, retention, keyring },
  };
  governed.set(bucket, { policy, bucket: made });
  return made;
}

/** A bucket is a value, and so is a policy: what is remembered of the pair is as good as made anew. */
const governed = new WeakMap<Bucket, { readonly policy: CompiledPolicy; readonly bucket: GovernedBucket }>();
