import { SealError } from '../format/codes.ts';

/** Members that an S3EC instruction file may have. The content members c, d, i of version 3 would be tampering. */
const allowed: readonly string[] = [
  'x-amz-key',
  'x-amz-key-v2',
  'x-amz-iv',
  'x-amz-matdesc',
  'x-amz-wrap-alg',
  'x-amz-cek-alg',
  'x-amz-tag-len',
  'x-amz-unencrypted-content-length',
  'x-amz-3',
  'x-amz-w',
  'x-amz-m',
  'x-amz-t',
];
const wrappedKeys = ['x-amz-key', 'x-amz-key-v2', 'x-amz-3'];

export const instructionFileSuffix = '.instruction';

/**
 * An instruction file is the one plaintext that a strict bucket may hold, so it must be nothing else.
 * @returns its wrapped key
 * @throws SealError `malformed-envelope`
 */
export function checkInstructionFile(bytes: Uint8Array): string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SealError('malformed-envelope', 'The instruction file is not JSON.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SealError('malformed-envelope', 'The instruction file is not an object.');
  }
  const members = Object.entries(value);
  if (members.some(([name, member]) => !allowed.includes(name) || typeof member !== 'string')) {
    throw new SealError('malformed-envelope', 'The instruction file has a member that does not belong there.');
  }
  const keys = members.filter(([name]) => wrappedKeys.includes(name));
  const [only] = keys;
  if (keys.length !== 1 || only === undefined) {
    throw new SealError('malformed-envelope', 'The instruction file must have exactly one wrapped key.');
  }
  return String(only[1]);
}
