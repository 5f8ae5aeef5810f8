import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes of an unread body that are still taken in after an error, so that the client reads the answer. */
const DRAIN_BYTES_MAX = 1024 * 1024;

/** An unread body: a little is taken in so that the client gets to read the answer; then the connection goes. */
export function discardBody(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('connection', 'close');
  let left = DRAIN_BYTES_MAX;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}
