// Uploads past the gateway: what is planned, what may be committed, and every way to cheat that a client has.
import { createHash, randomBytes } from 'node:crypto';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { addStore, LOOPBACK, type Store } from '../support/s3-backends.ts';
import { newClient } from '../support/s3-client.ts';
import { signatureHeaders } from '../support/signature.ts';

interface Target {
  readonly backend: string;
  readonly physical_bucket: string;
  readonly physical_key: string;
  readonly url: string;
  readonly upload: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
}
interface Plan {
  readonly plan: string;
  readonly class: string;
  readonly ack_rule: string;
  readonly targets: readonly Target[];
  readonly replicated_to: readonly string[];
}
interface Registered {
  readonly version_id: string;
  readonly etag: string | null;
  readonly verified_on: readonly string[];
  readonly replicas: readonly { readonly backend: string; readonly state: string }[];
  readonly job: string | null;
}
interface Listed {
  readonly object_key: string;
  readonly version: string | null;
  readonly encrypted_key: string | null;
  readonly backends: Readonly<Record<string, { readonly url: string; readonly state: string }>>;
}
interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const ENVELOPE = { encrypted_key: 'd3JhcHBlZA==', key_id: 'customer42-k1', key_alg: 'rsa-oaep' };
let gateway: GatewayProcess;
let s3: S3Client;
let stores: readonly Store[];
const tenant = () => gateway.credentials.tenant;

beforeAll(async () => {
  gateway = await startGateway({
    env: { ...LOOPBACK, SEALGATE_RECONCILE_INTERVAL_SECONDS: '1' },
  });
  s3 = newClient(gateway.credentials);
  stores = [
    await addStore(gateway, { id: 'store-fi', country: 'FI', jurisdiction: 'EU' }),
    await addStore(gateway, { id: 'store-de', country: 'DE', jurisdiction: 'EU' }),
    await addStore(gateway, { id: 'store-fr', country: 'FR', jurisdiction: 'EU' }),
    await addStore(gateway, { id: 'store-us', country: 'US', jurisdiction: 'US' }),
    // Whoever has a URL of this one could write over what was verified.
    await addStore(gateway, { id: 'store-lax', country: 'SE', jurisdiction: 'EU' }, { missing: ['conditions'] }),
  ];
  await createBucket(gateway, 'direct', { encryption: 'off', regionLock: ['EU'] });
  await createBucket(gateway, 'other', { encryption: 'off', regionLock: ['EU'] });
  await createBucket(gateway, 'strict', { encryption: 'required', regionLock: ['EU'] });
  await admin(gateway, 'POST', '/admin/tenants', { name: 'stranger', defaultEncryption: 'off' });
  await admin(gateway, 'POST', '/admin/tenants/stranger/buckets', { name: 'foreign', encryption: 'off' });
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  for (const { fake } of stores) await fake.close();
  removeDataDir(gateway.dataDir);
});

/** A call of the tenant itself, whatever comes of it. */
async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const url = new URL(gateway.credentials.controlEndpoint + path);
  const text = body === undefined ? '' : JSON.stringify(body);
  const signed = signatureHeaders({
    ...{ keys: gateway.credentials, region: gateway.credentials.region, service: 's3', method, url, body: text },
  });
  const json = text === '' ? {} : { body: text };
  const type = text === '' ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers: { ...signed, ...type }, ...json });
  const said = await answer.text();
  return { status: answer.status, body: said === '' ? {} : (JSON.parse(said) as Answer['body']) };
}
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const planFor = (key: string, bytes: number, more: object = {}): Promise<Answer> =>
  call('POST', '/proxy/objects/plan', { tenant: tenant(), bucket: 'direct', key, bytes, ...more });
async function plan(key: string, body: Buffer, more: object = {}): Promise<Plan> {
  const answer = await planFor(key, body.length, { sha256: sha256(body), ...more });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as unknown as Plan;
}
const put = ({ upload }: Target, body: Buffer, headers: Record<string, string> = {}): Promise<Response> => {
  const { 'content-length': _, ...rest } = upload.headers;
  return fetch(upload.url, { method: 'PUT', headers: { ...rest, ...headers }, body: new Uint8Array(body) });
};
async function putAll({ targets }: Plan, body: Buffer): Promise<void> {
  for (const target of targets) expect((await put(target, body)).status).toBe(200);
}
const commit = (key: string, id: string, more: object = {}): Promise<Answer> =>
  call('POST', '/proxy/objects', { bucket: 'direct', object_key: key, plan: id, ...ENVELOPE, ...more });
