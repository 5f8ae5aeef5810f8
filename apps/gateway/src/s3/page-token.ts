import { Fault } from '@sealgate/core/faults';
import { KEY_BYTES_MAX } from '@sealgate/core/limits';

/** A continuation token: where the last page ended, in a form that clients take as opaque. */
export function sealToken(position: string): string {
  return Buffer.from(`1${position}`, 'utf8').toString('base64url');
}

/** @throws Fault InvalidArgument for anything that `sealToken` did not make */
export function openToken(token: string): string {
  const bytes = /^[A-Za-z0-9_-]{2,2048}$/.test(token) ? Buffer.from(token, 'base64url') : Buffer.alloc(0);
  const text = bytes.toString('utf8');
  const made = text.startsWith('1') && bytes.length <= 2 * KEY_BYTES_MAX && sealToken(text.slice(1)) === token;
  if (!made) {
    throw new Fault('InvalidArgument', 'The continuation token provided is incorrect', {
      detail: { ArgumentName: 'continuation-token' },
    });
  }
  return text.slice(1);
}
