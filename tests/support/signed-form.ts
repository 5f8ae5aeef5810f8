// A form that a browser could send: its policy signed with Signature Version 4.
import { createHmac } from 'node:crypto';
import type { Credentials } from './gateway.ts';

const MINUTE_MS = 60_000;

export function signedForm(
  { accessKeyId, secretAccessKey, region }: Pick<Credentials, 'accessKeyId' | 'secretAccessKey' | 'region'>,
  { bucket, key, nowMs }: { readonly bucket: string; readonly key: string; readonly nowMs: number },
): FormData {
  const amzDate = `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const day = amzDate.slice(0, 8);
  const fields = {
    key,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${accessKeyId}/${day}/${region}/s3/aws4_request`,
    'x-amz-date': amzDate,
  };
  const conditions = [{ bucket }, ...Object.entries(fields).map(([name, value]) => ({ [name]: value }))];
  const expiration = new Date(nowMs + MINUTE_MS).toISOString();
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64');
  const hmac = (secret: string | Buffer, text: string): Buffer => createHmac('sha256', secret).update(text).digest();
  const signingKey = [region, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day));
  const form = new FormData();
  const signature = hmac(signingKey, policy).toString('hex');
  for (const [name, value] of Object.entries({ ...fields, policy, 'x-amz-signature': signature }))
    form.set(name, value);
  return form;
}
