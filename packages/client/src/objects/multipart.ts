import { Fault } from '@sealgate/core/faults';
import { PARTS_MAX } from '@sealgate/core/limits';
import type { BucketName, ObjectKey } from '@sealgate/core/names/objects';
import {
  completeMultipartUploadRequest,
  parseCompleteMultipartUploadResult,
  parseInitiateMultipartUploadResult,
  parseListPartsResult,
} from '@sealgate/s3/browser';
import type { AckedPart } from '../put/upload-parts.ts';
import { faultOfAnswer } from '../transport/answer-errors.ts';
import { callForDocument, callForHeaders } from '../transport/call.ts';
import type { Transport } from '../transport/transport.ts';

export interface ObjectTarget {
  readonly bucket: BucketName;
  readonly key: ObjectKey;
}

interface Call {
  readonly signal: AbortSignal | undefined;
}

/** The S3 operations of multipart uploads. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
export async function createUpload(
  transport: Transport,
  target: ObjectTarget,
  { headers, signal }: Call & { readonly headers: Readonly<Record<string, string>> },
): Promise<string> {
  const request = { method: 'POST', target, query: { uploads: '' }, headers, signal } as const;
  return (await callForDocument(transport, request, parseInitiateMultipartUploadResult)).document;
}

export async function uploadPart(
  transport: Transport,
  target: ObjectTarget,
  part: Call & {
    readonly uploadId: string;
    readonly partNumber: number;
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<{ readonly etag: string }> {
  const { uploadId, partNumber, bytes, signal, headers: sent = {} } = part;
  const query = { partNumber: String(partNumber), uploadId };
  const headers = await callForHeaders(transport, { method: 'PUT', target, query, headers: sent, body: bytes, signal });
  const etag = headers.get('etag');
  if (etag === null) throw new Fault('InternalError', 'The server stored a part without an ETag.');
  return { etag: etag.replaceAll('"', '') };
}

export interface CompletedUpload {
  readonly etag: string;
  readonly headers: Headers;
}

export async function completeUpload(
  transport: Transport,
  target: ObjectTarget,
  upload: Call & {
    readonly uploadId: string;
    readonly parts: readonly AckedPart[];
    readonly headers: Readonly<Record<string, string>>;
  },
): Promise<CompletedUpload> {
  const xml = completeMultipartUploadRequest(upload.parts);
  const { document, headers } = await callForDocument(
    transport,
    {
      method: 'POST',
      target,
      query: { uploadId: upload.uploadId },
      headers: { ...upload.headers, 'content-type': 'application/xml' },
      body: new TextEncoder().encode(xml),
      signal: upload.signal,
    },
    (text) => ({ result: parseCompleteMultipartUploadResult(text), text }),
  );
  const { result, text } = document;
  // S3 begins to answer before it knows the outcome, so a failure may come with a status of success.
  if (!result.ok) throw faultOfAnswer({ status: 500, headers, text: text.trimStart(), target: 'object' });
  return { etag: result.etag, headers };
}

export async function abortUpload(
  transport: Transport,
  target: ObjectTarget,
  { uploadId, signal }: Call & { readonly uploadId: string },
): Promise<void> {
  await callForHeaders(transport, { method: 'DELETE', target, query: { uploadId }, signal });
}

export interface ListedPart {
  readonly etag: string;
  readonly bytes: number;
}

/** All parts that an upload has, by number. @throws Fault NoSuchUpload */
export async function listParts(
  transport: Transport,
  target: ObjectTarget,
  { uploadId, signal }: Call & { readonly uploadId: string },
): Promise<ReadonlyMap<number, ListedPart>> {
  const parts = new Map<number, ListedPart>();
  let marker = 0;
  for (let page = 0; page < PARTS_MAX; page++) {
    const query = { uploadId, ...(marker === 0 ? {} : { 'part-number-marker': String(marker) }) };
    const request = { method: 'GET', target, query, signal } as const;
    const { document } = await callForDocument(transport, request, parseListPartsResult);
    for (const { partNumber, etag, bytes } of document.parts) parts.set(partNumber, { etag, bytes });
    // A server that repeats its marker must not keep us here.
    if (!document.truncated || document.nextPartNumberMarker <= marker) return parts;
    marker = document.nextPartNumberMarker;
  }
  return parts;
}
