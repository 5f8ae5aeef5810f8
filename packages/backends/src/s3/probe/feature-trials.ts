import type { ProbeAnswer, ProbeTarget } from '@sealgate/core/ports';
import { versioningRequest } from '@sealgate/s3';
import { createBucket } from '../buckets.ts';
import { wholeBody, withMd5 } from '../call-bodies.ts';
import type { S3Calls } from '../calls.ts';
import { listVersions } from '../delete-object.ts';
import { remoteStatus } from '../faults.ts';
import { headerOf } from '../headers.ts';
import { attempt, must, no, refused, settle, yes } from './attempt.ts';
import { setLegalHold } from './legal-hold.ts';
import { PART_BYTES, putInParts } from './parts.ts';

/** Questions of what a backend can do beyond storing. */

const SAMPLE = Buffer.from('sealgate probe');
export async function conditionalWrite(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await settle(async () => {
    const { body, headers } = wholeBody(SAMPLE);
    const put = { method: 'PUT' as const, ...target, body, headers: { ...headers, 'if-none-match': '*' } };
    if (refused(await attempt(calls, put), 'a conditional put')) return no('it does not know the condition');
    return refused(await attempt(calls, put), 'a second conditional put') ? yes : no('it ignores the condition');
  });
}

export async function multipart(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await settle(async () => {
    const outcome = await putInParts(calls, target, [Buffer.alloc(PART_BYTES, 1), SAMPLE]);
    if (outcome === 'unknown') return no();
    if (outcome === 'refused') return no('completing an upload fails');
    // Across the seam of the two parts.
    const range = `bytes=${PART_BYTES - 1}-${PART_BYTES + SAMPLE.length - 1}`;
    const { body } = await must(calls, 'reading back', { method: 'GET', ...target, headers: { range } });
    return body.equals(Buffer.concat([Buffer.alloc(1, 1), SAMPLE])) ? yes : no('the parts do not read back as one');
  });
}

export async function versioning(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await settle(async () => {
    const { bucket, key, signal } = target;
    const turnedOn = await attempt(calls, {
      method: 'PUT',
      bucket,
      query: [['versioning', '']],
      ...withMd5(Buffer.from(versioningRequest('Enabled'))),
      signal,
    });
    if (refused(turnedOn, 'turning versions on')) return no();
    for (const text of ['first', 'second']) {
      await must(calls, 'a put', { method: 'PUT', ...target, ...wholeBody(Buffer.from(text)) });
    }
    const { versions } = await listVersions(calls, { bucket, prefix: key, signal });
    return versions.filter((version) => version.key === key).length === 2 ? yes : no('it keeps no older version');
  });
}

/** A legal hold, not a retention period: it can be taken off again, so that nothing stays behind. */
export async function objectLock(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await settle(async () => {
    const { bucket, signal } = target;
    try {
      await createBucket(calls, { bucket, signal, headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    } catch (error) {
      const status = remoteStatus(error);
      if (status === undefined) throw error;
      return refused({ ok: false, status, code: '' }, 'making a bucket with lock') ? no() : yes;
    }
    // With a digest: some servers want one in a bucket with lock, which is a question of its own.
    const { headers } = await must(calls, 'a put', { method: 'PUT', ...target, ...withMd5(SAMPLE) });
    const versionId = headerOf(headers, 'x-amz-version-id');
    if (versionId === undefined) return no('a bucket with lock keeps no versions');
    const version = { ...target, versionId };
    if (refused(await setLegalHold(calls, version, 'ON'), 'a legal hold')) return no('it knows no legal hold');
    const query = [['versionId', versionId]] as const;
    const removal = await attempt(calls, { method: 'DELETE', ...target, query });
    if (!refused(removal, 'removing a locked version')) return no('it removes a locked version');
    await setLegalHold(calls, version, 'OFF');
    return yes;
  });
}
