import type { ServerResponse } from 'node:http';
import { Fault } from '@sealgate/core/faults';
import type { Checksum, ObjectVersion } from '@sealgate/core/ports';

export function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** A whole XML answer. */
export function replyXml(response: ServerResponse, body: string, status = 200): void {
  response.setHeader('content-type', 'application/xml');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.writeHead(status).end(body);
}

/** A whole JSON answer: the one document of S3 that is none in XML. */
export function replyJson(response: ServerResponse, body: string): void {
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.writeHead(200).end(body);
}

export function replyEmpty(response: ServerResponse, status: number): void {
  if (status !== 204) response.setHeader('content-length', 0);
  response.writeHead(status).end();
}

/**
 * Sends `head.bytes` bytes of `body`. Nothing goes out before the first of them is there, so a body that cannot be read
 * at all still gets an error answer; when it fails midway the caller cuts the connection, so that nobody takes it for
 * whole.
 */
export async function replyStream(
  response: ServerResponse,
  body: AsyncIterable<Buffer>,
  head: { readonly status: number; readonly bytes: number },
): Promise<void> {
  let left = head.bytes;
  for await (const chunk of body) {
    if (left === head.bytes) {
      response.setHeader('content-length', head.bytes);
      response.writeHead(head.status);
    }
    left -= chunk.length;
    if (left === 0) {
      // With its last chunk, so that a small answer is one write to the socket.
      response.end(chunk);
      return;
    }
    if (left < 0) break;
    if (!response.write(chunk)) await drained(response);
  }
  throw new Fault('InternalError', 'The stored bytes are not as many as were announced.');
}

/** Resolves when more can be written, or never will be. */
function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Header of a checksum, e.g. `x-amz-checksum-crc32c`. */
export function checksumHeader(checksum: Checksum): [name: string, value: string] {
  return [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`, checksum.value];
}

/** Says how a write was kept: which backends held a verified copy, under which class. */
export function setAckHeaders(
  response: ServerResponse,
  ack: { readonly ackedBy: readonly string[]; readonly redundancyClass: string },
): void {
  response.setHeader('x-sealgate-acked-by', ack.ackedBy.join(','));
  response.setHeader('x-sealgate-class', ack.redundancyClass);
}

/** ETags go out in quotes. */
export function quoted(version: Pick<ObjectVersion, 'etag'>): string {
  return `"${version.etag}"`;
}
