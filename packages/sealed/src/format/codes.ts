/** The one table of what can be wrong with a sealed object, its envelope or a key. Codes are stable; texts are not. */
const descriptions = {
  'invalid-argument': 'The caller broke the contract of the function.',
  'envelope-missing': 'The request carries no key envelope.',
  'malformed-envelope': 'The key envelope is not what the format prescribes.',
  'limit-exceeded': 'A size or count is above its bound.',
  unsupported: 'A version, suite or algorithm that this reader does not accept.',
  'recipient-unknown': 'The envelope names a recipient key that is not in the keyring.',
  'recipient-missing': 'A recipient that the policy requires is not in the envelope.',
  'not-sealed': 'The body is neither a sealed object nor a known encrypted format.',
  'format-not-allowed': 'An encrypted format that this bucket does not accept.',
  'malformed-header': 'The header of the body is not what the format prescribes.',
  'malformed-body': 'A segment marker or packet structure of the body is wrong.',
  'looks-like-plaintext': 'What should be ciphertext is far from random.',
  'envelope-mismatch': 'The envelope was made for another body.',
  'not-for-this-object': 'The envelope was made for another tenant, bucket or key.',
  'length-mismatch': 'The length differs from what was declared.',
  truncated: 'The body ends too early.',
  'trailing-bytes': 'The body goes on after its final segment.',
  'part-size': 'A part of a multipart upload does not end at a segment boundary.',
  'wrong-key': 'None of the given private keys opens this object.',
  corrupt: 'A segment failed authentication.',
  'range-not-satisfiable': 'The range lies outside the object.',
  'malformed-key': 'The key cannot be read.',
  'weak-key': 'The key is of an accepted kind but too weak.',
  'key-id-mismatch': 'The key identifier is not the thumbprint of the key.',
  'wrong-passphrase': 'The passphrase does not open this key.',
  'malformed-manifest': 'The manifest is not what the format prescribes.',
  'manifest-missing': 'The object has no manifest that says who wrote it.',
  'manifest-mismatch': 'The manifest was made for another body.',
  'untrusted-writer': 'The manifest is signed by a key that is not trusted.',
  'revoked-writer': 'The manifest is signed by a key that was revoked.',
  'bad-signature': 'The signature of the manifest is wrong.',
  'rolled-back': 'A newer version of the object was seen before.',
  'malformed-keyring': 'The keyring is not what the format prescribes.',
  'keyring-missing': 'There is no keyring.',
  'keyring-untrusted': 'The keyring cannot be believed.',
  'keyring-rollback': 'The keyring is older than one that was seen before.',
  'keyring-forked': 'There are two keyrings where one must follow the other.',
  'random-failure': 'The random number source returned zeros.',
} as const;

export type SealErrorCode = keyof typeof descriptions;

export const sealErrorCodes: Readonly<Record<SealErrorCode, string>> = descriptions;

/**
 * The one error of this package. `code` is stable and machine readable. The message never carries key material, names
 * of objects or plaintext; `cause` is for logs on the machine that holds the keys.
 */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: SealErrorCode;

  constructor(code: SealErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? descriptions[code] : `${descriptions[code]} ${detail}`, options);
    this.code = code;
  }
}
