// Requests that no honest client sends: each gets its documented answer, leaves nothing behind, and the process lives.
import { createHash, createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { bytesOf, filesBelow } from '../support/stored-files.ts';

const BUCKET = 'target';
let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway();
  await createBucket(gateway, BUCKET, { encryption: 'off' });
  s3 = newClient(gateway.credentials, { maxAttempts: 1 });
});
afterAll(async () => {
  s3.destroy();
  // It lives: a request is served after everything that was thrown at it.
  expect((await fetch(`${gateway.credentials.controlEndpoint}/readyz`)).status).toBe(200);
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

interface Reply {
  readonly status: number;
  readonly code: string;
  readonly text: string;
}

/** Bytes straight to a listener (unless named, that of S3); the answer is read to its end. */
async function raw(
  bytes: string | Buffer,
  options: { readonly hangUp?: boolean; readonly endpoint?: string } = {},
): Promise<Reply> {
  const { hostname, port } = new URL(options.endpoint ?? gateway.credentials.s3Endpoint);
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setTimeout(120_000, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', (error) => (text === '' ? reject(error) : undefined));
    socket.on('close', () => {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text.replace(/^HTTP\/1\.1 100[^]*?\r\n\r\n/, ''))?.[1] ?? 0);
      resolve({ status, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? '', text });
    });
    socket.write(bytes);
    if (options.hangUp === true) socket.end();
  });
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** A request signed by hand, so that any part of it can be wrong. Headers other than host, x-amz-* and x-sealgate-* are not signed. */
function signed(
  method: string,
  path: string,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly payloadHash?: string;
    readonly date?: Date;
    readonly region?: string;
    readonly accessKeyId?: string;
    readonly query?: string;
  } = {},
): string {
  const { accessKeyId, secretAccessKey, region, s3Endpoint } = gateway.credentials;
  const amzDate = (options.date ?? new Date()).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${amzDate.slice(0, 8)}/${options.region ?? region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    host: new URL(s3Endpoint).host,
    'x-amz-content-sha256': options.payloadHash ?? 'UNSIGNED-PAYLOAD',
    'x-amz-date': amzDate,
    ...options.headers,
  };
  const names = Object.keys(headers)
    .filter((name) => name === 'host' || /^x-(amz|sealgate)-/.test(name))
    .sort();
  const canonical = [
    method,
    path,
    options.query ?? '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<Buffer | string>((k, part) => hmac(k, part), `AWS4${secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  const credential = `${options.accessKeyId ?? accessKeyId}/${scope}`;
  const lines = [
    `${method} ${path}${options.query ? `?${options.query}` : ''} HTTP/1.1`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
    'connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const put = (key: string, body: string, headers: Record<string, string> = {}, payloadHash?: string): Promise<Reply> =>
  raw(
    signed('PUT', `/${BUCKET}/${key}`, {
      headers: { 'content-length': String(Buffer.byteLength(body)), ...headers },
      ...(payloadHash === undefined ? {} : { payloadHash }),
    }) + body,
  );

const keys = async (): Promise<string[]> => {
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  return (Contents ?? []).map((c) => c.Key!);
};

test('a request signed by hand passes, so that the refusals below mean what they say', async () => {
  expect(await put('by-hand', 'hello')).toMatchObject({ status: 200 });
  expect(await put('with-its-hash', 'hello', {}, sha256('hello'))).toMatchObject({ status: 200 });
});

test.each([
  ['not HTTP at all', 'GIMME ALL\r\n\r\n', 400],
  ['a header without a colon', 'GET / HTTP/1.1\r\nhost\r\n\r\n', 400],
  ['a header section of 100 KB', `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(100_000)}\r\n\r\n`, 400],
  ['two lengths', 'PUT /a/b HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
  [
    'a length and chunks',
    'PUT /a/b HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a negative length', 'PUT /a/b HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n', 400],
])('%s', async (_, bytes, status) => {
  expect(await raw(bytes)).toMatchObject({ status });
});

test.each([
  ['no host', []],
  ['two hosts', ['host: x', 'host: y']],
])('%s is refused in the words of each listener', async (_, hosts) => {
  const request = (path: string): string =>
    [`GET ${path} HTTP/1.1`, ...hosts, 'connection: close', '', ''].join('\r\n');
  expect(await raw(request('/'))).toMatchObject({ status: 400, code: 'InvalidRequest' });
  const endpoint = gateway.credentials.controlEndpoint;
  for (const path of ['/healthz', '/objects/a/b']) {
    const { status, text } = await raw(request(path), { endpoint });
    expect([status, text]).toEqual([400, expect.stringMatching(/problem\+json[^]*"code":"InvalidRequest"/)]);
  }
});

test.each([
  ['an unknown access key', { accessKeyId: 'NOBODY' }, 403, 'InvalidAccessKeyId'],
  ['another region', { region: 'us-west-7' }, 400, 'AuthorizationHeaderMalformed'],
  ['an hour ago', { date: new Date(Date.now() - 3_600_000) }, 403, 'RequestTimeTooSkewed'],
  ['an hour ahead', { date: new Date(Date.now() + 3_600_000) }, 403, 'RequestTimeTooSkewed'],
])('signed for %s', async (_, options, status, code) => {
  expect(await raw(signed('GET', `/${BUCKET}`, options))).toMatchObject({ status, code });
});

test('a signature of something else, none at all, and an unsigned header that decides something', async () => {
  const right = signed('GET', `/${BUCKET}`);
  expect(
    await raw(right.replace(/Signature=./, (s) => (s.endsWith('0') ? 'Signature=1' : 'Signature=0'))),
  ).toMatchObject({
    status: 403,
    code: 'SignatureDoesNotMatch',
  });
  expect(await raw(`GET /${BUCKET} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).toMatchObject({
    status: 403,
    code: 'AccessDenied',
  });
  for (const header of ['x-amz-acl: public-read', 'x-sealgate-encryption: off']) {
    const added = right.replace('connection: close', `${header}\r\nconnection: close`);
    expect(await raw(added)).toMatchObject({ status: 403, code: 'AccessDenied' });
  }
});

test('a bucket whose default class no policy offers is not made', async () => {
  const make = (name: string) =>
    raw(signed('PUT', '/classed', { headers: { 'content-length': '0', 'x-sealgate-redundancy-class': name } }));
  expect(await make('NoSuchClass')).toMatchObject({ status: 400, code: 'InvalidStorageClass' });
  expect(await raw(signed('GET', '/classed'))).toMatchObject({ status: 404, code: 'NoSuchBucket' });
  for (let time = 0; time < 2; time += 1) expect(await make('RegionalClass')).toMatchObject({ status: 200 });
});

test('a presigned URL cannot be given a class, nor be a copy that copies nothing', async () => {
  const put = new PutObjectCommand({ Bucket: BUCKET, Key: 'presigned', Body: '' });
  const url = await getSignedUrl(s3, put, { expiresIn: 60 });
  const headers = { 'x-sealgate-redundancy-class': 'ColdArchiveClass' };
  expect((await fetch(url, { method: 'PUT', body: 'x', headers })).status).toBe(403);
  expect(await keys()).not.toContain('presigned');
  // Signers move the source into the query, where a server that looks at headers alone makes an empty object of it.
  const copy = new CopyObjectCommand({ Bucket: BUCKET, Key: 'copied', CopySource: `${BUCKET}/by-hand` });
  const copied = await fetch(await getSignedUrl(s3, copy, { expiresIn: 60 }), { method: 'PUT' });
  expect([copied.status, await copied.text()]).toEqual([200, expect.stringContaining('<CopyObjectResult')]);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'copied' }));
  expect(await Body!.transformToString()).toBe('hello');
});

test('listings of a version that there is not, or with parameters of the other one', async () => {
  for (const query of ['list-type=3', 'start-after=a', 'list-type=2&marker=a']) {
    expect(await raw(signed('GET', `/${BUCKET}`, { query }))).toMatchObject({ status: 400, code: 'InvalidArgument' });
  }
});

test('an error about a name that XML cannot write can be read', async () => {
  const missing = s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'no\u001b[2J' }));
  await expect(missing).rejects.toMatchObject({ name: 'NoSuchKey', message: 'The specified key does not exist.' });
});

test('expired and tampered presigned URLs', async () => {
  const command = new GetObjectCommand({ Bucket: BUCKET, Key: 'by-hand' });
  const old = await getSignedUrl(s3, command, { expiresIn: 1, signingDate: new Date(Date.now() - 60_000) });
  const expired = await fetch(old);
  expect(expired.status).toBe(403);
  expect(await expired.text()).toContain('Request has expired');
  const url = await getSignedUrl(s3, command, { expiresIn: 60 });
  expect((await fetch(url.replace('by-hand', 'other'))).status).toBe(403);
  expect((await fetch(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).status).toBe(403);
});

test.each([
  ['a wrong MD5', { 'content-md5': Buffer.alloc(16, 1).toString('base64') }, undefined, 'BadDigest'],
  ['an MD5 that is none', { 'content-md5': 'no' }, undefined, 'InvalidDigest'],
  ['a wrong payload hash', {}, sha256('other'), 'XAmzContentSHA256Mismatch'],
  ['a wrong checksum', { 'x-amz-checksum-crc32': 'AAAAAA==' }, undefined, 'BadDigest'],
])('a body with %s leaves nothing', async (_, headers, payloadHash, code) => {
  expect(await put('refused', 'hello', headers, payloadHash)).toMatchObject({ status: 400, code });
  expect(await keys()).not.toContain('refused');
});

test('bodies that are cut off or broken in their chunks leave no object and no stray bytes', async () => {
  // All that is there by now: a copy that comes late is none of what is looked for.
  await untilStored(gateway, BUCKET, await keys());
  const before = new Set(bodiesOnBackends());
  const streaming = {
    'content-length': '1000',
    'x-amz-decoded-content-length': '500000',
    'content-encoding': 'aws-chunked',
  };
  const open = signed('PUT', `/${BUCKET}/broken`, {
    headers: streaming,
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  });
  const badSignature = `10000;chunk-signature=${'0'.repeat(64)}\r\n`;
  expect((await raw(open + badSignature + 'x'.repeat(1000 - badSignature.length))).status).toBeGreaterThanOrEqual(400);
  expect((await raw(`${open}zz;chunk-signature=nonsense\r\n${'x'.repeat(972)}`)).status).toBeGreaterThanOrEqual(400);
  // 400 KB announced, streamed to backends as it comes, and then the client goes away.
  const half = signed('PUT', `/${BUCKET}/broken`, { headers: { 'content-length': '400000' } });
  await raw(half + 'x'.repeat(300_000), { hangUp: true }).catch(() => undefined);
  expect(await keys()).not.toContain('broken');
  await expect.poll(() => bodiesOnBackends().filter((file) => !before.has(file))).toEqual([]);
});

/** Files with bytes of objects on the demo backends, whole or half written; without what the gateway keeps for itself. */
function bodiesOnBackends(): string[] {
  return filesBelow(join(gateway.dataDir, 'backends')).filter((file) => !/\/[amr]@\//.test(file) && bytesOf(file) > 0);
}

test.each([
  '../../etc/passwd',
  '..',
  './x',
  'a//b///c',
  '/leading',
  'trailing/',
  'ünïcode/日本/🦄',
  'space and +plus&amp;%25',
  '\u0001\u007f control',
  'a'.repeat(1024),
])('the key %j is a name like any other', async (Key) => {
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  expect(await Body!.transformToString()).toBe(Key);
});

test('keys that cannot be', async () => {
  const long = s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a'.repeat(1025), Body: '' }));
  await expect(long).rejects.toMatchObject({ name: 'KeyTooLongError' });
  expect(await raw(signed('GET', `/${BUCKET}/%FF%FE`))).toMatchObject({ status: 400, code: 'InvalidURI' });
  expect(await raw(signed('GET', `/${BUCKET}/%00`))).toMatchObject({ status: 400, code: 'InvalidURI' });
  expect(await raw(signed('GET', '/..%2F..%2Fetc/x'))).toMatchObject({ status: 400, code: 'InvalidBucketName' });
});

test.each([
  ['cut off', '<Delete><Object><Key>a</Key>'],
  ['with entities', '<!DOCTYPE d [<!ENTITY e "x">]><Delete><Object><Key>&e;</Key></Object></Delete>'],
  ['of another kind', '<Other/>'],
  ['deep', '<a>'.repeat(5000)],
  ['empty', ''],
])('XML %s', async (_, body) => {
  const headers = {
    'content-length': String(body.length),
    'content-md5': createHash('md5').update(body).digest('base64'),
  };
  const reply = await raw(signed('POST', `/${BUCKET}`, { headers, query: 'delete=' }) + body);
  expect(reply).toMatchObject({ status: 400 });
  expect(['MalformedXML', 'MissingRequestBodyError']).toContain(reply.code);
});

test('operations that are not implemented are known by name', async () => {
  const reply = await raw(signed('GET', `/${BUCKET}/object`, { query: 'torrent=' }));
  expect(reply).toMatchObject({ status: 501, code: 'NotImplemented' });
});

test('a suspended tenant and its keys', async () => {
  await admin(gateway, 'PATCH', `/admin/tenants/${gateway.credentials.tenant}`, { state: 'suspended' });
  await expect(keys()).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  await admin(gateway, 'PATCH', `/admin/tenants/${gateway.credentials.tenant}`, { state: 'active' });
  await keys();
});

test.each([
  ['link-local', 'http://169.254.169.254/'],
  ['metadata service by name', 'http://metadata.google.internal/'],
  ['loopback', 'http://127.0.0.1:9/'],
  ['IPv6 loopback', 'http://[::1]:9/'],
  ['mapped address', 'http://[::ffff:169.254.169.254]/'],
  ['number', 'http://2852039166/'],
  ['private', 'https://10.1.2.3/'],
  ['no URL', 'what'],
  ['another scheme', 'file:///etc/passwd'],
])('add-storage refuses %s', async (_, endpoint) => {
  const { controlEndpoint, adminKey } = gateway.credentials;
  const answer = await fetch(`${controlEndpoint}/admin/add-storage`, {
    method: 'POST',
    headers: { 'x-admin-key': adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 'evil',
      type: 's3',
      endpoint,
      provider: 'p',
      providerRegion: 'r',
      region: 'r',
      country: 'FI',
      jurisdiction: 'EU',
      operatorJurisdiction: 'FI',
      credentials: { accessKeyId: 'abc', secretAccessKey: 'def' },
    }),
  });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const backends = await admin<{ items: { id: string }[] }>(gateway, 'GET', '/admin/backends');
  expect(backends.items.map((b) => b.id)).not.toContain('evil');
});
