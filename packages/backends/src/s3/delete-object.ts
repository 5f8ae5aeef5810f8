import { parseListVersionsResult } from '@sealgate/s3';
import type { S3Calls } from './calls.ts';
import { backendFault, remoteStatus } from './faults.ts';
import { BYPASS_GOVERNANCE, headerOf } from './headers.ts';

/** The id of a version in a bucket that keeps none. */
const NULL_VERSION = 'null';

interface Doomed {
  readonly bucket: string;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Nothing is bypassed: what is retained stays. */
  readonly keepRetained?: boolean;
}

/**
 * Removes an object for good. A bucket that keeps versions says so in its answer, with the marker it laid over the
 * object; then every version and marker of the key is removed one by one.
 */
export async function deleteObject(calls: S3Calls, doomed: Doomed): Promise<void> {
  const { bucket, key, signal, keepRetained = false } = doomed;
  // A marker over what cannot go would only hide it.
  if (keepRetained && (await keepsVersions(calls, doomed))) {
    await deleteVersions(calls, doomed);
    return;
  }
  const call = { method: 'DELETE', bucket, key, signal, accept: [404], idempotent: true } as const;
  const { headers } = await calls.fetch(call);
  const versioned = headerOf(headers, 'x-amz-version-id') ?? headerOf(headers, 'x-amz-delete-marker');
  if (versioned !== undefined) await deleteVersions(calls, doomed);
}

async function keepsVersions(calls: S3Calls, { bucket, key, signal }: Doomed): Promise<boolean> {
  try {
    const { versions } = await listVersions(calls, { bucket, prefix: key, signal });
    return versions.some((version) => version.key === key && version.versionId !== NULL_VERSION);
  } catch (error) {
    const status = remoteStatus(error);
    // It knows no versions.
    if (status === 400 || status === 404 || status === 405 || status === 501) return false;
    throw error;
  }
}

async function deleteVersions(calls: S3Calls, doomed: Doomed): Promise<void> {
  const { bucket, key, signal } = doomed;
  for (let round = 0; round < calls.limits.versionRounds; round += 1) {
    const { truncated, versions } = await listVersions(calls, { bucket, prefix: key, signal });
    // Keys come in order and the exact key is the first that has it as a prefix.
    const mine = versions.filter((version) => version.key === key);
    for (const { versionId } of mine) await deleteVersion(calls, { ...doomed, versionId });
    if (mine.length < versions.length || !truncated) return;
  }
  throw backendFault('BackendRefused', new Error('The object has more versions than one call removes.'));
}

export async function deleteVersion(calls: S3Calls, doomed: Doomed & { readonly versionId: string }): Promise<void> {
  const { bucket, key, versionId, signal, keepRetained = false } = doomed;
  const query = [['versionId', versionId]] as const;
  const call = { method: 'DELETE', bucket, key, query, signal, accept: [404], idempotent: true } as const;
  try {
    await calls.fetch(call);
  } catch (error) {
    // Retained, as it seems: by us (see retain-object.ts). Asked for at once, the bypass would need a right that keys
    // for buckets without object lock may not have.
    if (remoteStatus(error) !== 403 || keepRetained) throw error;
    await calls.fetch({ ...call, headers: BYPASS_GOVERNANCE });
  }
}

export async function listVersions(
  calls: S3Calls,
  options: { readonly bucket: string; readonly prefix: string; readonly signal: AbortSignal },
): Promise<ReturnType<typeof parseListVersionsResult>> {
  const { bucket, prefix, signal } = options;
  const { body } = await calls.fetch({
    method: 'GET',
    bucket,
    query: [
      ['versions', null],
      ['prefix', prefix],
      ['encoding-type', 'url'],
    ],
    signal,
    idempotent: true,
  });
  return readAnswer(() => parseListVersionsResult(body));
}

/** Parses an answer; what cannot be parsed is the backend's fault, not the caller's. */
export function readAnswer<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw backendFault('BackendRefused', error);
  }
}
