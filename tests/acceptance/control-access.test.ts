// Who may call the control listener, with tokens of a real OpenID Connect provider and signatures of access keys; who is
// locked out, and who is believed to be behind a proxy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, ListBucketsCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { type RealProvider, startRealProvider } from '../support/oidc-provider.ts';
import { newClient } from '../support/s3-client.ts';
import { signatureHeaders } from '../support/signature.ts';

let gateway: GatewayProcess;
let provider: RealProvider;

beforeAll(async () => {
  provider = await startRealProvider({
    ada: { groups: ['audit'] },
    vera: { groups: ['look'] },
    otto: { groups: ['tenant-admins'], org: 'acme' },
    eve: { groups: ['none'] },
  });
  gateway = await startGateway({
    env: { SEALGATE_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32', SEALGATE_TRUSTED_PROXIES: '127.0.0.1' },
  });
  for (const name of ['acme', 'other']) await admin(gateway, 'POST', '/admin/tenants', { name });
  const grants = [
    { role: 'auditor', tenants: 'all', claims: { groups: ['audit'] } },
    { role: 'viewer', tenants: 'all', claims: { groups: ['look'] } },
    { role: 'operator', tenants: { claim: 'org' }, claims: { groups: ['tenant-admins'] } },
  ];
  writeFileSync(join(gateway.dataDir, 'grants.json'), JSON.stringify({ grants }));
  const add = ['identity-provider', 'add', 'people', '--issuer', provider.issuer, '--audience', provider.audience];
  expect((await sealgate(gateway, [...add, '--grants-file', 'grants.json'])).code).toBe(0);
});
afterAll(async () => {
  await gateway.stop();
  await provider.close();
  removeDataDir(gateway.dataDir);
});

async function ask(
  line: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const answer = await fetch(gateway.credentials.controlEndpoint + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text === '' ? '{}' : text) as Record<string, unknown> };
}

const as = async (client: string) => ({ authorization: `Bearer ${await provider.token(client)}` });

test('tokens of a real provider open what the grants of their claims open', async () => {
  const [ada, vera, otto, eve] = await Promise.all(['ada', 'vera', 'otto', 'eve'].map(as));
  if (ada === undefined || vera === undefined || otto === undefined || eve === undefined) throw new Error('no tokens');
  expect((await ask('GET /admin/whoami', ada)).body).toEqual({
    kind: 'token',
    id: 'oidc/people/ada',
    grants: [{ role: 'auditor', tenants: 'all' }],
  });
  const statuses = async (headers: Record<string, string>, ...lines: string[]) =>
    await Promise.all(lines.map(async (line) => (await ask(line, headers)).status));
  const lines = ['GET /admin/backends', 'GET /admin/tenants', 'GET /admin/tenants/acme', 'GET /admin/tenants/other'];
  expect(await statuses(ada, ...lines)).toEqual([403, 403, 403, 403]);
  expect(await statuses(vera, ...lines)).toEqual([200, 200, 200, 200]);
  expect(await statuses(otto, ...lines)).toEqual([403, 403, 200, 404]);
  expect(await statuses(eve, ...lines)).toEqual([403, 403, 403, 403]);

  const made = await ask('POST /admin/tenants/acme/buckets', otto, { name: 'made-by-otto', encryption: 'off' });
  expect(made.status).toBe(201);
  expect((await ask('POST /admin/tenants/acme/buckets', vera, { name: 'made-by-vera' })).status).toBe(403);
  const [theirs, missing] = [
    await ask('POST /admin/tenants/other/buckets', otto, { name: 'x' }),
    await ask('POST /admin/tenants/third/buckets', otto, { name: 'x' }),
  ];
  expect(theirs.body['detail']).toBe(String(missing.body['detail']).replace('third', 'other'));
});

test('a token that was changed, and one for somebody else, open nothing', async () => {
  const token = await provider.token('vera');
  const [head = '', , signature = ''] = token.split('.');
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const forged = [head, Buffer.from(payload.replace('"look"', '"audit"')).toString('base64url'), signature].join('.');
  const none = [Buffer.from('{"alg":"none"}').toString('base64url'), token.split('.')[1], ''].join('.');
  for (const bad of [forged, none, 'x.y.z', `${token}x`]) {
    const answer = await ask('GET /admin/whoami', { authorization: `Bearer ${bad}` });
    expect([answer.status, answer.body['code']]).toEqual([401, 'NotAuthenticated']);
  }
});

