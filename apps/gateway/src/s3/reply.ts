import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Checksum, ObjectVersion } from '@sealgate/core/ports';

/** A whole XML answer. */
export function replyXml(response: ServerResponse, body: string, status = 200): void {
  response.setHeader('content-type', 'application/xml');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.writeHead(status).end(body);
}

export function replyEmpty(response: ServerResponse, status: number): void {
  if (status !== 204) response.setHeader('content-length', 0);
  response.writeHead(status).end();
}

/** Sends `bytes` of `body`; when the body fails midway the connection is cut, so that nobody takes it for whole. */
export async function replyStream(
  response: ServerResponse,
  body: Readable,
  head: { readonly status: number; readonly bytes: number },
): Promise<void> {
  response.setHeader('content-length', head.bytes);
  response.writeHead(head.status);
  await pipeline(body, response);
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
