import { Fault } from '@sealgate/core/faults';
import { createBucketRequest, parseListBucketsResult } from '@sealgate/s3';
import { wholeBody } from './call-bodies.ts';
import type { S3Calls } from './calls.ts';
import { readAnswer } from './delete-object.ts';
import type { WholeAnswer } from './exchange.ts';
import { remoteCode, remoteStatus } from './faults.ts';

interface Wanted {
  readonly bucket: string;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one region whose buckets are made without naming it. */
const CLASSIC_REGION = 'us-east-1';
/** How servers say that they do not know the region's name (many have one region and any string signs for it). */
const LOCATION_REFUSED = new Set(['InvalidLocationConstraint', 'IllegalLocationConstraintException', 'MalformedXML']);

/**
 * Makes the bucket, or finds that it is ours. A bucket that can merely be reached proves nothing: names can be guessed,
 * and somebody may have made it before us and opened it to the world. Ours is what we made, what the backend calls ours,
 * and what it lists among our buckets.
 *
 * @throws Fault BucketNameTaken
 */
export async function ensureBucket(calls: S3Calls, wanted: Wanted): Promise<void> {
  try {
    await createBucket(calls, wanted);
  } catch (error) {
    const code = remoteCode(error);
    if (code === 'BucketAlreadyOwnedByYou') return;
    const exists = code === 'BucketAlreadyExists' || remoteStatus(error) === 409;
    // Keys without the right to make buckets: somebody else may have made it for them.
    const denied = code === 'AccessDenied';
    if (!exists && !denied) throw error;
    if (await isListedAsOurs(calls, wanted)) return;
    if (denied) throw error;
    throw new Fault('BucketNameTaken', 'The bucket name is taken.', { cause: error });
  }
}

export async function createBucket(calls: S3Calls, wanted: Wanted): Promise<void> {
  const { region } = calls.target;
  if (region === CLASSIC_REGION) {
    await putBucket(calls, wanted, '');
    return;
  }
  try {
    await putBucket(calls, wanted, createBucketRequest(region));
  } catch (error) {
    if (!LOCATION_REFUSED.has(remoteCode(error))) throw error;
    await putBucket(calls, wanted, '');
  }
}

async function putBucket(calls: S3Calls, wanted: Wanted, document: string): Promise<WholeAnswer> {
  const { bucket, signal } = wanted;
  const { body, headers } = wholeBody(Buffer.from(document));
  return await calls.fetch({
    method: 'PUT',
    bucket,
    headers: { ...headers, ...wanted.headers },
    body,
    signal,
    idempotent: true,
  });
}

export async function isListedAsOurs(calls: S3Calls, { bucket, signal }: Wanted): Promise<boolean> {
  try {
    const { body } = await calls.fetch({ method: 'GET', signal, idempotent: true });
    return readAnswer(() => parseListBucketsResult(body)).some(({ name }) => name === bucket);
  } catch (error) {
    if (remoteStatus(error) === 403) return false;
    throw error;
  }
}

/** @throws Fault BackendRefused when it is not empty */
export async function removeBucket(calls: S3Calls, { bucket, signal }: Wanted): Promise<void> {
  await calls.fetch({ method: 'DELETE', bucket, accept: [404], signal, idempotent: true });
}
