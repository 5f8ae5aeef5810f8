// Sealed objects over `/objects/{bucket}/{key}` of the control listener: the same objects, rules and conditions as over S3.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ListObjectsV2Command, PutBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import { GeneralEncrypt, type GeneralJWE, generalDecrypt, importJWK, type JWK } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { signatureHeaders } from '../support/signature.ts';

const PLAINTEXT = randomBytes(200_000);
/** What an answer says that a request may bring back. */
const OWN = ['x-encrypted-key', 'x-key-id', 'x-key-version', 'x-key-alg', 'x-encryption-alg', 'x-redundancy-class'];

let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials);
  await createBucket(gateway, 'vault', { encryption: 'required' });
  await createBucket(gateway, 'open', { encryption: 'off' });
  writeFileSync(join(gateway.dataDir, 'plain'), PLAINTEXT);
  for (const name of ['one', 'two']) {
    expect((await sealgate(gateway, ['put', 'plain', `s3://vault/${name}`])).code).toBe(0);
  }
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

interface Call {
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly unsigned?: Readonly<Record<string, string>>;
  readonly keys?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly service?: 's3' | 'sealgate';
}

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The code of a problem. */
  readonly code: string | undefined;
}

async function ask(method: string, path: string, call: Call = {}): Promise<Reply> {
  const { controlEndpoint, region } = gateway.credentials;
  const url = new URL(`${controlEndpoint}${path}`);
  const { body, headers = {}, unsigned = {}, keys = gateway.credentials, service = 'sealgate' } = call;
  const signed = signatureHeaders({
    keys,
    region,
    service,
    method,
    url,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return await replyOf(
    await fetch(url, {
      method,
      headers: { ...signed, ...unsigned },
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    }),
  );
}

async function replyOf(answer: Response): Promise<Reply> {
  const { status, headers } = answer;
  const body = Buffer.from(await answer.arrayBuffer());
  const problem = headers.get('content-type')?.startsWith('application/problem+json') === true;
  const code = problem ? (JSON.parse(body.toString()) as { code: string }).code : undefined;
  return { status, headers, body, code };
}

/** What a later PUT needs of an answer. */
const sealOf = ({ headers }: Reply): Record<string, string> =>
  Object.fromEntries(OWN.map((name) => [name, headers.get(name) ?? '']));

test('gives what the command line sealed, and takes it back', async () => {
  const got = await ask('GET', '/objects/vault/one');
  expect(got.status).toBe(200);
  expect(got.body.subarray(1, 4).toString()).toBe('SGO');
  const seal = sealOf(got);
  expect(Object.values(seal).filter((value) => value === '')).toEqual([]);
  expect(JSON.parse(Buffer.from(seal['x-encrypted-key'] ?? '', 'base64url').toString())).toMatchObject({
    recipients: [{ header: { kid: seal['x-key-id'], alg: seal['x-key-alg'] } }],
  });
  expect(got.headers.get('content-security-policy')).toContain('sandbox');

  expect((await ask('DELETE', '/objects/vault/one')).status).toBe(204);
  expect((await ask('GET', '/objects/vault/one')).code).toBe('NoSuchKey');
  const put = await ask('PUT', '/objects/vault/one', { body: got.body, headers: seal });
  expect([put.status, put.headers.get('etag')]).toEqual([200, got.headers.get('etag')]);
  expect(put.headers.get('x-redundancy-class')).toBe('StandardClass');
  expect(put.headers.get('x-sealgate-acked-by')?.split(',').length).toBeGreaterThanOrEqual(2);
  expect(put.headers.get('x-sealgate-verdict')).toBe('sealed:sgo1');

  expect((await sealgate(gateway, ['get', 's3://vault/one', 'back'])).code).toBe(0);
  expect(readFileSync(join(gateway.dataDir, 'back')).equals(PLAINTEXT)).toBe(true);
});

test('tells the same without bytes, and gives ranges', async () => {
  const whole = await ask('GET', '/objects/vault/two');
  const head = await ask('HEAD', '/objects/vault/two');
  expect([head.status, head.headers.get('content-length'), head.body.length]).toEqual([
    200,
    String(whole.body.length),
    0,
  ]);
  expect(sealOf(head)).toEqual(sealOf(whole));
  const part = await ask('GET', '/objects/vault/two', { headers: { range: 'bytes=100-1099' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-1099/${whole.body.length}`]);
  expect(part.body.equals(whole.body.subarray(100, 1100))).toBe(true);
  const beyond = await ask('GET', '/objects/vault/two', { headers: { range: 'bytes=99999999-' } });
  expect([beyond.status, beyond.code]).toEqual([416, 'InvalidRange']);
});

test('knows the conditions of S3', async () => {
  const head = await ask('HEAD', '/objects/vault/two');
  const etag = head.headers.get('etag') ?? '';
  expect((await ask('GET', '/objects/vault/two', { headers: { 'if-none-match': etag } })).status).toBe(304);
  expect((await ask('GET', '/objects/vault/two', { headers: { 'if-match': '"other"' } })).code).toBe(
    'PreconditionFailed',
  );
  const { body } = await ask('GET', '/objects/vault/two');
  const again = await ask('PUT', '/objects/vault/two', { body, headers: { ...sealOf(head), 'if-none-match': '*' } });
  expect([again.status, again.code]).toEqual([412, 'PreconditionFailed']);
  const same = await ask('PUT', '/objects/vault/two', { body, headers: { ...sealOf(head), 'if-match': etag } });
  expect(same.status).toBe(200);
});

test('refuses what a strict bucket refuses', async () => {
  const one = await ask('GET', '/objects/vault/one');
  const seal = sealOf(one);
  const put = (call: Call, key = 'new') => ask('PUT', `/objects/vault/${key}`, call);
  expect(await put({ body: Buffer.from('plain text') })).toMatchObject({ status: 403, code: 'EncryptionRequired' });
  // The envelope of another key, and another body under it.
  expect(await put({ body: one.body, headers: seal })).toMatchObject({ status: 403, code: 'EncryptionRequired' });
  const { body } = await ask('GET', '/objects/vault/two');
  expect(await put({ body, headers: seal }, 'one')).toMatchObject({ status: 403, code: 'EncryptionRequired' });
  const cut = one.body.subarray(0, -1);
  expect(await put({ body: cut, headers: seal }, 'one')).toMatchObject({ status: 403, code: 'EncryptionRequired' });
  expect((await ask('HEAD', '/objects/vault/new')).status).toBe(404);
  expect((await ask('GET', '/objects/vault/one')).body.equals(one.body)).toBe(true);
});

test('holds what a request says of its envelope to the envelope', async () => {
  const one = await ask('GET', '/objects/vault/one');
  const put = async (change: Record<string, string>): Promise<readonly [number, string | undefined]> => {
    const { status, code } = await ask('PUT', '/objects/vault/one', {
      body: one.body,
      headers: { ...sealOf(one), ...change },
    });
    return [status, code];
  };
  const invalid = [400, 'ValidationFailed'];
  expect(await put({ 'x-key-id': 'urn:ietf:params:oauth:jwk-thumbprint:sha-256:other' })).toEqual(invalid);
  expect(await put({ 'x-key-version': '0' })).toEqual(invalid);
  expect(await put({ 'x-key-alg': 'RSA1_5' })).toEqual(invalid);
  expect(await put({ 'x-encryption-alg': 'none' })).toEqual(invalid);
  expect(await put({ 'x-encrypted-key': 'e30' })).toEqual(invalid);
  expect(await put({ 'x-redundancy-class': 'NoSuchClass' })).toEqual([400, 'InvalidStorageClass']);
  expect(await put({ 'x-key-version': '7' })).toEqual([200, undefined]);
  expect((await ask('HEAD', '/objects/vault/one')).headers.get('x-key-version')).toBe('7');
  const lonely = await ask('PUT', '/objects/open/x', { body: Buffer.from('x'), headers: { 'x-key-version': '1' } });
  expect(lonely).toMatchObject({ status: 400, code: 'ValidationFailed' });
});

test('keys are what they are, whatever a path would make of them', async () => {
  const keys = ['a//b', 'a/../b', './x', 'ü/€', 'a%2Fb', 'end/', 'x'.repeat(1024)];
  for (const key of keys) {
    const path = key.split('/').map(encodeURIComponent).join('/');
    const body = Buffer.from(`of ${key}`);
    // fetch would resolve the dots, so they go over a socket.
    expect(await overSocket('PUT', `/objects/open/${path}`, body)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await overSocket('GET', `/objects/open/${path}`)).toContain(body.toString('latin1'));
  }
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'open' }));
  expect(Contents.map(({ Key }) => Key)).toEqual(expect.arrayContaining(keys));
});

async function overSocket(method: string, path: string, body = Buffer.alloc(0)): Promise<string> {
  const { controlEndpoint, region } = gateway.credentials;
  const url = new URL(controlEndpoint);
  const signable = { host: url.host, pathname: path, search: '' };
  const headers = signatureHeaders({ keys: gateway.credentials, region, service: 's3', method, url: signable, body });
  const lines = Object.entries({
    ...headers,
    host: url.host,
    connection: 'close',
    'content-length': String(body.length),
  });
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return await exchange(Buffer.concat([Buffer.from(head), body]));
}

/** Bytes to the control listener; what comes back until it hangs up. */
async function exchange(bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(gateway.credentials.controlEndpoint);
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setTimeout(120_000, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

test('a body is asked for only when it may be stored', async () => {
  const { controlEndpoint, region } = gateway.credentials;
  const url = new URL(`${controlEndpoint}/objects/vault/never`);
  const headers = signatureHeaders({
    keys: gateway.credentials,
    region,
    service: 's3',
    method: 'PUT',
    url,
    body: 'never sent',
  });
  const lines = { ...headers, host: url.host, expect: '100-continue', 'content-length': '10' };
  const head = `PUT /objects/vault/never HTTP/1.1\r\n${Object.entries(lines)
    .map(([n, v]) => `${n}: ${v}\r\n`)
    .join('')}\r\n`;
  const answer = await exchange(Buffer.from(head));
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  expect(answer).toContain('"code":"EncryptionRequired"');
});

/** The envelope of an answer, opened by its owner and sealed anew to the same key: another document for the same body. */
async function resealed({ headers }: Reply): Promise<string> {
  const { stdout } = await sealgate(gateway, ['keys', 'export', '--private', '--json']);
  const jwk = JSON.parse(stdout) as JWK;
  const text = Buffer.from(headers.get('x-encrypted-key') ?? '', 'base64url').toString();
  const { plaintext, protectedHeader } = await generalDecrypt(
    JSON.parse(text) as GeneralJWE,
    await importJWK(jwk, 'ECDH-ES+A256KW'),
  );
  const { d: _, ...publicJwk } = jwk;
  const { enc, typ, sg } = protectedHeader as { enc: string; typ: string; sg: object };
  const sealed = await new GeneralEncrypt(plaintext)
    .setProtectedHeader({ enc, typ, sg })
    .addRecipient(await importJWK(publicJwk, 'ECDH-ES+A256KW'))
    .setUnprotectedHeader({ alg: 'ECDH-ES+A256KW', kid: headers.get('x-key-id') ?? '' })
    .encrypt();
  return JSON.stringify(sealed);
}

test('PATCH replaces the envelope, once, and nothing else', async () => {
  expect((await sealgate(gateway, ['put', 'plain', 's3://vault/rotated'])).code).toBe(0);
  const before = await ask('GET', '/objects/vault/rotated');
  const envelope = await resealed(before);
  const rotate = { 'x-encrypted-key': envelope, 'x-key-version': '2' };
  const patch = (headers: Record<string, string>, path = '/objects/vault/rotated') => ask('PATCH', path, { headers });
  expect(await patch({ ...rotate, 'x-expected-key-version': '5' })).toMatchObject({
    status: 412,
    code: 'PreconditionFailed',
  });
  expect(await patch({ ...rotate, 'x-expected-key-id': 'other' })).toMatchObject({ status: 412 });
  expect(await patch({ ...rotate, 'if-match': '"other"' })).toMatchObject({ status: 412 });
  // Of another object: the envelope names neither this key nor this body.
  expect(await patch(rotate, '/objects/vault/two')).toMatchObject({ status: 403, code: 'EncryptionRequired' });
  expect(await patch(rotate, '/objects/vault/none')).toMatchObject({ status: 404, code: 'NoSuchKey' });
  expect(await patch({ 'x-encrypted-key': envelope })).toMatchObject({ status: 400, code: 'ValidationFailed' });

  const done = await patch(rotate);
  expect([done.status, done.headers.get('x-key-version'), done.headers.get('etag')]).toEqual([
    204,
    '2',
    before.headers.get('etag'),
  ]);
  expect(await patch(rotate)).toMatchObject({ status: 412, code: 'PreconditionFailed' });

  const after = await ask('GET', '/objects/vault/rotated');
  expect(after.body.equals(before.body)).toBe(true);
  expect(after.headers.get('last-modified')).toBe(before.headers.get('last-modified'));
  expect(JSON.parse(Buffer.from(after.headers.get('x-encrypted-key') ?? '', 'base64url').toString())).toMatchObject({
    tag: (JSON.parse(envelope) as { tag: string }).tag,
  });
  expect((await sealgate(gateway, ['get', 's3://vault/rotated', 'rotated'])).code).toBe(0);
  expect(readFileSync(join(gateway.dataDir, 'rotated')).equals(PLAINTEXT)).toBe(true);
});

test('versions', async () => {
  await createBucket(gateway, 'history', { encryption: 'off' });
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: 'history', VersioningConfiguration }));
  const put = async (text: string) =>
    (await ask('PUT', '/objects/history/k', { body: Buffer.from(text) })).headers.get('x-amz-version-id') ?? '';
  const [first, second] = [await put('first'), await put('second')];
  expect((await ask('GET', '/objects/history/k')).body.toString()).toBe('second');
  expect((await ask('GET', `/objects/history/k?versionId=${first}`)).body.toString()).toBe('first');
  expect((await ask('DELETE', `/objects/history/k?versionId=${second}`)).status).toBe(204);
  expect((await ask('GET', '/objects/history/k')).body.toString()).toBe('first');
  expect((await ask('GET', '/objects/history/k?versionId=nonsense')).code).toBe('InvalidArgument');
});

test('only what lies under /objects/{bucket}/{key} is there, in these methods', async () => {
  expect(await ask('GET', '/objects/vault')).toMatchObject({ status: 404, code: 'NotFound' });
  expect(await ask('POST', '/objects/vault/one')).toMatchObject({ status: 405, code: 'MethodNotAllowed' });
  // A sub-resource of S3 would be another operation.
  expect(await ask('DELETE', '/objects/open/x?tagging=')).toMatchObject({ status: 400, code: 'ValidationFailed' });
  const copy = { headers: { 'x-amz-copy-source': '/vault/one' } };
  expect(await ask('PUT', '/objects/open/copy', copy)).toMatchObject({ status: 501, code: 'NotImplemented' });
});

test('who runs the gateway reads no objects, and nobody learns which keys there are', async () => {
  const path = `${gateway.credentials.controlEndpoint}/objects/open/secret`;
  const proofs = [{}, { 'x-admin-key': gateway.credentials.adminKey }, { authorization: 'Bearer abc.def.ghi' }];
  for (const headers of proofs) {
    const reply = await replyOf(await fetch(path, { headers: headers as Record<string, string> }));
    expect(reply).toMatchObject({ status: 401, code: 'NotAuthenticated' });
  }
  // A signature that lacks something is told what, and is not taken for none.
  const { region } = gateway.credentials;
  const call = { keys: gateway.credentials, region, service: 's3', method: 'GET', url: new URL(path) } as const;
  const { 'x-amz-content-sha256': _, ...half } = signatureHeaders(call);
  expect(await replyOf(await fetch(path, { headers: half }))).toMatchObject({ status: 400, code: 'InvalidRequest' });
  const { accessKeyId, secretAccessKey } = gateway.credentials;
  const wrong = await ask('GET', '/objects/open/secret', { keys: { accessKeyId, secretAccessKey: 'another' } });
  const unknown = await ask('GET', '/objects/open/secret', { keys: { accessKeyId: 'SGAKNOBODY', secretAccessKey } });
  const said = ({ body }: Reply) => ({ ...(JSON.parse(body.toString()) as object), requestId: '' });
  expect(said(unknown)).toEqual(said(wrong));
  expect([wrong.status, wrong.code]).toEqual([401, 'NotAuthenticated']);
  const added = await ask('PUT', '/objects/open/x', {
    body: Buffer.from('x'),
    unsigned: { 'x-redundancy-class': 'RegionalClass' },
  });
  expect(added).toMatchObject({ status: 403, code: 'AccessDenied' });
});

test('another tenant reaches nothing', async () => {
  await admin(gateway, 'POST', '/admin/tenants', { name: 'stranger' });
  const keys = await admin<Required<Call>['keys']>(gateway, 'POST', '/proxy/credentials', {
    tenant: 'stranger',
  });
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    const reply = await ask(method, '/objects/vault/one', { keys });
    expect([method, [403, 404].includes(reply.status)]).toEqual([method, true]);
  }
  const put = await ask('PUT', '/objects/open/theirs', { keys, body: Buffer.from('x') });
  expect([403, 404]).toContain(put.status);
  expect((await ask('GET', '/objects/vault/one')).status).toBe(200);
});

test('quotas hold, and requests are counted like those over S3', async () => {
  const { controlEndpoint } = gateway.credentials;
  const text = await (await fetch(`${controlEndpoint}/metrics`)).text();
  expect(text).toMatch(/sealgate_requests_total\{listener="control",operation="PutObject",status="200"\} [1-9]/);
  await admin(gateway, 'POST', '/admin/tenants', { name: 'small', defaultEncryption: 'off', quotas: { bytes: 1000 } });
  await admin(gateway, 'POST', '/admin/tenants/small/buckets', { name: 'small-data' });
  const keys = await admin<Required<Call>['keys']>(gateway, 'POST', '/proxy/credentials', { tenant: 'small' });
  const put = (key: string, bytes: number) =>
    ask('PUT', `/objects/small-data/${key}`, { keys, body: Buffer.alloc(bytes) });
  expect((await put('a', 600)).status).toBe(200);
  expect(await put('b', 401)).toMatchObject({ status: 403, code: 'QuotaExceeded' });
});
