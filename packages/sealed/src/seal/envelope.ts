import type { GeneralJWE } from 'jose';
import { GeneralEncrypt } from 'jose';
import type { Bytes } from '../format/bytes.ts';
import { toBase64url, utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { maxRecipients } from '../format/limits.ts';
import type { ParsedEnvelope } from '../inspect/envelope.ts';
import { envelopeType, parseEnvelope } from '../inspect/envelope.ts';
import type { ObjectNames } from '../inspect/names.ts';
import { contextHash } from '../inspect/names.ts';
import type { RecipientKey } from '../keys/recipient-key.ts';

/** What an envelope binds together. */
export interface EnvelopeContent {
  readonly dataKey: Bytes;
  readonly names: ObjectNames;
  readonly envelopeId: Uint8Array;
  /** SHA-256 of the body's 128-byte header. */
  readonly headerDigest: Uint8Array;
}

/**
 * Wraps a data key for each recipient, the first being the primary one.
 * @throws SealError `invalid-argument` (no or two equal recipients), `limit-exceeded`
 */
export async function sealEnvelope(
  content: EnvelopeContent,
  recipients: readonly RecipientKey[],
): Promise<ParsedEnvelope> {
  if (recipients.length === 0) throw new SealError('invalid-argument', 'An envelope needs a recipient.');
  if (recipients.length > maxRecipients) throw new SealError('limit-exceeded', 'Too many recipients.');
  if (new Set(recipients.map(({ keyId }) => keyId)).size !== recipients.length) {
    throw new SealError('invalid-argument', 'Two recipients are the same key.');
  }
  const { tenant, bucket, key } = content.names;
  const payload = utf8(JSON.stringify({ dk: toBase64url(content.dataKey), n: [tenant, bucket, key] }));
  const jwe = new GeneralEncrypt(payload).setProtectedHeader({
    enc: 'A256GCM',
    typ: envelopeType,
    sg: {
      v: 1,
      eid: toBase64url(content.envelopeId),
      hdr: toBase64url(content.headerDigest),
      ctx: toBase64url(contextHash(content.names)),
    },
  });
  for (const { publicKey, keyAlg, keyId } of recipients) {
    jwe.addRecipient(publicKey).setUnprotectedHeader({ alg: keyAlg, kid: keyId });
  }
  const sealed: GeneralJWE = await jwe.encrypt();
  payload.fill(0);
  // Our own reader's checks, so that no envelope leaves that a gateway would refuse.
  return parseEnvelope(JSON.stringify(sealed));
}
