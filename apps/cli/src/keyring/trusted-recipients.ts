import type { RecipientKey } from '@sealgate/client';
import { type Keyring, recipientPolicyOf } from '@sealgate/sealed/keyring';
import { importPublicKey } from '@sealgate/sealed/keys';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

/**
 * The chosen recipients as the keyring allows them, and behind them those that it requires.
 * @throws CliError for a key that is not in the keyring, not in use there, or of an algorithm that it does not allow
 */
export async function trustedRecipients(
  keyring: Keyring,
  chosen: readonly RecipientKey[],
  nowMs: number,
): Promise<readonly RecipientKey[]> {
  const policy = recipientPolicyOf(keyring, Math.floor(nowMs / 1000));
  for (const { keyId, keyAlg } of chosen) {
    if (!policy.knownRecipients.has(keyId)) {
      throw refused(
        `The key ${keyId} is not in use in the tenant's keyring.`,
        'Add it ("sealgate keyring add"), or choose another: sealgate keys use <key>',
      );
    }
    if (!policy.allowedKeyAlgorithms.includes(keyAlg)) {
      throw refused(`The tenant's keyring does not allow ${keyAlg}.`, 'Choose another key: sealgate keys use <key>');
    }
  }
  const have = new Set(chosen.map(({ keyId }) => keyId));
  const required = keyring.keys.filter(({ keyId }) => policy.requiredRecipients.includes(keyId) && !have.has(keyId));
  return [...chosen, ...(await Promise.all(required.map(({ jwk }) => importPublicKey(jwk))))];
}

function refused(message: string, hint: string): CliError {
  return new CliError(message, { exitCode: exitCodes.refused, hint });
}
