import type { Retention } from '@sealgate/core/ports';
import { parseObjectLockConfiguration, parseRetention, retentionResult } from '@sealgate/s3';
import { withMd5 } from './call-bodies.ts';
import type { S3Calls } from './calls.ts';
import { readAnswer } from './delete-object.ts';
import { backendFault, remoteCode, remoteStatus } from './faults.ts';
import { BYPASS_GOVERNANCE } from './headers.ts';

interface Named {
  readonly bucket: string;
  readonly key: string;
  readonly signal: AbortSignal;
}

/**
 * Retains the only version of a key. A copy of an object is retained under GOVERNANCE: this driver must be able to remove one
 * that went bad, or that moved elsewhere; what no client may remove is decided before anything gets here.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html
 */
export async function retainObject(
  calls: S3Calls,
  { mode, untilMs, ...named }: Named & { readonly mode: Retention['mode']; readonly untilMs: number },
): Promise<void> {
  const { body, headers } = withMd5(Buffer.from(retentionResult({ mode, untilMs })));
  const call = { method: 'PUT', ...named, query: [['retention', null]], headers, body, idempotent: true } as const;
  try {
    await calls.fetch(call);
  } catch (error) {
    // Shorter than it was. The bypass is a right that keys for archives should not have, so it is asked for only then.
    if (remoteStatus(error) !== 403) throw error;
    await calls.fetch({ ...call, headers: { ...headers, ...BYPASS_GOVERNANCE } });
  }
}

/**
 * What keeps a version of a key, the newest unless it is named.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html
 */
export async function retentionOf(
  calls: S3Calls,
  { versionId, ...named }: Named & { readonly versionId?: string },
): Promise<Retention | undefined> {
  const version = versionId === undefined ? [] : [['versionId', versionId] as const];
  const answer = await askAbout(calls, { ...named, query: [['retention', null], ...version] });
  if (answer === undefined) return undefined;
  return readAnswer(() => parseRetention(answer)) ?? undefined;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export async function hasObjectLock(
  calls: S3Calls,
  named: { readonly bucket: string; readonly signal: AbortSignal },
): Promise<boolean | undefined> {
  try {
    const answer = await askAbout(calls, { ...named, query: [['object-lock', null]] });
    if (answer !== undefined) readAnswer(() => parseObjectLockConfiguration(answer));
    return answer !== undefined;
  } catch (error) {
    // Keys may do without the right to ask.
    if (remoteStatus(error) === 403) return undefined;
    throw error;
  }
}

const NOTHING_THERE = new Set(['NoSuchKey', 'NoSuchBucket', 'NoSuchVersion']);

/** Undefined: there is no lock to tell of. A bucket without object lock is told by 400, what is not locked by 404. */
async function askAbout(
  calls: S3Calls,
  named: Omit<Named, 'key'> & { readonly key?: string; readonly query: readonly (readonly [string, string | null])[] },
): Promise<Buffer | undefined> {
  try {
    return (await calls.fetch({ method: 'GET', ...named, idempotent: true })).body;
  } catch (error) {
    const code = remoteCode(error);
    if (NOTHING_THERE.has(code)) throw error;
    const status = remoteStatus(error);
    if (status === 404 && code === '') throw backendFault('BlobMissing', error);
    if (status === 404 || status === 400 || status === 405 || status === 501) return undefined;
    throw error;
  }
}
