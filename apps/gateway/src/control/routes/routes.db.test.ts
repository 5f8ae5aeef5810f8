import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createFakeS3 } from '@sealgate/testkit/fake-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Control, call, startControl } from '../testing.ts';

let control: Control;
beforeAll(async () => {
  control = await startControl({ privateRanges: false, cidrs: ['127.0.0.1/32'] });
});
afterAll(() => control.close());

const ask = (line: string, payload?: object): Promise<Answer> => call(control.app, line, payload);
const outcome = ({ status, body }: Answer) => [status, body['code']];
const items = ({ body }: Answer) => body['items'] as Record<string, unknown>[];

const EU_POLICY = `apiVersion: sealgate/v1
kind: Policy
metadata: { name: eu-only }
spec: { residency: { regionLock: [EU] } }
`;

describe('tenants', () => {
  it('are created with a key pair that is shown once', async () => {
    const made = await ask('POST /admin/tenants', { name: 'acme', defaultEncryption: 'off' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: 'acme', displayName: 'acme', state: 'active', defaultEncryption: 'off' });
    expect(made.body['ownerId']).toMatch(/^[0-9a-f]{64}$/);
    const [pair] = made.body['credentials'] as { accessKeyId: string; secretAccessKey: string }[];
    expect(pair?.secretAccessKey).toHaveLength(40);
    const seen = [await ask('GET /admin/tenants/acme'), await ask('GET /proxy/credentials?tenant=acme')];
    for (const { text } of seen) expect(text).not.toContain(pair?.secretAccessKey);
    expect(items(seen[1] as Answer)[0]).toMatchObject({ accessKeyId: pair?.accessKeyId, tenant: 'acme' });
    expect(outcome(await ask('POST /admin/tenants', { name: 'acme' }))).toEqual([409, 'Conflict']);
  });

  it('are found by name and by id, and paged', async () => {
    for (const name of ['t1', 't2', 't3']) await ask('POST /admin/tenants', { name });
    const one = await ask('GET /admin/tenants/t2');
    expect((await ask(`GET /admin/tenants/${String(one.body['id'])}`)).body).toEqual(one.body);
    const names: unknown[] = [];
    let cursor: unknown = '';
    while (typeof cursor === 'string') {
      const page = await ask(
        `GET /admin/tenants?limit=2${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      expect(items(page).length).toBeLessThanOrEqual(2);
      names.push(...items(page).map(({ name }) => name));
      cursor = page.body['next'];
    }
    expect(names).toEqual(expect.arrayContaining(['t1', 't2', 't3']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('are suspended and resumed, and take only policies that exist', async () => {
    const suspended = await ask('PATCH /admin/tenants/t1', { state: 'suspended' });
    expect(suspended.body).toMatchObject({ state: 'suspended', displayName: 't1' });
    expect((await ask('PATCH /admin/tenants/t1', { state: 'active' })).body['state']).toBe('active');
    const outcomes = [
      await ask('PATCH /admin/tenants/t1', { state: 'deleted' }),
      await ask('PATCH /admin/tenants/t1', { policy: 'no-such-policy' }),
      await ask('PATCH /admin/tenants/nobody', { state: 'active' }),
    ];
    expect(outcomes.map(outcome)).toEqual([
      [400, 'ValidationFailed'],
      [400, 'ValidationFailed'],
      [404, 'NotFound'],
    ]);
  });
});

describe('settings of a tenant', () => {
  const strict = { objectOwnership: 'BucketOwnerEnforced', legacySignatures: false, blockPublicAccess: true };

  it('are strict unless asked otherwise, and change one by one', async () => {
    expect((await ask('POST /admin/tenants', { name: 'strict' })).body['settings']).toEqual(strict);
    const shared = await ask('POST /admin/tenants', { name: 'sharing', settings: { objectOwnership: 'ObjectWriter' } });
    expect(shared.body['settings']).toMatchObject({ objectOwnership: 'ObjectWriter', blockPublicAccess: false });
    const changed = await ask('PATCH /admin/tenants/strict', { settings: { legacySignatures: true } });
    expect(changed.body['settings']).toEqual({ ...strict, legacySignatures: true });
    const untouched = await ask('PATCH /admin/tenants/strict', { displayName: 'Strict' });
    expect(untouched.body).toMatchObject({ displayName: 'Strict', settings: { legacySignatures: true } });
  });

  it.each([{ objectOwnership: 'Everybody' }, { legacySignatures: 'yes' }, { unknown: true }])(
    'refuse %j',
    async (settings) => {
      expect(outcome(await ask('PATCH /admin/tenants/acme', { settings }))).toEqual([400, 'ValidationFailed']);
    },
  );
});

describe('policies', () => {
  it('are checked without being applied', async () => {
    const good = await ask('POST /admin/policies/check', { document: EU_POLICY });
    expect(good.body).toMatchObject({ ok: true, name: 'eu-only', problem: null });
    const bad = await ask('POST /admin/policies/check', { document: EU_POLICY.replace('[EU]', '[ATLANTIS]') });
    expect(bad.body).toMatchObject({ ok: false, name: null });
    expect(bad.body['problem']).toMatch(/line/i);
    expect(items(await ask('GET /admin/policies'))).toEqual([]);
  });

  it('are applied in versions; what does not compile changes nothing', async () => {
    expect((await ask('PUT /admin/policies/eu-only', { document: EU_POLICY })).body['version']).toBe(1);
    expect((await ask('PUT /admin/policies/eu-only', { document: `${EU_POLICY}\n` })).body['version']).toBe(2);
    const refused = [
      await ask('PUT /admin/policies/eu-only', { document: 'spec: [' }),
      await ask('PUT /admin/policies/other-name', { document: EU_POLICY }),
    ];
    expect(refused.map(outcome)).toEqual([
      [400, 'PolicyInvalid'],
      [400, 'PolicyInvalid'],
    ]);
    expect((await ask('GET /admin/policies/eu-only')).body['version']).toBe(2);
    expect(outcome(await ask('GET /admin/policies/other-name'))).toEqual([404, 'NotFound']);
  });
});

describe('buckets', () => {
  it('are created with settings, changed and removed', async () => {
    const made = await ask('POST /admin/tenants/acme/buckets', {
      name: 'reports',
      regionLock: ['eu'],
      policy: 'eu-only',
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ encryption: 'off', regionLock: ['EU'], policy: 'eu-only', region: 'eu-test-1' });
    const changed = await ask('PATCH /admin/tenants/acme/buckets/reports', { encryption: 'report', policy: null });
    expect(changed.body).toMatchObject({ encryption: 'report', policy: null, regionLock: ['EU'] });
    expect(items(await ask('GET /admin/tenants/acme/buckets')).map(({ name }) => name)).toEqual(['reports']);
    expect((await ask('GET /proxy/buckets/acme/reports')).body).toEqual({
      tenant: 'acme',
      bucket: 'reports',
      region: 'eu-test-1',
      backends: {},
    });
    expect((await ask('DELETE /admin/tenants/acme/buckets/reports')).status).toBe(204);
    expect(outcome(await ask('GET /admin/tenants/acme/buckets/reports'))).toEqual([404, 'NoSuchBucket']);
  });

  it('refuse settings that would refuse every write later', async () => {
    await ask('POST /proxy/buckets', { tenant: 'acme', bucket: 'vault' });
    const refused = [
      await ask('PATCH /admin/tenants/acme/buckets/vault', { regionLock: ['ATLANTIS'] }),
      await ask('PATCH /admin/tenants/acme/buckets/vault', { policy: 'no-such-policy' }),
      await ask('PATCH /admin/tenants/acme/buckets/vault', { defaultClass: 'NoSuchClass' }),
      await ask('POST /admin/tenants/acme/buckets', { name: 'Not_A_Bucket' }),
      await ask('POST /admin/tenants/acme/buckets', { name: 'classless', defaultClass: 'NoSuchClass' }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(outcome(await ask('GET /admin/tenants/acme/buckets/classless'))).toEqual([404, 'NoSuchBucket']);
    expect((await ask('GET /admin/tenants/acme/buckets/vault')).body['defaultClass']).toBeNull();
  });

  it('of one tenant are not seen through another', async () => {
    expect(outcome(await ask('GET /admin/tenants/t1/buckets/vault'))).toEqual([404, 'NoSuchBucket']);
    expect(outcome(await ask('GET /admin/stat/t1/vault?key=x'))).toEqual([404, 'NoSuchBucket']);
    expect(outcome(await ask('GET /admin/stat/acme/vault?key=x'))).toEqual([404, 'NoSuchKey']);
    expect(outcome(await ask('GET /admin/stat/acme/vault?key=x&versionId=zz'))).toEqual([404, 'NoSuchVersion']);
  });
});

describe('credentials', () => {
  it('take a given pair, never show it, and go', async () => {
    const pair = { accessKeyId: 'AKIAGIVEN0000000001', secretAccessKey: 'a-secret-that-was-given-here' };
    const expiresAt = '2999-01-01T00:00:00Z';
    const made = await ask('POST /proxy/credentials', { tenant: 'acme', ...pair, expiresAt, description: 'ci' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ accessKeyId: pair.accessKeyId, description: 'ci' });
    expect(made.text).not.toContain(pair.secretAccessKey);
    const seen = await ask(`GET /proxy/credentials/${pair.accessKeyId}`);
    expect(seen.text).not.toContain(pair.secretAccessKey);
    expect((await ask(`DELETE /proxy/credentials/${pair.accessKeyId}`)).status).toBe(204);
    expect(outcome(await ask(`DELETE /proxy/credentials/${pair.accessKeyId}`))).toEqual([404, 'NotFound']);
  });

  it('are refused half, expired, or twice', async () => {
    const refused = [
      await ask('POST /proxy/credentials', { tenant: 'acme', accessKeyId: 'AKIAHALF' }),
      await ask('POST /proxy/credentials', { tenant: 'acme', expiresAt: '2001-01-01T00:00:00Z' }),
      await ask('POST /proxy/credentials', { tenant: 'nobody' }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 404]);
  });
});

const storage = {
  id: 'extra',
  type: 'filesystem',
  provider: 'demo',
  region: 'de-berlin',
  country: 'DE',
  jurisdiction: 'EU',
  operatorJurisdiction: 'DE',
};

describe('add-storage', () => {
  it('registers a backend with its health, its capabilities and whom it serves', async () => {
    await ask('PATCH /admin/tenants/t2', { policy: 'eu-only' });
    const endpoint = join(control.folder, 'backends', 'extra');
    const made = await ask('POST /admin/add-storage', { ...storage, endpoint });
    expect(made.status).toBe(201);
    expect(made.body['health']).toMatchObject({ ok: true });
    expect(made.body['probe']).toMatchObject({ capabilities: { put: true, get: true, range: true, delete: true } });
    expect(made.body['backend']).toMatchObject({ id: 'extra', state: 'healthy', capabilities: { put: true } });
    expect(made.body['admittedBy']).toContainEqual(expect.objectContaining({ tenant: 'acme', admitted: true }));
    expect(readdirSync(endpoint).filter((name) => name.startsWith('s3gw-'))).toEqual([]);
    expect(control.registry.pool.driver(control.registry.views().at(-1)?.backend.id as never)).toBeDefined();
    const again = await ask('POST /admin/add-storage', { ...storage, endpoint });
    expect(outcome(again)).toEqual([409, 'Conflict']);
  });

  it('tells which tenants may not use it, and why', async () => {
    const endpoint = join(control.folder, 'backends', 'far');
    const facts = { ...storage, id: 'far', country: 'US', jurisdiction: 'US', region: 'us-x', endpoint };
    const { body } = await ask('POST /admin/add-storage', facts);
    const told = (body['admittedBy'] as { tenant: string }[]).find(({ tenant }) => tenant === 't2');
    expect(told).toMatchObject({ policy: 'eu-only', admitted: false });
    expect(told).toHaveProperty('rule');
    expect(told).toHaveProperty('reason');
  });

  const s3 = { ...storage, type: 's3', credentials: { accessKeyId: 'AK', secretAccessKey: 'swordfish-secret' } };

  it.each([
    ['https://169.254.169.254', 400, 'EndpointRefused'],
    ['https://[fd00:ec2::254]', 400, 'EndpointRefused'],
    ['http://10.0.0.1', 400, 'EndpointRefused'],
    ['https://localhost.localdomain.invalid', 400, 'EndpointRefused'],
    ['file:///etc', 400, 'EndpointRefused'],
    ['https://user:pw@127.0.0.1', 400, 'EndpointRefused'],
    ['http://127.0.0.1:1', 502, 'BackendUnreachable'],
  ])('refuses %s and registers nothing', async (endpoint, status, code) => {
    const answer = await ask('POST /admin/add-storage', { ...s3, id: 'hostile', endpoint });
    expect(outcome(answer)).toEqual([status, code]);
    expect(answer.text).not.toContain('swordfish');
    expect(outcome(await ask('GET /admin/backends/hostile'))).toEqual([404, 'NoSuchBackend']);
  });

  it('finds out what an S3 service can do, and leaves nothing there', async () => {
    const user = { accessKeyId: 'AKFAKE', secretAccessKey: 'swordfish-of-the-fake', owner: 'us' };
    const fake = await createFakeS3({ users: [user], region: 'fake-1', missing: ['object-lock'] });
    try {
      const { accessKeyId, secretAccessKey } = user;
      const facts = { id: 'fake', endpoint: fake.endpoint, providerRegion: 'fake-1' };
      const wrong = { accessKeyId, secretAccessKey: 'not-the-secret' };
      const refused = await ask('POST /admin/add-storage', { ...s3, ...facts, credentials: wrong });
      expect(refused.status).toBe(502);
      const made = await ask('POST /admin/add-storage', {
        ...s3,
        ...facts,
        credentials: { accessKeyId, secretAccessKey },
      });
      expect(made.status).toBe(201);
      expect(made.body['probe']).toMatchObject({ capabilities: { put: true, multipart: true, objectLock: false } });
      expect(made.text).not.toContain('swordfish');
      expect(fake.buckets.size).toBe(0);
    } finally {
      await fake.close();
    }
  });

  it.each(['/etc', '../elsewhere', 'relative/folder'])('refuses the folder %s', async (endpoint) => {
    const answer = await ask('POST /admin/add-storage', { ...storage, id: 'hostile', endpoint });
    expect(outcome(answer)).toEqual([400, 'EndpointRefused']);
  });

  it('holds custody and credentials together', async () => {
    const endpoint = 'http://127.0.0.1:1';
    const answers = [
      await ask('POST /admin/add-storage', { ...s3, id: 'hostile', endpoint, custody: 'agent' }),
      await ask('POST /admin/add-storage', { ...s3, id: 'hostile', endpoint, credentials: null }),
      await ask('POST /admin/add-storage', { ...s3, id: 'kept', endpoint, custody: 'agent', credentials: null }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 201]);
    expect(answers[2]?.body['backend']).toMatchObject({ custody: 'agent', health: { usable: false } });
    expect(outcome(await ask('POST /admin/backends/kept/probe'))).toEqual([400, 'InvalidRequest']);
  });

  it('registers one that does not answer when told to, and shows no secret of it', async () => {
    const forced = await ask('POST /admin/add-storage', {
      ...s3,
      id: 'asleep',
      endpoint: 'http://127.0.0.1:1',
      force: true,
    });
    expect(forced.status).toBe(201);
    expect(forced.text + (await ask('GET /admin/backends')).text).not.toContain('swordfish');
  });

  it('probes a registered backend again', async () => {
    const { status, body } = await ask('POST /admin/backends/demo-hel/probe');
    expect(status).toBe(200);
    expect(body['backend']).toMatchObject({ id: 'demo-hel', capabilities: { put: true } });
    expect((body['backend'] as Record<string, unknown>)['probedAt']).not.toBeNull();
  });
});

describe('times', () => {
  it('are taken with the offset that they are written with', async () => {
    const usage = await ask('GET /admin/usage?from=2026-11-28T10:00:00%2B01:00&to=2026-11-28T12:00:00%2B01:00');
    expect(usage.body).toMatchObject({ from: '2026-11-28T09:00:00.000Z', to: '2026-11-28T11:00:00.000Z' });
    await ask('POST /admin/tenants', { name: 'timed' });
    const made = await ask('POST /proxy/credentials', { tenant: 'timed', expiresAt: '2100-01-01T00:00:00+01:00' });
    expect(made.body['expiresAt']).toBe('2099-12-31T23:00:00.000Z');
  });

  it('that are yet to come are nothing to give evidence of', async () => {
    await ask('POST /admin/tenants', { name: 'early' });
    await ask('POST /proxy/buckets', { tenant: 'early', bucket: 'early-bucket' });
    for (const query of ['at=2100-01-01T00:00:00Z', 'from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z']) {
      const refused = await ask(`GET /admin/evidence?tenant=early&bucket=early-bucket&${query}`);
      expect(outcome(refused)).toEqual([400, 'ValidationFailed']);
    }
  });
});

describe('tests of policies', () => {
  it('are run under all the policies that they name, or not at all', async () => {
    const tests = (policies: string) =>
      `apiVersion: sealgate/v1\nkind: PolicyTest\npolicies: ${policies}\nbackends: { us: { country: US, jurisdiction: US } }\ntests: [{ name: t, expect: { refuses: { us: residency.regionLock } } }]\n`;
    const ran = await ask('POST /admin/policies/test', { tests: tests('[eu.yaml]'), policies: [EU_POLICY] });
    expect(ran.body).toEqual({ passed: true, results: [{ name: 't', failures: [] }] });
    const fewer = await ask('POST /admin/policies/test', { tests: tests('[a.yaml, b.yaml]'), policies: [EU_POLICY] });
    expect(outcome(fewer)).toEqual([400, 'PolicyInvalid']);
  });
});
