import { parseXml, type RemoteVersion } from '@sealgate/s3';
import { removeBucket } from '../buckets.ts';
import type { S3Calls } from '../calls.ts';
import { deleteObject, deleteVersion, listVersions, readAnswer } from '../delete-object.ts';
import { remoteStatus } from '../faults.ts';
import { listObjects } from '../list-objects.ts';
import { attempt } from './attempt.ts';
import { setLegalHold } from './legal-hold.ts';

interface Doomed {
  readonly bucket: string;
  readonly signal: AbortSignal;
}

/** Removes uploads, versions with their locks, objects, and the bucket. @throws Fault when something would not go */
export async function cleanUp(calls: S3Calls, doomed: Doomed): Promise<void> {
  await abortUploads(calls, doomed);
  for (let round = 0; round < calls.limits.versionRounds; round += 1) {
    const versions = await versionsOf(calls, doomed);
    if (versions.length === 0) break;
    for (const version of versions) await removeVersion(calls, doomed, version);
  }
  await removeBucket(calls, doomed);
}

/** Servers without versions may not know how to list them; their objects are the versions then. */
async function versionsOf(
  calls: S3Calls,
  doomed: Doomed,
): Promise<readonly Pick<RemoteVersion, 'key' | 'versionId'>[]> {
  try {
    return (await listVersions(calls, { ...doomed, prefix: '' })).versions;
  } catch (error) {
    const status = remoteStatus(error);
    if (status === 404) return [];
    if (status === undefined || (status >= 500 && status !== 501)) throw error;
    const { blobs } = await listObjects(calls, doomed.bucket, { signal: doomed.signal, limit: 1000 });
    return blobs.map(({ key }) => ({ key, versionId: '' }));
  }
}

async function removeVersion(
  calls: S3Calls,
  doomed: Doomed,
  { key, versionId }: Pick<RemoteVersion, 'key' | 'versionId'>,
): Promise<void> {
  if (versionId === '') {
    await deleteObject(calls, { ...doomed, key });
    return;
  }
  const version = { ...doomed, key, versionId };
  try {
    await deleteVersion(calls, version);
  } catch (error) {
    if (remoteStatus(error) !== 403) throw error;
    await setLegalHold(calls, version, 'OFF');
    await deleteVersion(calls, version);
  }
}

async function abortUploads(calls: S3Calls, { bucket, signal }: Doomed): Promise<void> {
  const listed = await attempt(calls, { method: 'GET', bucket, query: [['uploads', '']], signal });
  if (!listed.ok) return;
  const root = readAnswer(() => parseXml(listed.answer.body, 'ListMultipartUploadsResult'));
  for (const upload of root.children.filter((element) => element.name === 'Upload')) {
    const text = (name: string): string => upload.children.find((child) => child.name === name)?.text ?? '';
    await attempt(calls, {
      method: 'DELETE',
      bucket,
      key: text('Key'),
      query: [['uploadId', text('UploadId')]],
      signal,
    });
  }
}