async function read(key: string): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'direct', Key: key }));
  return Buffer.from(await Body!.transformToByteArray());
}
const list = async (bucket = 'direct'): Promise<readonly Listed[]> =>
  (await call('GET', `/proxy/objects/${tenant()}/${bucket}`)).body['items'] as readonly Listed[];
const exists = async (key: string) => (await list()).some(({ object_key }) => object_key === key);
const storeOf = (id: string): Store => stores.find((store) => store.id === id)!;
const lies = ({ backend, physical_bucket, physical_key }: Target): boolean =>
  storeOf(backend).fake.buckets.get(physical_bucket)?.objects.has(physical_key) === true;

test('what is put where the plan says is verified, published once, and reads back', async () => {
  const body = randomBytes(3 * 1024 * 1024 + 17);
  const planned = await plan('reports/q4', body);
  expect(planned.targets.map(({ backend }) => backend).sort()).toEqual(['store-de', 'store-fi', 'store-fr']);
  expect(planned.ack_rule).toContain('copies');
  for (const { upload } of planned.targets) {
    expect(upload.headers).toMatchObject({ 'content-length': String(body.length), 'if-none-match': '*' });
    expect(upload.headers['x-amz-checksum-sha256']).toBe(Buffer.from(sha256(body), 'hex').toString('base64'));
  }
  await putAll(planned, body);
  expect(await exists('reports/q4')).toBe(false);
  const etags = planned.targets.map(({ backend, url }) => [backend, { url, etag: md5(body) }] as const);
  const more = { backends: Object.fromEntries(etags), version: 'v1' };
  const first = await commit('reports/q4', planned.plan, more);
  expect(first).toMatchObject({ status: 201, body: { etag: md5(body), bytes: body.length, plan: planned.plan } });
  // One copy was read; the backends of the others had computed their digest themselves.
  const gets = stores.flatMap(({ fake }) =>
    fake.requests.filter((line) => line.startsWith('GET /s3gw-') && line.includes(planned.plan)),
  );
  expect(gets).toHaveLength(1);
  const { verified_on: verified, replicas } = first.body as unknown as Registered;
  expect([...verified].sort()).toEqual(['store-de', 'store-fi', 'store-fr']);
  expect(replicas.every(({ state }) => state === 'stored')).toBe(true);
  expect((await read('reports/q4')).equals(body)).toBe(true);
  // Replayed it is the same version, and there is no second one.
  const again = await commit('reports/q4', planned.plan, more);
  expect(again.body).toMatchObject({ version_id: first.body['version_id'], etag: null });
  const [listed] = (await list()).filter(({ object_key }) => object_key === 'reports/q4');
  expect(listed).toMatchObject({ version: 'v1', ...ENVELOPE, replica_count: 3 });
  expect(listed?.backends['store-fi']).toMatchObject({ state: 'stored' });
});

test('no job gives a copy to where the planned object asked not to lie, also when its commit says nothing of it', async () => {
  await createBucket(gateway, 'free', { encryption: 'off' });
  const body = randomBytes(1000);
  const planned = await plan('here', body, { bucket: 'free', residency: 'EU' });
  await putAll(planned, body);
  const said = { bucket: 'free', object_key: 'here', plan: planned.plan, ...ENVELOPE };
  const refused = await call('POST', '/proxy/objects', { ...said, targets: ['store-us'] });
  expect(refused).toMatchObject({ status: 403, body: { code: 'PolicyRefused', rule: 'bucket.regionLock' } });
  expect(await call('POST', '/proxy/objects', said)).toMatchObject({ status: 201 });
});

