import { Fault } from '@sealgate/core/faults';
import type { ObjectVersion } from '@sealgate/core/ports';
import { headerValue, parseWriteConditions, type RequestHeaders } from '@sealgate/s3';
import { type EnvelopeMetadata, envelopeFromMetadata } from '@sealgate/sealed/inspect';
import { changeEnvelopes, type EnvelopeAnswer } from '../../envelopes/change-envelopes.ts';
import { readWholeBody } from '../../s3/body.ts';
import { requireBucket, requireKey, type S3Context } from '../../s3/context.ts';
import { bypassesGovernance } from '../../s3/object-lock.ts';
import { replyEmpty, setHeaders } from '../../s3/reply.ts';
import { metadataHeaders } from '../../s3/request-headers.ts';
import { findVersion, parseVersionId } from '../../s3/version-query.ts';
import { expectedHeaders, keyVersionOf, objectHeaders } from './object-headers.ts';

/** `PATCH /objects/{bucket}/{key}`: another envelope for the same bytes. */
export async function rewrapObject(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const key = requireKey(context);
  const { headers, response } = context;
  if ((await readWholeBody(context)).length > 0) {
    throw new Fault('ValidationFailed', 'PATCH brings an envelope and no body: the bytes stay.');
  }
  const wanted = envelopeFromMetadata(metadataHeaders(headers));
  if (wanted === undefined)
    throw new Fault('ValidationFailed', `Bring the new envelope in ${objectHeaders.encryptedKey}.`);
  const expected = expectedOf(headers, wanted);
  const asked = parseVersionId(context);
  const version = await findVersion(context, { bucket, key, versionId: asked });
  requireConditions(headers, version);
  const [answer] = await changeEnvelopes(context, bucket, {
    wanted: [
      { key, versionId: version.versionId, expected, envelope: wanted.envelope.text, keyVersion: wanted.keyVersion },
    ],
    bypassGovernance: bypassesGovernance(context, bucket, key),
    actor: context.actor,
  });
  const envelope = changed(answer, expected.keyVersion);
  if (bucket.versioning !== 'off') response.setHeader('x-amz-version-id', version.versionId);
  response.setHeader('etag', `"${version.etag}"`);
  setHeaders(response, context.headersOfVersion({ ...version, envelope }));
  replyEmpty(response, 204);
}

/**
 * What the envelope there must still say. Without a header of its own the version before the new one: a rotation that
 * somebody else made meanwhile, or that was made already, is not made over.
 */
function expectedOf(headers: RequestHeaders, wanted: EnvelopeMetadata) {
  const keyId = headerValue(headers, expectedHeaders.keyId);
  if (headers[expectedHeaders.keyVersion] === undefined && wanted.keyVersion === 1) {
    throw new Fault('ValidationFailed', `Say which key version is to be replaced (${expectedHeaders.keyVersion}).`);
  }
  const keyVersion = keyVersionOf(headers, expectedHeaders.keyVersion) ?? wanted.keyVersion - 1;
  return { keyVersion, ...(keyId === undefined ? {} : { keyId }) };
}

function requireConditions(headers: RequestHeaders, { etag }: ObjectVersion): void {
  const { ifMatch, ifNoneMatch } = parseWriteConditions(headers);
  if (ifNoneMatch !== undefined) throw new Fault('ValidationFailed', 'An envelope is changed only where an object is.');
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === etag) return;
  throw new Fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
}

/** @throws Fault for every outcome but a change */
function changed(answer: EnvelopeAnswer | undefined, keyVersion: number) {
  switch (answer?.outcome) {
    case 'changed':
      return answer.envelope;
    case 'conflict':
      throw new Fault(
        'PreconditionFailed',
        `The envelope is not the expected one of key version ${keyVersion} (any more).`,
      );
    case 'locked':
      throw new Fault('AccessDenied', 'Access Denied because object protected by object lock.');
    case 'refused':
      throw new Fault(
        'EncryptionRequired',
        `The envelope is not one for this object that the bucket takes (${answer.message}).`,
        {
          rule: 'encryption.envelope',
          detail: { Reason: answer.reason },
        },
      );
    default:
      throw new Fault('Conflict', 'The object has no envelope apart from its body that could be replaced.');
  }
}
