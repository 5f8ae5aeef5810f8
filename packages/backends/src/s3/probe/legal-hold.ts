import { hash } from 'node:crypto';
import { wholeBody } from '../call-bodies.ts';
import type { S3Calls } from '../calls.ts';
import { type Attempt, attempt } from './attempt.ts';

export interface LockedVersion {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly signal: AbortSignal;
}

export async function setLegalHold(calls: S3Calls, version: LockedVersion, status: 'ON' | 'OFF'): Promise<Attempt> {
  const { bucket, key, versionId, signal } = version;
  const document = `<LegalHold xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></LegalHold>`;
  const { body, headers } = wholeBody(Buffer.from(document));
  return await attempt(calls, {
    method: 'PUT',
    bucket,
    key,
    query: [
      ['legal-hold', ''],
      ['versionId', versionId],
    ],
    body,
    headers: { ...headers, 'content-md5': hash('md5', document, 'base64') },
    signal,
  });
}