test('the bearer of a URL can put the announced bytes once, and nothing else, ever', async () => {
  const body = randomBytes(1000);
  const planned = await plan('once', body);
  const [target] = planned.targets;
  expect((await put(target!, randomBytes(1000))).status).toBe(400);
  expect((await put(target!, randomBytes(1001))).status).toBe(403);
  expect((await put(target!, body, { 'if-none-match': '"x"' })).status).toBe(403);
  expect((await put(target!, body)).status).toBe(200);
  expect((await put(target!, body)).status).toBe(412);
});

test('a commit with too few verified copies names the ack rule; the missing ones may follow', async () => {
  const body = randomBytes(5000);
  const planned = await plan('slowly', body);
  const none = await commit('slowly', planned.plan);
  expect(none).toMatchObject({ status: 503, body: { code: 'AckRuleFailed' } });
  await put(planned.targets[0]!, body);
  const one = await commit('slowly', planned.plan);
  expect(one).toMatchObject({ status: 503, body: { code: 'AckRuleFailed', rule: planned.ack_rule } });
  expect(await exists('slowly')).toBe(false);
  await put(planned.targets[1]!, body);
  const two = await commit('slowly', planned.plan);
  expect(two.status).toBe(201);
  const { verified_on: verified } = two.body as unknown as Registered;
  expect(verified).toHaveLength(2);
  // What the class wants besides is owed, and comes.
  const copies = async () =>
    Object.values((await list()).find(({ object_key }) => object_key === 'slowly')!.backends).filter(
      ({ state }) => state === 'stored',
    ).length;
  await until(copies, (count) => count === 3, { what: 'the third copy' });
});

test('what landed must be what was announced', async () => {
  const body = randomBytes(2000);
  const other = Buffer.from(body);
  other[100] = (other[100] ?? 0) ^ 1;
  // A store that does not check: bytes are changed behind its back.
  const tampered = await plan('tampered', body);
  await putAll(tampered, body);
  for (const { backend, physical_bucket, physical_key } of tampered.targets) {
    const [version] = storeOf(backend).fake.buckets.get(physical_bucket)!.objects.get(physical_key)!;
    version!.data = other;
  }
  expect(await commit('tampered', tampered.plan)).toMatchObject({ status: 400, body: { code: 'BadDigest' } });
  const shorter = await plan('shorter', body);
  await putAll(shorter, body);
  for (const { backend, physical_bucket, physical_key } of shorter.targets) {
    const [version] = storeOf(backend).fake.buckets.get(physical_bucket)!.objects.get(physical_key)!;
    version!.data = body.subarray(1);
  }
  expect(await commit('shorter', shorter.plan)).toMatchObject({ status: 400, body: { code: 'IncompleteBody' } });
  // Without a digest told before, two different copies are found out by being compared.
  const answer = await planFor('unalike', body.length);
  const unalike = answer.body as unknown as Plan;
  await put(unalike.targets[0]!, body);
  await put(unalike.targets[1]!, other);
  await put(unalike.targets[2]!, body);
  expect(await commit('unalike', unalike.plan)).toMatchObject({ status: 400, body: { code: 'BadDigest' } });
  const etag = await plan('etag', body);
  await putAll(etag, body);
  // All copies are named, so that the ack rule holds and nothing but the ETag is wrong.
  const claims = (wrong: Buffer) =>
    Object.fromEntries(
      etag.targets.map(({ backend, url }, at) => [backend, { url, etag: md5(at === 1 ? wrong : body) }]),
    );
  const refused = await commit('etag', etag.plan, { backends: claims(other) });
  expect(refused).toMatchObject({ status: 400, body: { code: 'BadDigest' } });
  expect(refused.body['detail']).toContain('ETag');
  for (const key of ['tampered', 'shorter', 'unalike', 'etag']) expect(await exists(key)).toBe(false);
  expect((await commit('etag', etag.plan, { backends: claims(body) })).status).toBe(201);
});

