// Presigned POST forms and presigned URLs, as the AWS SDK for JavaScript makes them and a browser's FormData sends them.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { PresignedPost, PresignedPostOptions } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient, presignPost } from '../support/s3-client.ts';
import { type ClientRound, newRound } from './environment.ts';

describe('AWS SDK for JavaScript v3: presigned', () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  let s3: S3Client;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 'forms');
    s3 = newClient(gateway.credentials);
  });
  afterAll(async () => {
    s3.destroy();
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });

  const read = async (Key: string): Promise<Buffer> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: round.bucket, Key }));
    return Buffer.from(await Body!.transformToByteArray());
  };
  const sign = (Key: string, more: Partial<PresignedPostOptions> = {}) =>
    presignPost(s3, { Bucket: round.bucket, Key, ...more });
  const post = async (
    signed: PresignedPost,
    body: Buffer,
    more: {
      readonly fields?: Readonly<Record<string, string>>;
      readonly after?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<Response> => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...signed.fields, ...more.fields })) form.append(name, value);
    form.append('file', new Blob([new Uint8Array(body)]), 'photo ü.jpg');
    for (const [name, value] of Object.entries(more.after ?? {})) form.append(name, value);
    return fetch(signed.url, { method: 'POST', body: form, redirect: 'manual' });
  };
  const codeOf = async (answer: Response): Promise<string | undefined> =>
    /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1];

  test.each(['small', 'middle', 'large'] as const)('a form with a %s file', async (size) => {
    const body = readFileSync(round.files[size]);
    const signed = await sign(`form/${size}`, {
      Conditions: [['content-length-range', 0, 20 * 1024 * 1024]],
      Fields: { 'Content-Type': 'image/jpeg', 'x-amz-meta-who': 'mé', success_action_status: '201' },
    });
    const answer = await post(signed, body);
    expect([answer.status, answer.headers.get('x-sealgate-acked-by')]).toEqual([201, expect.stringMatching(/./)]);
    expect(await answer.text()).toContain(`<Key>form/${size}</Key>`);
    const head = await s3.send(new HeadObjectCommand({ Bucket: round.bucket, Key: `form/${size}` }));
    expect(head).toMatchObject({
      ContentType: 'image/jpeg',
      ContentLength: body.length,
      ETag: answer.headers.get('etag'),
    });
    expect((await read(`form/${size}`)).equals(body)).toBe(true);
  });

  test('a name from the file, and where to go afterwards', async () => {
    const signed = await sign('named/${filename}', {
      Fields: { success_action_redirect: 'https://example.org/done?a=b' },
    });
    const answer = await post(signed, Buffer.from('x'), { after: { submit: 'Upload' } });
    expect(answer.status).toBe(303);
    const location = new URL(answer.headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe('https://example.org/done');
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      a: 'b',
      bucket: round.bucket,
      key: 'named/photo ü.jpg',
    });
    expect((await read('named/photo ü.jpg')).toString()).toBe('x');
  });

  test('what a policy does not allow', async () => {
    const signed = await sign('limited', { Conditions: [['content-length-range', 2, 400_000]], Expires: 60 });
    const extra = await post(signed, Buffer.from('xx'), { fields: { 'x-amz-meta-extra': '1' } });
    expect([extra.status, await codeOf(extra)]).toEqual([403, 'AccessDenied']);
    const elsewhere = await post(signed, Buffer.from('xx'), { fields: { key: 'other' } });
    expect([elsewhere.status, await codeOf(elsewhere)]).toEqual([403, 'AccessDenied']);
    expect(await codeOf(await post(signed, Buffer.from('x')))).toBe('EntityTooSmall');
    expect(await codeOf(await post(signed, randomBytes(400_001)))).toBe('EntityTooLarge');
    const forged = await post(signed, Buffer.from('xx'), { fields: { 'X-Amz-Signature': '0'.repeat(64) } });
    expect([forged.status, await codeOf(forged)]).toEqual([403, 'SignatureDoesNotMatch']);
    const anonymous = await post({ url: signed.url, fields: { key: 'limited' } }, Buffer.from('xx'));
    expect([anonymous.status, await codeOf(anonymous)]).toEqual([403, 'AccessDenied']);
    await expect(read('limited')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('fields behind the file are ignored, as a form without a script sends its button', async () => {
    const button = { after: { submit: 'Upload' } };
    const middle = randomBytes(2 * 1024 * 1024);
    expect((await post(await sign('button'), middle, button)).status).toBe(204);
    expect((await read('button')).equals(middle)).toBe(true);
    const large = await post(await sign('button/large'), readFileSync(round.files.large), button);
    expect([large.status, await codeOf(large)]).toEqual([400, 'MalformedPOSTRequest']);
    await expect(read('button/large')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('a strict bucket takes no form with an unsealed file', async () => {
    await createBucket(gateway, 'strict-forms', { encryption: 'required' });
    const signed = await presignPost(s3, { Bucket: 'strict-forms', Key: 'plain' });
    const refused = await post(signed, Buffer.from('plain'));
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'EncryptionRequired']);
  });

  test('a file that is not what its checksum says', async () => {
    const wrong = await post(await sign('summed'), Buffer.from('xx'), {
      fields: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    });
    expect([wrong.status, await codeOf(wrong)]).toEqual([400, 'BadDigest']);
  });

  test('a URL for an upload, with the headers that it carries', async () => {
    // The SDK signs the checksum of an empty body into it, which S3 ignores there.
    const command = new PutObjectCommand({
      Bucket: round.bucket,
      Key: 'put',
      Metadata: { who: 'me' },
      ContentType: 'a/b',
    });
    const url = await getSignedUrl(s3, command, { expiresIn: 60 });
    expect(url).toContain('x-amz-checksum-crc32=');
    const answer = await fetch(url, { method: 'PUT', body: 'hello', headers: { 'content-type': 'a/b' } });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    const head = await s3.send(new HeadObjectCommand({ Bucket: round.bucket, Key: 'put' }));
    expect(head).toMatchObject({ Metadata: { who: 'me' }, ContentType: 'a/b', ContentLength: 5 });
  });
});
