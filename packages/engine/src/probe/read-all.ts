import type { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';

/** A small body as a whole. @throws Fault BackendCorrupt when it is longer than it may be */
export async function readAll(body: Readable, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Fault('BackendCorrupt', 'The backend sent more than was asked for.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
