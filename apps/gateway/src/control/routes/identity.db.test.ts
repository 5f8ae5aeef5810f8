import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Control, call, startControl } from '../testing.ts';

const ISSUER = 'http://127.0.0.1:8080/realm';
const READ_ONLY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: 'arn:aws:s3:::vault/*' }],
};

let control: Control;
let accessKeyId: string;

const ask = (line: string, payload?: object): Promise<Answer> => call(control.app, line, payload);
const outcome = ({ status, body }: Answer) => [status, body['code']];

async function newTenant(name: string): Promise<string> {
  const { body } = await ask('POST /admin/tenants', { name });
  const [pair] = body['credentials'] as { accessKeyId: string }[];
  return pair?.accessKeyId ?? '';
}

beforeAll(async () => {
  control = await startControl({ privateRanges: false, cidrs: ['127.0.0.1/32'] });
  accessKeyId = await newTenant('acme');
});
afterAll(() => control.close());

describe('policies of access keys', () => {
  it('are put, shown and removed', async () => {
    const path = `/proxy/credentials/${accessKeyId}/policy`;
    expect(outcome(await ask(`GET ${path}`))).toEqual([404, 'NotFound']);
    const shown = { accessKeyId, policy: READ_ONLY };
    expect((await ask(`PUT ${path}`, { policy: READ_ONLY })).body).toEqual(shown);
    expect((await ask(`PUT ${path}`, { policy: JSON.stringify(READ_ONLY) })).body).toEqual(shown);
    expect((await ask(`GET ${path}`)).body).toEqual(shown);
    expect((await ask(`GET /proxy/credentials/${accessKeyId}`)).body).toMatchObject({ bounded: true, kind: 'static' });
    expect((await ask(`DELETE ${path}`)).status).toBe(204);
    expect((await ask(`GET /proxy/credentials/${accessKeyId}`)).body['bounded']).toBe(false);
  });

  it.each([
    ['no policy', {}],
    ['no JSON', { policy: '{' }],
    ['a principal', { policy: { ...READ_ONLY, Statement: [{ ...READ_ONLY.Statement[0], Principal: '*' }] } }],
    ['an unknown effect', { policy: { ...READ_ONLY, Statement: [{ ...READ_ONLY.Statement[0], Effect: 'Maybe' }] } }],
  ])('refuse %s', async (_what, body) => {
    expect((await ask(`PUT /proxy/credentials/${accessKeyId}/policy`, body)).status).toBe(400);
  });

  it('are of keys that exist', async () => {
    const path = '/proxy/credentials/SGAKNOBODY/policy';
    expect(outcome(await ask(`PUT ${path}`, { policy: READ_ONLY }))).toEqual([404, 'NotFound']);
    expect(outcome(await ask(`DELETE ${path}`))).toEqual([404, 'NotFound']);
  });

  it('come with a new key, which can be disabled', async () => {
    const made = await ask('POST /proxy/credentials', { tenant: 'acme', policy: READ_ONLY });
    expect(made.body).toMatchObject({ bounded: true, state: 'active' });
    const path = `/proxy/credentials/${String(made.body['accessKeyId'])}`;
    expect((await ask(`PATCH ${path}`, { state: 'disabled' })).body['state']).toBe('disabled');
    expect((await ask(`PATCH ${path}`, { state: 'active' })).body['state']).toBe('active');
    expect(outcome(await ask('PATCH /proxy/credentials/SGAKNOBODY', { state: 'active' }))).toEqual([404, 'NotFound']);
  });
});

describe('identity providers and roles', () => {
  const audiences = ['sts.amazonaws.com'];
  const claims = { sub: ['repo:acme/*'] };
  const role = { trust: { webIdentities: [{ issuer: ISSUER, claims }] }, policy: READ_ONLY };

  it('are registered, changed, listed and removed', async () => {
    const made = await ask('PUT /admin/identity-providers/ci', { issuer: ISSUER, audiences });
    expect(made.body).toMatchObject({ name: 'ci', issuer: ISSUER, audiences });
    expect((await ask('GET /admin/identity-providers/ci')).body).toEqual(made.body);
    expect((await ask('GET /admin/identity-providers')).body['items']).toEqual([made.body]);
    const other = { issuer: ISSUER, audiences };
    expect(outcome(await ask('PUT /admin/identity-providers/other', other))).toEqual([409, 'Conflict']);
    expect(outcome(await ask('DELETE /admin/identity-providers/other'))).toEqual([404, 'NotFound']);
  });

  it.each([
    ['an address that the gateway must not ask', { issuer: 'https://169.254.169.254/', audiences }, 'EndpointRefused'],
    ['no URL', { issuer: 'token.example', audiences }, 'ValidationFailed'],
    ['no audience', { issuer: ISSUER, audiences: [] }, 'ValidationFailed'],
  ])('refuse %s', async (_what, body, code) => {
    expect(outcome(await ask('PUT /admin/identity-providers/bad', body))).toEqual([400, code]);
  });

  it('give roles whom to trust', async () => {
    const trust = { ...role.trust, accessKeyIds: [accessKeyId] };
    const made = await ask('PUT /admin/tenants/acme/roles/backup', { ...role, trust, sessionSecondsMax: 7200 });
    expect(made.body).toMatchObject({
      tenant: 'acme',
      name: 'backup',
      arn: 'arn:aws:iam::acme:role/backup',
      trust: { webIdentities: [{ issuer: ISSUER, audiences: [], claims }], accessKeyIds: [accessKeyId] },
      policy: READ_ONLY,
      sessionSecondsMax: 7200,
    });
    expect((await ask('GET /admin/tenants/acme/roles/backup')).body).toEqual(made.body);
    expect((await ask('GET /admin/tenants/acme/roles')).body['items']).toEqual([made.body]);
    expect((await ask('DELETE /admin/tenants/acme/roles/backup')).status).toBe(204);
    expect(outcome(await ask('GET /admin/tenants/acme/roles/backup'))).toEqual([404, 'NotFound']);
    expect(outcome(await ask('DELETE /admin/tenants/acme/roles/backup'))).toEqual([404, 'NotFound']);
  });

  it.each([
    ['a trust that lets everybody in', { ...role, trust: { webIdentities: [{ issuer: ISSUER, claims: {} }] } }],
    ['an unknown issuer', { ...role, trust: { webIdentities: [{ issuer: 'https://token.example', claims }] } }],
    ['an unknown key', { ...role, trust: { accessKeyIds: ['SGAKNOBODY'] } }],
    ['no policy', { trust: role.trust }],
    ['a session that is too long', { ...role, sessionSecondsMax: 43_201 }],
  ])('refuse %s', async (_what, body) => {
    expect(outcome(await ask('PUT /admin/tenants/acme/roles/bad', body))).toEqual([400, 'ValidationFailed']);
  });

  it('trust no key of another tenant', async () => {
    const trust = { accessKeyIds: [await newTenant('other')] };
    expect(outcome(await ask('PUT /admin/tenants/acme/roles/bad', { ...role, trust }))).toEqual([
      400,
      'ValidationFailed',
    ]);
  });

  it('refuse a policy that does not parse and a name that is none', async () => {
    const bad = { ...role, policy: { Statement: [] } };
    expect(outcome(await ask('PUT /admin/tenants/acme/roles/bad', bad))).toEqual([400, 'MalformedPolicy']);
    expect(outcome(await ask('PUT /admin/tenants/acme/roles/a%20b', role))).toEqual([400, 'ValidationFailed']);
  });
});
