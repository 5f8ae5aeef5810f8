import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes of an unread body that are still taken in after its answer, and how long. */
const LINGER_BYTES_MAX = 1024 * 1024;
const LINGER_MS_MAX = 2000;

/**
 * Answers a request whose body nobody reads any more. The answer goes out at once; the connection stays a little for
 * what the client is still sending, because closing it on unread bytes would make the client's side throw the answer away.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
export function answerUnread(
  request: IncomingMessage,
  response: ServerResponse,
  answer: { readonly status: number; readonly body: string },
): void {
  response.setHeader('connection', 'close');
  response.writeHead(answer.status);
  if (answer.body === '') response.flushHeaders();
  else response.write(answer.body);
  let left = LINGER_BYTES_MAX;
  const timer = setTimeout(() => over(), LINGER_MS_MAX);
  const over = (): void => {
    clearTimeout(timer);
    response.end();
  };
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) over();
  });
  for (const event of ['end', 'close', 'error']) request.once(event, over);
  request.on('error', () => undefined);
  request.resume();
}