test('a tenant keeps its own access keys with a signature, and sees nothing of another', async () => {
  const keysOf = async (tenant: string) =>
    await admin<{ accessKeyId: string; secretAccessKey: string }>(gateway, 'POST', '/proxy/credentials', { tenant });
  const [mine, theirs] = [await keysOf('acme'), await keysOf('other')];
  const signed = async (line: string, body?: object) => {
    const { controlEndpoint, region } = gateway.credentials;
    const [method = 'GET', path = '/'] = line.split(' ');
    const call = { keys: mine, region, service: 'sealgate', method, url: new URL(path, controlEndpoint) } as const;
    const headers = signatureHeaders({ ...call, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return await ask(line, headers, body);
  };
  const made = await signed('POST /proxy/credentials', { description: 'by the tenant itself' });
  expect([made.status, made.body['tenant']]).toEqual([201, 'acme']);
  const listed = await signed('GET /proxy/credentials');
  const ids = (listed.body['items'] as { accessKeyId: string }[]).map(({ accessKeyId }) => accessKeyId);
  expect(ids).toContain(made.body['accessKeyId']);
  expect(ids).not.toContain(theirs.accessKeyId);
  const answers = [
    await signed(`GET /proxy/credentials/${theirs.accessKeyId}`),
    await signed('GET /proxy/credentials/SGAKNOBODY'),
  ].map(({ status, body }) => [status, body['code'], body['detail']]);
  expect(answers[0]).toEqual([404, 'NotFound', answers[1]?.[2]]);
  expect((await signed('GET /proxy/credentials?tenant=other')).status).toBe(404);
  expect((await signed('GET /admin/tenants')).status).toBe(403);
});

test('who guesses is locked out by address, on both listeners; who is behind a proxy counts by itself', async () => {
  const from = (address: string) => ({ 'x-forwarded-for': address });
  for (let i = 0; i < 20; i += 1) {
    const wrong = { 'x-admin-key': `guess ${i}`, ...from('198.51.100.1') };
    expect((await ask('GET /admin/tenants', wrong)).status).toBe(401);
  }
  const { adminKey } = gateway.credentials;
  expect((await ask('GET /admin/tenants', { 'x-admin-key': adminKey, ...from('198.51.100.1') })).status).toBe(429);
  expect((await ask('GET /admin/tenants', { 'x-admin-key': adminKey, ...from('198.51.100.2') })).status).toBe(200);

  const guess = async (address: string, accessKeyId: string): Promise<number> => {
    const { s3Endpoint, region } = gateway.credentials;
    const keys = { accessKeyId, secretAccessKey: 'a guess' };
    const headers = signatureHeaders({ keys, region, service: 's3', method: 'GET', url: new URL('/', s3Endpoint) });
    const answer = await fetch(s3Endpoint, { headers: { ...headers, ...from(address) } });
    await answer.arrayBuffer();
    return answer.status;
  };
  // Side by side, so that on a busy machine too they come within the minute that is looked at.
  const guesses = await Promise.all(Array.from({ length: 100 }, (_, i) => guess('198.51.100.3', `SGAKGUESS${i}`)));
  expect(new Set(guesses)).toEqual(new Set([403]));
  expect(await guess('198.51.100.3', 'SGAKANOTHER')).toBe(429);
  expect(await guess('198.51.100.4', 'SGAKANOTHER')).toBe(403);
});

test('aws:SourceIp is the client that a trusted proxy names', async () => {
  await createBucket(gateway, 'by-address', { encryption: 'off' });
  const s3 = newClient(gateway.credentials);
  await s3.send(new PutObjectCommand({ Bucket: 'by-address', Key: 'k', Body: 'x' }));
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket: 'by-address',
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:GetObject',
            Resource: 'arn:aws:s3:::by-address/*',
            Condition: { NotIpAddress: { 'aws:SourceIp': '198.51.100.0/24' } },
          },
        ],
      }),
    }),
  );
  const read = async (address: string): Promise<string | undefined> => {
    const client = newClient(gateway.credentials, { maxAttempts: 1 });
    client.middlewareStack.add(
      (next) => async (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-forwarded-for'] = address;
        return await next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const outcome = await client.send(new GetObjectCommand({ Bucket: 'by-address', Key: 'k' })).then(
      () => 'read',
      (error: unknown) => (error as Error).name,
    );
    client.destroy();
    return outcome;
  };
  expect(await read('198.51.100.9')).toBe('read');
  expect(await read('203.0.113.9')).toBe('AccessDenied');
  expect(await read('198.51.100.9, 203.0.113.9')).toBe('AccessDenied');
  s3.destroy();
});

test('a key is rotated without a pause: both serve for a while, then the new one alone', async () => {
  const pairOf = (stdout: string) => JSON.parse(stdout) as { accessKeyId: string; secretAccessKey: string };
  const credential = (...args: readonly string[]) =>
    sealgate(gateway, ['credential', ...args, '--tenant', 'acme', '--json']);
  const old = pairOf((await credential('create', '--description', 'nightly')).stdout);
  const listing = async (pair: { accessKeyId: string; secretAccessKey: string }) => {
    const client = newClient({ ...gateway.credentials, ...pair });
    try {
      await client.send(new ListBucketsCommand({}));
      return 'ok';
    } catch (error) {
      return (error as Error).name;
    } finally {
      client.destroy();
    }
  };
  expect(await listing(old)).toBe('ok');
  const rotated = await credential('rotate', old.accessKeyId, '--overlap', '1h');
  expect(rotated).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(rotated.stdout)).toMatchObject({
    description: 'nightly',
    replaces: { accessKeyId: old.accessKeyId },
  });
  const next = pairOf(rotated.stdout);
  expect([await listing(old), await listing(next)]).toEqual(['ok', 'ok']);
  const last = pairOf((await credential('rotate', next.accessKeyId, '--overlap', '0s')).stdout);
  expect([await listing(next), await listing(last)]).toEqual(['ExpiredToken', 'ok']);
  expect(await credential('rotate', next.accessKeyId)).toMatchObject({ code: 1 });
  const used = async () => {
    const { items } = await admin<{ items: readonly { accessKeyId: string; lastUsedAt: string | null }[] }>(
      gateway,
      'GET',
      '/proxy/credentials?tenant=acme',
    );
    return items.find(({ accessKeyId }) => accessKeyId === old.accessKeyId)?.lastUsedAt;
  };
  await expect.poll(used).toMatch(/:00:00\.000Z$/);
});

test('the command line works under the name of whoever has a token', async () => {
  const env = { SEALGATE_TOKEN: await provider.token('ada') };
  expect((await sealgate(gateway, ['audit', 'search', '--limit', '1', '--json'], { env })).code).toBe(0);
  const refused = await sealgate(gateway, ['tenant', 'list'], { env });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('This call is for operator or viewer');
});