test('a plan is good for its object, its bucket, its tenant and its backends', async () => {
  const body = randomBytes(300);
  const planned = await plan('mine', body);
  await putAll(planned, body);
  expect((await commit('another', planned.plan)).status).toBe(404);
  expect((await commit('mine', planned.plan, { bucket: 'other' })).status).toBe(404);
  const stranger = { tenant: 'stranger', bucket: 'foreign', object_key: 'mine', plan: planned.plan };
  await expect(admin(gateway, 'POST', '/proxy/objects', stranger)).rejects.toThrow(/404/);
  expect((await call('POST', '/proxy/objects', stranger)).status).toBe(404);
  expect((await commit('mine', planned.plan, { backends: { 'store-us': {} } })).body).toMatchObject({
    code: 'InvalidRequest',
    rule: 'direct.planned',
  });
  const wish = await commit('mine', planned.plan, { residency: 'FI' });
  expect(wish.body).toMatchObject({ code: 'InvalidRequest', rule: 'direct.planned' });
  const link = { backends: { [planned.targets[0]!.backend]: { url: 'http://169.254.169.254/latest/meta-data' } } };
  expect((await commit('mine', planned.plan, link)).body).toMatchObject({ code: 'ValidationFailed' });
  expect((await commit('mine', planned.plan)).status).toBe(201);
});

test('a plan that is given up cannot be committed, and another takes its place', async () => {
  const body = randomBytes(400);
  const planned = await plan('left', body);
  await putAll(planned, body);
  expect(planned.targets.every(lies)).toBe(true);
  const path = (bucket: string) => `/proxy/objects/plan/${tenant()}/${bucket}/${planned.plan}`;
  expect((await call('DELETE', path('other'))).status).toBe(404);
  expect((await call('DELETE', path('direct'))).status).toBe(204);
  expect((await call('DELETE', path('direct'))).status).toBe(404);
  expect((await commit('left', planned.plan)).status).toBe(404);
  expect(await exists('left')).toBe(false);
});

test('where the policy has no place, or the class keeps shards, there is no plan', async () => {
  expect(await planFor('cold', 1000, { class: 'ColdArchiveClass' })).toMatchObject({
    status: 400,
    body: { code: 'InvalidRequest', rule: 'direct.wholeCopies' },
  });
  expect(await planFor('far', 1000, { residency: 'JP' })).toMatchObject({
    status: 403,
    body: { code: 'PolicyRefused' },
  });
  // Finland alone has one store that takes uploads: too few for the rule.
  expect(await planFor('alone', 1000, { residency: 'FI' })).toMatchObject({ status: expect.any(Number) as number });
  expect((await planFor('alone', 1000, { residency: 'FI' })).status).toBeGreaterThanOrEqual(400);
  const huge = await planFor('huge', 6 * 1024 ** 3);
  expect(huge.status).toBe(400);
});

test('what passes the gateway unencrypted is refused, by strict buckets before a byte is sent', async () => {
  const body = Buffer.from('in the clear');
  const bare = await plan('bare', body);
  await putAll(bare, body);
  const naked = await call('POST', '/proxy/objects', { bucket: 'direct', object_key: 'bare', plan: bare.plan });
  expect(naked).toMatchObject({ status: 403, body: { code: 'EncryptionRequired', rule: 'direct.encryption' } });
  const strict = { tenant: tenant(), bucket: 'strict', key: 'k', bytes: 12, ...ENVELOPE };
  expect(await call('POST', '/proxy/objects/plan', strict)).toMatchObject({
    status: 403,
    body: { code: 'EncryptionRequired' },
  });
  const said = await call('POST', '/proxy/objects/plan', { tenant: tenant(), bucket: 'strict', key: 'k', bytes: 12 });
  const planned = said.body as unknown as Plan;
  await putAll(planned, body);
  const refused = await call('POST', '/proxy/objects', {
    ...{ bucket: 'strict', object_key: 'k', plan: planned.plan, ...ENVELOPE },
  });
  expect(refused).toMatchObject({ status: 403, body: { code: 'EncryptionRequired' } });
});

