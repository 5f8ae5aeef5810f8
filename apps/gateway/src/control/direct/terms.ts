import { Fault } from '@sealgate/core/faults';
import { type BackendId, parseBucketName } from '@sealgate/core/names';
import { type Bucket, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import type { DirectVersion } from '@sealgate/engine';
import type { RequestHeaders } from '@sealgate/s3';
import { defaultEncryption } from '../../s3/encryption/settings.ts';
import { type GovernedBucket, govern } from '../../s3/governed.ts';
import { admitManifest, manifestIn, requireSomeWriter, withManifest } from '../../s3/manifest.ts';
import { requestedLock } from '../../s3/object-lock.ts';
import { metadataHeaders, storedHeaders } from '../../s3/request-headers.ts';
import { watchObject } from '../../s3/seal.ts';
import type { CallContext } from '../route.ts';
import { requireAdmitted } from '../routes/jobs.ts';
import { type ControlServices, requireBucket } from '../services.ts';
import { type Declared, declaredEnvelope, type NamedObject, namedObject } from './description.ts';

/** An object to be, under the policies of its bucket. */
export interface DirectObject extends Pick<NamedObject, 'key'> {
  readonly bucket: GovernedBucket;
}

/** @throws Fault NotFound, NoSuchBucket, ValidationFailed */
export async function requireObject(
  services: ControlServices,
  said: Parameters<typeof namedObject>[0],
): Promise<DirectObject> {
  const { tenant, bucket, key } = namedObject(said);
  const found = await requireBucket(services, tenant, parseBucketName(bucket));
  return { key, bucket: await govern(services, found) };
}

/**
 * What a bucket asks of an object before its bytes are known: refused now, nothing need be uploaded.
 * @throws Fault EncryptionRequired, ManifestRequired, PolicyRefused, InvalidRequest, ValidationFailed
 */
export function requireAcceptable(
  services: ControlServices,
  { bucket, key }: DirectObject,
  said: {
    readonly headers: RequestHeaders;
    readonly bytes: number;
    readonly envelope: boolean;
    readonly digest: boolean;
  },
): void {
  requireSomeWriter(bucket);
  // Where it is not said yet, the commit says it.
  if (said.envelope)
    watchObject(bucket, key, { metadata: metadataHeaders(said.headers), bytes: said.bytes, hold: true });
  const { retention } = requestedLock({ headers: {}, clock: services.clock }, bucket);
  if (retention === null || said.digest) return;
  throw new Fault('InvalidRequest', 'Versions of this bucket are retained: say the sha256 or md5 of what is uploaded.');
}

/** Everything about a version but its bytes. */
export async function versionOf(
  services: ControlServices,
  { bucket, key }: DirectObject,
  said: Declared & {
    readonly headers: RequestHeaders;
    readonly told: DirectVersion['told'];
    readonly ifNoneMatch: boolean;
    readonly tags: Readonly<Record<string, string>> | null;
    readonly targets: readonly BackendId[];
    readonly encryptionRequired: boolean;
    readonly context: CallContext;
  },
): Promise<DirectVersion> {
  const { headers, encryptionRequired, context } = said;
  const targets = [...new Set(said.targets)];
  if (targets.length > 0) await requireAdmitted(services, bucket, { targets, tags: said.tags });
  const declared = declaredEnvelope(said);
  // Its root is over all bytes, and not all of them pass by here.
  const metadata = metadataHeaders(headers);
  const manifest = await admitManifest(bucket, manifestIn(headers));
  return {
    bucket,
    key,
    told: said.told,
    headers: storedHeaders(headers),
    attributes: { ...PLAIN_ATTRIBUTES, ...requestedLock({ headers: {}, clock: services.clock }, bucket) },
    preconditions: said.ifNoneMatch ? { ifNoneMatch: '*' } : {},
    watch(bytes) {
      const held = watchObject(bucket, key, { metadata, bytes, hold: true });
      const seal = withManifest(held, { headers, manifest }, { bucket, key, bytes });
      return {
        push: (chunk) => seal.push(chunk),
        finish() {
          const { verdict, envelope } = seal.finish();
          const sealed = verdict?.startsWith('sealed:') === true;
          requireSecret(services, bucket, { sealed, declared: declared !== null, encryptionRequired });
          return { verdict, envelope: verdict === 'sealed:sgo1' ? envelope : (declared ?? envelope) };
        },
      };
    },
    job: targets.length === 0 ? null : { tenantId: bucket.tenantId, targets, encryptionRequired },
    actor: context.actor,
    signal: context.signal,
  };
}

/** What goes past the gateway it cannot encrypt. @throws Fault EncryptionRequired */
function requireSecret(
  services: Pick<ControlServices, 'encryptsByDefault'>,
  bucket: Bucket,
  found: { readonly sealed: boolean; readonly declared: boolean; readonly encryptionRequired: boolean },
): void {
  if (found.sealed) return;
  if (found.encryptionRequired) {
    throw new Fault('EncryptionRequired', 'The object is not sealed, and the request asks for that.');
  }
  const byDefault = services.encryptsByDefault ? 'SSE-S3' : 'none';
  if (found.declared || defaultEncryption({ byDefault }, bucket) === 'none') return;
  throw new Fault(
    'EncryptionRequired',
    'The gateway encrypts what the clients of this bucket do not, and what is uploaded past it it cannot. Seal the object, or say how it is encrypted (encrypted_key, key_id, key_alg).',
    { rule: 'direct.encryption' },
  );
}
