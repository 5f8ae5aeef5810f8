import type { ProbeAnswer, ProbeTarget } from '@sealgate/core/ports';
import { parseListBucketResult } from '@sealgate/s3';
import { wholeBody, withMd5 } from '../call-bodies.ts';
import type { S3Calls } from '../calls.ts';
import { readAnswer } from '../delete-object.ts';
import { attempt, must, no, refused, settle, Unsettled, yes } from './attempt.ts';
import { PART_BYTES, putInParts } from './parts.ts';

/** Questions of what a backend wants to be asked in another way than S3's own. */

const SAMPLE = Buffer.from('sealgate probe');
const SMALL_PART_BYTES = 64 * 1024;

export async function listAfter(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await settle(async () => {
    const { bucket, signal } = target;
    const keys = ['a', 'b', 'c'].map((end) => `${target.key}/${end}`);
    for (const key of keys) await must(calls, 'a put', { method: 'PUT', ...target, key, ...wholeBody(SAMPLE) });
    for (const [index, after] of keys.entries()) {
      const query = [
        ['list-type', '2'],
        ['max-keys', '1'],
        ['prefix', `${target.key}/`],
        ['start-after', after],
      ] as const;
      const listed = await attempt(calls, { method: 'GET', bucket, query, signal });
      if (refused(listed, 'a listing') || !listed.ok) return no('it does not know this listing');
      const { objects, truncated } = readAnswer(() => parseListBucketResult(listed.answer.body));
      const rest = keys.slice(index + 1);
      if (objects.map(({ key }) => key).join() !== rest.slice(0, 1).join()) return no('it lists from the beginning');
      if (truncated !== rest.length > 1) return no('it does not say rightly whether there is more');
    }
    return yes;
  });
}

export async function unequalParts(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  const bodies = [Buffer.alloc(PART_BYTES + SMALL_PART_BYTES, 1), Buffer.alloc(PART_BYTES, 2), SAMPLE];
  return await tryParts(calls, target, bodies);
}

export async function smallParts(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await tryParts(calls, target, [Buffer.alloc(SMALL_PART_BYTES, 1), SAMPLE]);
}

async function tryParts(calls: S3Calls, target: ProbeTarget, bodies: readonly Buffer[]): Promise<ProbeAnswer> {
  return await settle(async () => {
    const outcome = await putInParts(calls, target, bodies);
    return outcome === 'done' ? yes : no();
  });
}

/** A legal hold, not a retention period: it can be taken off again, which cleaning up does. */
export async function lockWithoutDigest(calls: S3Calls, target: ProbeTarget): Promise<ProbeAnswer> {
  return await settle(async () => {
    const put = (form: typeof wholeBody) => {
      const { body, headers } = form(SAMPLE);
      return attempt(calls, { method: 'PUT', ...target, body, headers: { ...headers, ...LEGAL_HOLD } });
    };
    if (!refused(await put(wholeBody), 'a put with a legal hold')) return yes;
    if (refused(await put(withMd5), 'a put with a legal hold and a digest')) {
      throw new Unsettled('it takes no put with a legal hold');
    }
    return no('it wants Content-MD5 or a checksum with every locked object');
  });
}

const LEGAL_HOLD = { 'x-amz-object-lock-legal-hold': 'ON' };