test("an object that its owner put into the bucket's own places is registered; nobody else's is", async () => {
  const body = randomBytes(70_000);
  // Plans make the physical buckets.
  const planned = await plan('makes-buckets', body);
  const places = planned.targets.filter(({ backend }) => backend !== 'store-fr');
  const putOwn = (id: string, bucket: string, key: string, data = body): void => {
    const version = { versionId: 'null', data, etag: md5(data), modifiedAtMs: Date.now(), legalHold: false };
    storeOf(id).fake.buckets.get(bucket)!.objects.set(key, [version]);
  };
  for (const { backend, physical_bucket } of places) putOwn(backend, physical_bucket, 'own/2024-Q4.pdf');
  const backends = Object.fromEntries(
    places.map(({ backend, physical_bucket }) => [backend, { url: `s3://${physical_bucket}`, etag: md5(body) }]),
  );
  const register = (more: object = {}) =>
    call('POST', '/proxy/objects', {
      object_key: `${tenant()}/direct/own/2024-Q4.pdf`,
      ...{ version: 'v1', backends, ...ENVELOPE, residency: 'EU', targets: ['store-fr'], ...more },
    });
  const answer = await register();
  expect(answer).toMatchObject({ status: 201, body: { bytes: body.length, object_key: 'own/2024-Q4.pdf' } });
  expect((await read('own/2024-Q4.pdf')).equals(body)).toBe(true);
  const { job } = answer.body as unknown as Registered;
  await until(
    async () => (await call('GET', `/proxy/jobs/${job}`)).body['state'],
    (state) => state === 'done',
    { what: 'the replication' },
  );
  // The owner's own object is still the owner's.
  const [place] = places;
  expect(storeOf(place!.backend).fake.buckets.get(place!.physical_bucket)?.objects.has('own/2024-Q4.pdf')).toBe(true);

  const { backends: mapping } = (await call('GET', `/proxy/buckets/${tenant()}/direct`)).body as {
    backends: Record<string, string>;
  };
  expect(mapping['store-fi']).toBeDefined();
  const url = (text: string) => register({ backends: { 'store-fi': { url: text } } });
  expect((await url('s3://somebody-elses')).body).toMatchObject({ code: 'AccessDenied', rule: 'direct.ownBucket' });
  expect((await url(`s3://${mapping['store-de']}`)).body).toMatchObject({ code: 'AccessDenied' });
  expect((await url(`s3://${mapping['store-fi']}/b/${planned.plan}.0`)).body).toMatchObject({ rule: 'direct.planned' });
  expect((await url(`s3://${mapping['store-fi']}/nothing`)).status).toBe(404);
  // Not out of the bucket either, where a provider resolves such names.
  const out = `s3://${mapping['store-fi']}/../${mapping['store-de']}/own/2024-Q4.pdf`;
  expect((await url(out)).body).toMatchObject({ code: 'ValidationFailed', status: 400 });
  for (const bad of ['http://127.0.0.1:1/x', 'file:///etc/passwd', 's3://u:p@host/x', 's3://a/../b']) {
    expect((await url(bad)).status, bad).toBeGreaterThanOrEqual(400);
  }
  // Two places, two objects.
  putOwn('store-de', mapping['store-de']!, 'two', randomBytes(500));
  putOwn('store-fi', mapping['store-fi']!, 'two', randomBytes(500));
  const both = {
    'store-de': { url: `s3://${mapping['store-de']}` },
    'store-fi': { url: `s3://${mapping['store-fi']}` },
  };
  const unalike = { bucket: 'direct', object_key: 'two', backends: both, ...ENVELOPE };
  expect(await call('POST', '/proxy/objects', unalike)).toMatchObject({ status: 400, body: { code: 'BadDigest' } });
  // One copy does not hold the rule.
  const single = { bucket: 'direct', object_key: 'two', backends: { 'store-de': both['store-de'] }, ...ENVELOPE };
  expect(await call('POST', '/proxy/objects', single)).toMatchObject({ body: { code: 'AckRuleFailed' } });
  expect(await exists('two')).toBe(false);
});

test('quotas hold before anything is uploaded', async () => {
  await admin(gateway, 'PATCH', `/admin/tenants/${tenant()}`, { quotas: { bytes: 20_000_000 } });
  try {
    await until(
      async () => (await planFor('large', 30_000_000)).body,
      ({ code }) => code === 'QuotaExceeded',
      {
        what: 'the refusal',
      },
    );
  } finally {
    await admin(gateway, 'PATCH', `/admin/tenants/${tenant()}`, { quotas: { bytes: null } });
  }
});
