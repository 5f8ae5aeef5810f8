import { createHash } from 'node:crypto';
import type { BackendDriver, BackendHealthSample, BlobFacts, CallOptions } from '@sealgate/core/ports';
import { checkAddress, checkBucket } from '../shared/address.ts';
import { discardBody } from '../shared/exact-body.ts';
import { ensureBucket, removeBucket } from './buckets.ts';
import { createS3Calls, type S3Calls } from './calls.ts';
import { deleteObject } from './delete-object.ts';
import type { Head } from './exchange.ts';
import { backendFault } from './faults.ts';
import { getObject } from './get-object.ts';
import { bytesOf, headerOf } from './headers.ts';
import { listObjects } from './list-objects.ts';
import { presignPut } from './presign-put.ts';
import { putObject } from './put-object.ts';
import { hasObjectLock, retainObject, retentionOf } from './retain-object.ts';
import type { S3Target } from './target.ts';

const SHA256_BYTES = 32;

/**
 * Speaks to one S3 endpoint: own signatures, bounded kept-alive connections, bodies streamed both ways. Calls that may
 * be repeated are tried `limits.tries` times with growing, spread pauses; a streamed body only until its first byte was
 * taken, a read only until its headers came. Opens no connection before the first call.
 *
 * @throws Fault EndpointRefused when the endpoint is no plain http(s) URL
 */
export function createS3Driver(target: S3Target): BackendDriver {
  const calls = createS3Calls(target);
  return {
    async ensureBucket(bucket, { signal, objectLock = false }) {
      checkBucket(bucket);
      const headers: Record<string, string> = objectLock ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {};
      await ensureBucket(calls, { bucket, signal, headers });
    },
    async removeBucket(bucket, { signal }) {
      checkBucket(bucket);
      await removeBucket(calls, { bucket, signal });
    },
    async put(bucket, key, blob) {
      try {
        checkAddress(bucket, key);
        blob.signal.throwIfAborted();
        return await putObject(calls, { bucket, key }, blob);
      } finally {
        discardBody(blob.body);
      }
    },
    async get(bucket, key, options) {
      checkAddress(bucket, key);
      return await getObject(calls, { bucket, key }, options);
    },
    async head(bucket, key, { signal, checksum = false }) {
      checkAddress(bucket, key);
      return await headObject(calls, { bucket, key, signal }, checksum);
    },
    presignPut(bucket, key, put) {
      checkAddress(bucket, key);
      return presignPut(calls, { bucket, key }, put);
    },
    async retain(bucket, key, { signal, untilMs, mode = 'GOVERNANCE' }) {
      checkAddress(bucket, key);
      await retainObject(calls, { bucket, key, signal, mode, untilMs });
    },
    async retention(bucket, key, { signal }) {
      checkAddress(bucket, key);
      return await retentionOf(calls, { bucket, key, signal });
    },
    async hasObjectLock(bucket, { signal }) {
      checkBucket(bucket);
      return await hasObjectLock(calls, { bucket, signal });
    },
    async delete(bucket, key, { signal, keepRetained = false }) {
      checkAddress(bucket, key);
      await deleteObject(calls, { bucket, key, signal, keepRetained });
    },
    async list(bucket, options) {
      checkBucket(bucket);
      return await listObjects(calls, bucket, options);
    },
    ping: (options) => ping(calls, options),
    close: () => calls.close(),
  };
}

async function headObject(
  calls: S3Calls,
  wanted: { readonly bucket: string; readonly key: string; readonly signal: AbortSignal },
  checksum: boolean,
): Promise<BlobFacts | undefined> {
  const { status, headers } = await calls.fetch({
    method: 'HEAD',
    ...wanted,
    ...(checksum ? { headers: { 'x-amz-checksum-mode': 'ENABLED' } } : {}),
    accept: [404],
    idempotent: true,
  });
  if (status === 404) return undefined;
  const bytes = bytesOf(headers, 'content-length');
  if (bytes === undefined) throw backendFault('BackendRefused', new Error('The answer says no length.'));
  const sha256 = checksum ? sha256Of(calls, headers) : undefined;
  return sha256 === undefined ? { bytes } : { bytes, sha256 };
}

/** Only of one that was shown to refuse wrong ones; that of a multipart upload is no digest of the whole. */
function sha256Of({ target }: S3Calls, headers: Head['headers']): Uint8Array | undefined {
  const value = headerOf(headers, 'x-amz-checksum-sha256');
  const composite = headerOf(headers, 'x-amz-checksum-type') === 'COMPOSITE';
  if (target.capabilities?.checksumHeader !== true || composite || value === undefined) return undefined;
  const digest = Buffer.from(value, 'base64');
  return digest.length === SHA256_BYTES ? digest : undefined;
}

/**
 * Asks for a bucket that need not exist: 404 comes only from a server that took our signature. 403 means that the keys
 * are wrong, and a backend that will refuse every call is not healthy.
 */
async function ping(calls: S3Calls, { signal }: CallOptions): Promise<BackendHealthSample> {
  const startedMs = calls.clock.monotonic();
  let ok = false;
  try {
    await calls.fetch({ method: 'HEAD', bucket: pingBucket(calls), accept: [404], signal, idempotent: false });
    ok = true;
  } catch (error) {
    if (signal.aborted) throw error;
  }
  return { ok, latencyMs: calls.clock.monotonic() - startedMs };
}

/** The same for every ping of these keys, so that a backend may cache its absence; nobody else has a use for it. */
function pingBucket({ target }: S3Calls): string {
  const hash = createHash('sha256').update(`ping:${target.credentials.accessKeyId}`).digest('hex');
  return `s3gw-${hash.slice(0, 16)}-ping`;
}
