import { Fault } from '@sealgate/core/faults';
import type { EndpointGuard } from '@sealgate/runtime/net';
import { WEBHOOK_HEADER_CHARACTERS_MAX, WEBHOOK_HEADERS_MAX, WEBHOOK_URL_CHARACTERS_MAX } from './limits.ts';

const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
// Printable ASCII, so that nothing in it can end the header.
const HEADER_VALUE = /^[\x20-\x7e]*$/;
/** What the message itself, the connection or the signature says. */
const OURS =
  /^(host|content-(length|type|encoding)|transfer-encoding|connection|upgrade|te|trailer|expect|user-agent|keep-alive|proxy-.*|webhook-.*)$/;

/**
 * The URL of a webhook as it may be registered. Its address is checked again at every message.
 * @throws Fault ValidationFailed, EndpointRefused
 */
export async function checkWebhookUrl(text: string, guard: Pick<EndpointGuard, 'check'>): Promise<string> {
  const url = text.length > WEBHOOK_URL_CHARACTERS_MAX ? null : URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new Fault('ValidationFailed', 'The URL of a webhook begins with https:// and is not too long.');
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new Fault('ValidationFailed', 'The URL of a webhook holds no credentials and no fragment; give a header.');
  }
  await guard.check(url.origin);
  return url.href;
}

/** @throws Fault ValidationFailed */
export function checkWebhookHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (entries.length > WEBHOOK_HEADERS_MAX) {
    throw new Fault('ValidationFailed', `A webhook has at most ${WEBHOOK_HEADERS_MAX} headers.`);
  }
  for (const [name, value] of entries) {
    if (!HEADER_NAME.test(name) || OURS.test(name)) {
      throw new Fault('ValidationFailed', `"${name.slice(0, 64)}" is not a header that can be set.`);
    }
    if (!HEADER_VALUE.test(value) || value.length > WEBHOOK_HEADER_CHARACTERS_MAX) {
      throw new Fault(
        'ValidationFailed',
        `The value of the header "${name}" is too long or holds other than ASCII text.`,
      );
    }
  }
  return Object.fromEntries(entries);
}
