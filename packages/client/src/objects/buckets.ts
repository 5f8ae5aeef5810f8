import type { BucketName } from '@sealgate/core/names/objects';
import { createBucketRequest, parseListBucketsResult } from '@sealgate/s3/browser';
import { callForDocument, callForHeaders } from '../transport/call.ts';
import type { Transport } from '../transport/transport.ts';

export interface ListedBucket {
  readonly name: string;
  readonly createdAtMs: number;
}

interface Call {
  readonly signal?: AbortSignal | undefined;
}

export async function listBuckets(transport: Transport, { signal }: Call): Promise<readonly ListedBucket[]> {
  const request = { method: 'GET', target: {}, signal } as const;
  return (await callForDocument(transport, request, parseListBucketsResult)).document;
}

/** @param options.headers settings of the bucket that S3 has no element for */
export async function createBucket(
  transport: Transport,
  bucket: BucketName,
  options: Call & {
    readonly locationConstraint?: string | undefined;
    readonly headers?: Readonly<Record<string, string>> | undefined;
  },
): Promise<void> {
  const { locationConstraint: location, headers = {}, signal } = options;
  const body = location === undefined ? {} : { body: new TextEncoder().encode(createBucketRequest(location)) };
  await callForHeaders(transport, { method: 'PUT', target: { bucket }, headers, signal, ...body });
}

export async function deleteBucket(transport: Transport, bucket: BucketName, { signal }: Call): Promise<void> {
  await callForHeaders(transport, { method: 'DELETE', target: { bucket }, signal });
}

/** Headers that tell about a bucket. @throws Fault NoSuchBucket, AccessDenied */
export async function headBucket(transport: Transport, bucket: BucketName, { signal }: Call): Promise<Headers> {
  return callForHeaders(transport, { method: 'HEAD', target: { bucket }, signal });
}
