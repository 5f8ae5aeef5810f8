import type { PutBlob, PutReceipt } from '@sealgate/core/ports';
import { unquoteEtag } from '@sealgate/s3';
import { discardBody, exactBody } from '../shared/exact-body.ts';
import { type FramedBody, plainBody, signedChunksBody, trailerBody, wholeBody, withMd5 } from './call-bodies.ts';
import type { S3Calls } from './calls.ts';
import { deleteObject } from './delete-object.ts';
import { backendFault } from './faults.ts';
import { headerOf } from './headers.ts';

interface Place {
  readonly bucket: string;
  readonly key: string;
}

/**
 * How the backend is made to prove that it got these bytes. Small ones are signed whole. Of large ones, whatever costs
 * this process least and still proves it: over https a trailing checksum, else the ETag where it is an MD5 (one that the
 * engine computes anyway), else signed chunks; over http always signed chunks where the backend checks them, because
 * there nothing else keeps somebody between from changing bytes. An ETag that happens to be the MD5 proves it too.
 */
export async function putObject(calls: S3Calls, place: Place, blob: PutBlob): Promise<PutReceipt> {
  try {
    const { framed, proof, md5 } = await frame(calls, blob);
    const contentMd5 = blob.md5 === undefined ? {} : { 'content-md5': Buffer.from(blob.md5).toString('base64') };
    const answer = await calls.fetch({
      method: 'PUT',
      ...place,
      headers: { ...framed.headers, ...contentMd5, 'content-type': 'application/octet-stream' },
      body: framed.body,
      signal: blob.signal,
      // Nothing else is ever put under this key, so the same bytes twice are the same blob.
      idempotent: true,
    });
    // Whatever it says of them, it cannot have all bytes.
    if (framed.body.complete?.() === false) {
      throw backendFault('BackendRefused', new Error('The answer came before the body had ended.'));
    }
    const etag = unquoteEtag(headerOf(answer.headers, 'etag') ?? '');
    const verified = await judge(calls, { place, blob, proof, etag, md5: await md5() });
    return etag === '' ? { verified } : { verified, etag };
  } finally {
    discardBody(blob.body);
  }
}

interface Framing {
  readonly framed: FramedBody;
  /** What the request itself carries. */
  readonly proof: 'checksum' | 'none';
  readonly md5: () => Promise<Uint8Array | undefined>;
}

async function frame(calls: S3Calls, blob: PutBlob): Promise<Framing> {
  const { limits, secure } = calls;
  const { checksumTrailer, chunkSignature, etagIsMd5, lockWithoutDigest } = calls.target.capabilities ?? {};
  const md5 = async (): Promise<Uint8Array | undefined> => blob.md5 ?? (await blob.bodyMd5?.());
  if (blob.bytes <= limits.signedBodyBytesMax) {
    const bytes = await collect(blob);
    // The bucket may have a default retention, of which nothing is known here.
    const framed = lockWithoutDigest === false ? withMd5(bytes) : wholeBody(bytes, blob.sha256);
    return { framed, proof: 'checksum', md5 };
  }
  if (secure && checksumTrailer === true) return { framed: trailerBody(blob, limits), proof: 'checksum', md5 };
  if (chunkSignature === true && !(secure && etagIsMd5 === true)) {
    return { framed: signedChunksBody(blob, limits), proof: 'checksum', md5 };
  }
  const plain = plainBody(blob, limits);
  const known = blob.md5 !== undefined || blob.bodyMd5 !== undefined;
  return { framed: plain, proof: 'none', md5: known ? md5 : () => Promise.resolve(plain.md5()) };
}

interface Outcome {
  readonly place: Place;
  readonly blob: PutBlob;
  readonly proof: 'checksum' | 'none';
  readonly etag: string;
  readonly md5: Uint8Array | undefined;
}

/** @throws Fault BackendCorrupt when the backend's own digest says that it holds other bytes; they are removed first */
async function judge(calls: S3Calls, outcome: Outcome): Promise<PutReceipt['verified']> {
  const { place, blob, proof, etag, md5 } = outcome;
  if (md5 !== undefined && Buffer.from(md5).toString('hex') === etag.toLowerCase()) {
    return proof === 'checksum' ? 'checksum' : 'etag';
  }
  if (md5 !== undefined && calls.target.capabilities?.etagIsMd5 === true) {
    // What cannot be removed now is removed by the engine, which forgets nothing that it tried to write.
    await deleteObject(calls, { ...place, signal: blob.signal }).catch(() => undefined);
    throw backendFault('BackendCorrupt', new Error(`The ETag is ${etag}, the MD5 is another.`));
  }
  return proof;
}

async function collect(blob: PutBlob): Promise<Uint8Array> {
  if (blob.body instanceof Uint8Array && blob.body.length === blob.bytes) return blob.body;
  const whole = new Uint8Array(blob.bytes);
  let at = 0;
  for await (const chunk of exactBody(blob)) {
    if (chunk.length === blob.bytes) return chunk;
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
