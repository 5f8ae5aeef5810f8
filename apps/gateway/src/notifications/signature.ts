import { createHmac, randomBytes } from 'node:crypto';

/** Keys of this form are what the libraries of receivers take: `whsec_` and Base64 of 24 to 64 bytes. */
const SECRET = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;
const SECRET_BYTES = 32;

export function isSigningSecret(text: string): boolean {
  return SECRET.test(text);
}

export function newSigningSecret(random: (bytes: number) => Uint8Array = randomBytes): string {
  return `whsec_${Buffer.from(random(SECRET_BYTES)).toString('base64')}`;
}

/**
 * Proves to a receiver who sent a message and when, in the headers of the Standard Webhooks specification.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHeaders(
  secret: string | null,
  message: { readonly id: string; readonly body: string; readonly atMs: number },
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(message.atMs / 1000));
  const headers = { 'webhook-id': message.id, 'webhook-timestamp': timestamp };
  if (secret === null) return headers;
  const key = Buffer.from(secret.slice(secret.indexOf('_') + 1), 'base64');
  const signature = createHmac('sha256', key).update(`${message.id}.${timestamp}.${message.body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
