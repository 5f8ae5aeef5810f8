import { Fault } from '@sealgate/core/faults';
import type { BucketName, ObjectKey } from '@sealgate/core/names/objects';
import { deleteRequest, parseDeleteResult } from '@sealgate/s3/browser';
import { toBase64 } from '../bytes.ts';
import { PAGE_KEYS_MAX } from '../limits.ts';
import { callForDocument, callForHeaders } from '../transport/call.ts';
import type { Transport } from '../transport/transport.ts';
import type { ObjectTarget } from './multipart.ts';

/** Deletes one object. That it does not exist is no error, as in S3. */
export async function deleteObject(
  transport: Transport,
  target: ObjectTarget,
  { signal, versionId }: { readonly signal?: AbortSignal | undefined; readonly versionId?: string | undefined },
): Promise<void> {
  const query = versionId === undefined ? {} : { versionId };
  await callForHeaders(transport, { method: 'DELETE', target, query, signal });
}

export interface DeleteFailure {
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Deletes up to 1000 objects in one request.
 * @returns what could not be deleted
 * @throws Fault InvalidArgument for more than 1000 keys
 */
export async function deleteObjects(
  transport: Transport,
  bucket: BucketName,
  { keys, signal }: { readonly keys: readonly ObjectKey[]; readonly signal?: AbortSignal | undefined },
): Promise<readonly DeleteFailure[]> {
  if (keys.length === 0) return [];
  if (keys.length > PAGE_KEYS_MAX) throw new Fault('InvalidArgument', 'At most 1000 keys can be deleted at once.');
  const body = new TextEncoder().encode(deleteRequest(keys.map((key) => ({ key }))));
  // S3 insists on a checksum here; WebCrypto has no MD5.
  const digest = toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', body)));
  const headers = { 'content-type': 'application/xml', 'x-amz-checksum-sha256': digest };
  const query = { delete: '' };
  const request = { method: 'POST', target: { bucket }, query, headers, body, signal } as const;
  return (await callForDocument(transport, request, parseDeleteResult)).document;
}
