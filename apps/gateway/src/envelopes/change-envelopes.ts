import { decodeVersionId, type ObjectKey, type VersionId } from '@sealgate/core/names';
import {
  type AuditActor,
  type Bucket,
  type EnvelopeOutcome,
  type EnvelopeRecord,
  type Metadata,
  type ObjectVersion,
  SEALED_FORMAT,
} from '@sealgate/core/ports';
import type { Engine } from '@sealgate/engine';
import {
  checkEnvelope,
  parseEnvelope,
  SealError,
  type SealErrorCode,
  summariseEnvelope,
} from '@sealgate/sealed/inspect';
import type { Keyrings } from '../keyrings/keyrings.ts';
import { type GovernedBucket, govern } from '../s3/governed.ts';
import { inspectionOf, isSameBody, toRecord } from '../s3/seal.ts';

/** Another envelope that somebody wants for a version. */
export interface WantedEnvelope {
  readonly key: ObjectKey;
  /** Absent: the current version. */
  readonly versionId?: VersionId | 'null';
  /** What its envelope must still say; without the id of its key only the version of that. */
  readonly expected: { readonly keyId?: string; readonly keyVersion: number };
  /** JSON, as docs/spec/sealed-objects.md has it. */
  readonly envelope: string;
  /** Of the new primary key in its owner's keyring. */
  readonly keyVersion: number;
}

export type EnvelopeAnswer =
  | { readonly outcome: Exclude<EnvelopeOutcome, 'changed'> }
  | { readonly outcome: 'changed'; readonly envelope: EnvelopeRecord }
  /** The new envelope is none for this object, or not one that the bucket takes. */
  | { readonly outcome: 'refused'; readonly reason: SealErrorCode; readonly message: string };

interface Judged {
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly expected: { readonly keyId: string; readonly keyVersion: number };
  readonly envelope: EnvelopeRecord;
}

/**
 * Rotation of keys, without a key and without a byte of the objects: each version gets another envelope if its own is still
 * the expected one, and if the new one is for this very object and body and such as the bucket takes from a PUT. Whether it
 * holds the same data key nobody here can tell; its owner's client does (docs/spec/keys.md).
 *
 * @param request.wanted no version twice, at most ENVELOPES_AT_ONCE_MAX
 * @returns what became of each, in their order
 * @throws Fault NoSuchBucket, PolicyRefused (a policy that the bucket names does not exist)
 */
export async function changeEnvelopes(
  services: {
    readonly metadata: Metadata;
    readonly engine: Pick<Engine, 'policies'>;
    readonly keyrings: Pick<Keyrings, 'rulesOf'>;
  },
  bucket: Bucket,
  request: {
    readonly wanted: readonly WantedEnvelope[];
    readonly bypassGovernance: boolean;
    readonly actor: AuditActor;
  },
): Promise<readonly EnvelopeAnswer[]> {
  const { metadata } = services;
  const { wanted, bypassGovernance, actor } = request;
  const governed = await govern(services, bucket);
  const versions = await findVersions(metadata, bucket.id, wanted);
  const answers = wanted.map((one, at) => judge(governed, one, versions[at]));
  const judged = answers.filter((answer): answer is Judged => !('outcome' in answer));
  const changes = { bucketId: bucket.id, changes: judged, bypassGovernance, actor };
  const outcomes = (await metadata.changeEnvelopes(changes)).values();
  return answers.map((answer): EnvelopeAnswer => {
    if ('outcome' in answer) return answer;
    const outcome = outcomes.next().value ?? 'gone';
    return outcome === 'changed' ? { outcome, envelope: answer.envelope } : { outcome };
  });
}

/** In the order of what is wanted. Named versions come in one call, current ones one by one. */
async function findVersions(
  metadata: Pick<Metadata, 'versionsAt' | 'currentVersion'>,
  bucketId: number,
  wanted: readonly WantedEnvelope[],
): Promise<readonly (ObjectVersion | undefined)[]> {
  // A null version is found by its key, whatever number is asked for.
  const places = wanted.flatMap(({ key, versionId }) => {
    const seq = versionId === 'null' ? 0n : versionId === undefined ? undefined : decodeVersionId(versionId)?.seq;
    return seq === undefined ? [] : [{ key, seq }];
  });
  const found = places.length === 0 ? [] : await metadata.versionsAt(bucketId, places);
  const named = new Map(found.map((version) => [`${version.versionId}/${version.key}`, version]));
  return Promise.all(
    wanted.map(async ({ key, versionId }) =>
      versionId === undefined ? await metadata.currentVersion(bucketId, key) : named.get(`${versionId}/${key}`),
    ),
  );
}

function judge(
  bucket: GovernedBucket,
  wanted: WantedEnvelope,
  version: ObjectVersion | undefined,
): Judged | EnvelopeAnswer {
  const { key, expected } = wanted;
  const old = version?.envelope ?? null;
  if (version === undefined || old?.encryptionAlg !== SEALED_FORMAT) return { outcome: 'gone' };
  const { keyId = old.keyId, keyVersion } = expected;
  if (keyId !== old.keyId || keyVersion !== old.keyVersion) return { outcome: 'conflict' };
  try {
    const policy = inspectionOf(bucket);
    if (policy.takesSealed === false) throw new SealError('format-not-allowed');
    const envelope = parseEnvelope(wanted.envelope);
    checkEnvelope(envelope, { tenant: bucket.tenantName, bucket: bucket.name, key }, policy);
    const record = toRecord(summariseEnvelope({ envelope, keyVersion: wanted.keyVersion }));
    if (!isSameBody(old, record)) throw new SealError('envelope-mismatch');
    return { key, seq: version.seq, expected: { keyId, keyVersion }, envelope: record };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return { outcome: 'refused', reason: error.code, message: error.message };
  }
}
