import { SealError } from '../format/codes.ts';
import type { EnvelopeRecipient, KeyAlgorithm } from './recipient.ts';

/** What the keyring says about a public key. */
export interface KnownRecipient {
  readonly keyAlg: KeyAlgorithm;
  /** RSA only: the wrapped key of this recipient must be as long. */
  readonly modulusBytes?: number;
}

export interface RecipientPolicy {
  /** Key ids that every envelope must have, for example an offline recovery key. */
  readonly requiredRecipients?: readonly string[];
  /** The keys that may be recipients, by key id. Absent: any key. */
  readonly knownRecipients?: ReadonlyMap<string, KnownRecipient>;
  /** What may wrap the content key. Absent: everything that the format knows. */
  readonly allowedKeyAlgorithms?: readonly string[];
}

/** @throws SealError `recipient-unknown`, `recipient-missing`, `unsupported`, `malformed-envelope` */
export function checkRecipients(recipients: readonly EnvelopeRecipient[], policy: RecipientPolicy): void {
  if (policy.knownRecipients !== undefined) {
    for (const recipient of recipients) {
      const known = policy.knownRecipients.get(recipient.keyId);
      if (known === undefined) throw new SealError('recipient-unknown');
      const length = known.modulusBytes ?? recipient.wrappedBytes;
      if (known.keyAlg !== recipient.keyAlg || length !== recipient.wrappedBytes) {
        throw new SealError('malformed-envelope', 'A recipient does not fit its key.');
      }
    }
  }
  if (recipients.some(({ keyAlg }) => policy.allowedKeyAlgorithms?.includes(keyAlg) === false)) {
    throw new SealError('unsupported', 'The policy of the bucket does not allow this key algorithm.');
  }
  const present = new Set(recipients.map(({ keyId }) => keyId));
  if (policy.requiredRecipients?.every((keyId) => present.has(keyId)) === false) {
    throw new SealError('recipient-missing');
  }
}
