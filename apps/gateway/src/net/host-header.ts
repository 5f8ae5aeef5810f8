import type { IncomingMessage } from 'node:http';
import { Fault } from '@sealgate/core/faults';

/**
 * A request of HTTP/1.1 names its host, once: with two of them a proxy and we could each believe another one. Node's own
 * refusal has no body; for this one servers are made with `requireHostHeader: false`.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 * @throws Fault InvalidRequest
 */
export function requireHost({ httpVersion, rawHeaders }: Pick<IncomingMessage, 'httpVersion' | 'rawHeaders'>): void {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === 'host') hosts += 1;
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return;
  throw new Fault('InvalidRequest', 'A request must have one Host header.');
}
