// Pages of another origin: what a real browser lets them do with a bucket, and what a bucket answers to any client.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  GetObjectCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient, presignPost } from '../support/s3-client.ts';
import { hasTool } from '../support/tools.ts';
import { CHROMIUM, openBrowser } from './browser/page.ts';

const Bucket = 'pages';
let gateway: GatewayProcess;
let s3: S3Client;
let site: Server;
let origin: string;

beforeAll(async () => {
  gateway = await startGateway();
  await createBucket(gateway, Bucket, { encryption: 'off' });
  s3 = newClient(gateway.credentials, { requestChecksumCalculation: 'WHEN_REQUIRED' });
  site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});
afterAll(async () => {
  s3.destroy();
  await new Promise((resolve) => site.close(resolve));
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});
beforeEach(async () => {
  await s3.send(
    new PutBucketCorsCommand({
      Bucket,
      CORSConfiguration: {
        CORSRules: [
          {
            ID: 'site',
            AllowedOrigins: [origin],
            AllowedMethods: ['GET', 'PUT', 'POST'],
            AllowedHeaders: ['content-type', 'x-amz-*'],
            ExposeHeaders: ['ETag'],
            MaxAgeSeconds: 5,
          },
          { AllowedOrigins: ['https://*.example.org'], AllowedMethods: ['GET'] },
        ],
      },
    }),
  );
});

const urlOf = (Key: string): Promise<string> => getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }));
const uploadUrl = (Key: string): Promise<string> => getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }));
const corsOf = ({ status, headers }: Response): readonly (number | string | null)[] => [
  status,
  headers.get('access-control-allow-origin'),
  headers.get('access-control-allow-methods'),
];

describe('a bucket', () => {
  test('keeps its rules', async () => {
    const { CORSRules } = await s3.send(new GetBucketCorsCommand({ Bucket }));
    expect(CORSRules?.[0]).toMatchObject({ ID: 'site', AllowedOrigins: [origin], ExposeHeaders: ['ETag'] });
    await s3.send(new DeleteBucketCorsCommand({ Bucket }));
    await expect(s3.send(new GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchCORSConfiguration',
    });
  });

  test('answers preflights, which nobody signs', async () => {
    const url = await uploadUrl('a');
    const preflight = (headers: Record<string, string>) => fetch(url, { method: 'OPTIONS', headers });
    const asked = { origin, 'access-control-request-method': 'PUT' };
    const good = await preflight({ ...asked, 'access-control-request-headers': 'Content-Type, x-amz-meta-a' });
    expect(corsOf(good)).toEqual([200, origin, 'GET, PUT, POST']);
    expect(Object.fromEntries(good.headers)).toMatchObject({
      'access-control-allow-headers': 'content-type, x-amz-meta-a',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '5',
      vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    });
    expect(corsOf(await preflight({ ...asked, 'access-control-request-headers': 'range' }))).toEqual([403, null, null]);
    expect(corsOf(await preflight({ ...asked, origin: 'http://other' }))).toEqual([403, null, null]);
    expect(corsOf(await preflight({ origin, 'access-control-request-method': 'DELETE' }))).toEqual([403, null, null]);
    expect(corsOf(await preflight({ origin }))).toEqual([400, null, null]);
    expect(corsOf(await preflight({}))).toEqual([400, null, null]);
    await s3.send(new DeleteBucketCorsCommand({ Bucket }));
    const closed = await preflight(asked);
    expect(corsOf(closed)).toEqual([403, null, null]);
    expect(await closed.text()).toContain('CORS is not enabled for this bucket');
    const nowhere = await fetch(url.replace(`/${Bucket}/`, '/not-there/'), { method: 'OPTIONS', headers: asked });
    expect(nowhere.status).toBe(404);
  });

  test('says what a page may read of any answer, of those that failed early too', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'hello' }));
    const url = await urlOf('a');
    const from = (sender: string, to = url) => fetch(to, { headers: { origin: sender } });
    expect(corsOf(await from(origin))).toEqual([200, origin, 'GET, PUT, POST']);
    expect(corsOf(await from('https://a.example.org'))).toEqual([200, 'https://a.example.org', 'GET']);
    expect(corsOf(await from('https://example.org'))).toEqual([200, null, null]);
    expect(corsOf(await from(origin, await urlOf('missing')))).toEqual([404, origin, 'GET, PUT, POST']);
    const forged = url.replace(/X-Amz-Signature=./, (text) =>
      text.endsWith('0') ? `${text.slice(0, -1)}1` : `${text.slice(0, -1)}0`,
    );
    expect(corsOf(await from(origin, forged))).toEqual([403, origin, 'GET, PUT, POST']);
    expect(corsOf(await from(origin, url.split('?', 1)[0]))).toEqual([403, origin, 'GET, PUT, POST']);
    const plain = await fetch(url);
    expect([plain.headers.get('vary'), plain.headers.get('access-control-allow-origin')]).toEqual([
      'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      null,
    ]);
  });
});

const noBrowser = hasTool(CHROMIUM) ? '' : ` (skipped: the program "${CHROMIUM}" is missing)`;

describe.skipIf(noBrowser !== '')(`Chromium${noBrowser}`, () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  beforeAll(async () => {
    browser = await openBrowser();
    await browser.page.goto(origin);
  });
  afterAll(() => browser.close());

  /** Runs in the page; a refusal by the browser is `refused`. */
  const request = (url: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    browser.page.evaluate(
      async ([to, init]) => {
        try {
          // A URL signed within the same second is the same URL, and what the browser remembers of it says nothing.
          const answer = await fetch(to, { ...init, cache: 'no-store' });
          return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') };
        } catch {
          return 'refused';
        }
      },
      [url, options] as const,
    );

  test('a page puts and reads where the rules let it', async () => {
    const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'b', ContentType: 'text/x-a' }));
    const put = { method: 'PUT', headers: { 'content-type': 'text/x-a' }, body: 'from a page' };
    expect(await request(url, put)).toMatchObject({
      status: 200,
      etag: expect.stringMatching(/^"[0-9a-f]{32}"$/) as string,
    });
    expect(await request(await urlOf('b'))).toMatchObject({ status: 200, text: 'from a page' });
    expect(await request(await urlOf('nothing'))).toMatchObject({
      status: 404,
      text: expect.stringContaining('NoSuchKey') as string,
    });
    expect(await request(await urlOf('b'), { headers: { 'x-other': '1' } })).toBe('refused');
    expect(await request(await urlOf('b'), { method: 'DELETE' })).toBe('refused');
  });

  test('a page uploads by a form', async () => {
    const { url, fields } = await presignPost(s3, { Bucket, Key: 'form/${filename}' });
    const status = await browser.page.evaluate(
      async ([to, entries]) => {
        const form = new FormData();
        for (const [name, value] of Object.entries(entries)) form.append(name, value);
        form.append('file', new File([new Uint8Array(700_000)], 'zeros.bin'));
        return (await fetch(to, { method: 'POST', body: form })).status;
      },
      [url, fields] as const,
    );
    expect(status).toBe(204);
    const { ContentLength } = await s3.send(new GetObjectCommand({ Bucket, Key: 'form/zeros.bin' }));
    expect(ContentLength).toBe(700_000);
  });

  test('and nothing where there are none', async () => {
    await s3.send(new DeleteBucketCorsCommand({ Bucket }));
    expect(await request(await urlOf('b'))).toBe('refused');
  });
});
