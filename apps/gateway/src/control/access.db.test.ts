import { createHash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { CallerRole } from '@sealgate/core/federation';
import { signRequest } from '@sealgate/s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from './route.ts';
import { controlRoutes } from './routes/all.ts';
import type { ControlServices } from './services.ts';
import { ADMIN_KEY, type Answer, type Control, call, startControl } from './testing.ts';

// Who may call what, written down a second time: by hand and apart from the routes. A route without a row fails, and so
// does a row that the gateway does not keep.

type Row = readonly [of: 'gateway' | 'tenant' | 'caller', ...roles: CallerRole[]];

const ADMIN: Row = ['gateway', 'operator'];
const LOOK: Row = ['gateway', 'operator', 'viewer'];
const AUDIT: Row = ['gateway', 'operator', 'auditor'];
const TENANT_LOOK: Row = ['tenant', 'operator', 'viewer'];
const TENANT_CHANGE: Row = ['tenant', 'operator'];
const OWN_LOOK: Row = ['tenant', 'operator', 'viewer', 'tenant'];
const OWN_CHANGE: Row = ['tenant', 'operator', 'tenant'];

const table: Readonly<Record<string, Row>> = {
  addStorage: ADMIN,
  listBackends: LOOK,
  getBackend: LOOK,
  probeBackend: ADMIN,
  updateBackend: ADMIN,
  drainBackend: ADMIN,
  resumeBackend: ADMIN,
  retireBackend: ADMIN,
  rebalanceBackend: ADMIN,
  setBackendPrices: ADMIN,
  setBackgroundLimits: ADMIN,
  acceptCatalogue: ADMIN,
  listProviders: LOOK,
  getProvider: LOOK,
  createSnapshot: OWN_CHANGE,
  listSnapshots: ['tenant', 'operator', 'viewer', 'auditor', 'tenant'],
  getSnapshot: ['caller', 'operator', 'viewer', 'auditor', 'tenant'],
  listSnapshotFiles: ['caller', 'operator', 'viewer', 'auditor', 'tenant'],
  planSnapshot: ['caller', 'operator', 'viewer', 'tenant'],
  deleteSnapshot: ['caller', 'operator', 'tenant'],
  createTenant: ADMIN,
  listTenants: LOOK,
  getTenant: TENANT_LOOK,
  updateTenant: ADMIN,
  listBuckets: TENANT_LOOK,
  createBucket: TENANT_CHANGE,
  getBucket: TENANT_LOOK,
  updateBucket: TENANT_CHANGE,
  deleteBucket: TENANT_CHANGE,
  createMappedBucket: OWN_CHANGE,
  listMappedBuckets: OWN_LOOK,
  getMappedBucket: OWN_LOOK,
  listPolicies: LOOK,
  getPolicy: LOOK,
  putPolicy: ADMIN,
  checkPolicy: LOOK,
  explainPolicy: LOOK,
  diffPolicy: LOOK,
  testPolicy: LOOK,
  simulatePolicy: LOOK,
  planPolicy: LOOK,
  createCredential: OWN_CHANGE,
  listCredentials: OWN_LOOK,
  deleteTenant: ADMIN,
  getTenantErasure: AUDIT,
  rotateCredential: OWN_CHANGE,
  getCredential: OWN_LOOK,
  updateCredential: OWN_CHANGE,
  deleteCredential: OWN_CHANGE,
  putCredentialPolicy: OWN_CHANGE,
  getCredentialPolicy: OWN_LOOK,
  deleteCredentialPolicy: OWN_CHANGE,
  listRoles: TENANT_LOOK,
  getRole: TENANT_LOOK,
  putRole: TENANT_CHANGE,
  deleteRole: TENANT_CHANGE,
  listIdentityProviders: LOOK,
  getIdentityProvider: LOOK,
  putIdentityProvider: ADMIN,
  deleteIdentityProvider: ADMIN,
  getHousekeeping: LOOK,
  releaseOrphanSweep: ADMIN,
  listMetadataBackups: LOOK,
  requestMetadataBackup: ADMIN,
  addRecoveryKey: OWN_CHANGE,
  listRecoveryKeys: OWN_LOOK,
  deleteRecoveryKey: OWN_CHANGE,
  requestRecoveryManifests: OWN_CHANGE,
  listRecoveryStatus: LOOK,
  publishKeyring: OWN_CHANGE,
  listKeyrings: OWN_LOOK,
  listEnvelopes: OWN_CHANGE,
  changeEnvelopes: OWN_CHANGE,
  whoAmI: ['caller', 'operator', 'auditor', 'viewer', 'tenant'],
  createWebhook: TENANT_CHANGE,
  listWebhooks: TENANT_LOOK,
  deleteWebhook: TENANT_CHANGE,
  listDeadLetters: TENANT_LOOK,
  redriveDeadLetters: TENANT_CHANGE,
  statObject: TENANT_LOOK,
  createAgent: ADMIN,
  listAgents: LOOK,
  getAgent: LOOK,
  updateAgent: ADMIN,
  removeAgent: ADMIN,
  searchAudit: ['tenant', 'operator', 'auditor'],
  issueEvidence: ['tenant', 'operator', 'auditor', 'tenant'],
  findAuditRange: AUDIT,
  readAuditEntries: AUDIT,
  readAuditRequests: AUDIT,
  rotateAuditKey: ADMIN,
  getCheckpoint: AUDIT,
  takeCheckpoint: AUDIT,
  proveInclusion: AUDIT,
  proveConsistency: AUDIT,
  readAuditPeaks: AUDIT,
  listAuditArchives: AUDIT,
  createJob: OWN_CHANGE,
  listJobs: OWN_LOOK,
  getJob: ['caller', 'operator', 'viewer', 'tenant'],
  cancelJob: ['caller', 'operator', 'tenant'],
  getGrantTerms: ['caller', 'operator', 'tenant'],
  createGrant: ['caller', 'operator', 'tenant'],
  retryJob: ['caller', 'operator', 'tenant'],
  retryJobs: ADMIN,
  planUpload: OWN_CHANGE,
  endWritePlan: OWN_CHANGE,
  registerObject: OWN_CHANGE,
  listRegisteredObjects: OWN_LOOK,
  getUsage: OWN_LOOK,
  getQuota: TENANT_LOOK,
  getSecretVersions: ADMIN,
  retireSecretVersion: ADMIN,
};

const ISSUER = 'http://127.0.0.1:8080/people';
const REGION = 'eu-test-1';
// Descriptions only: no handler is called.
const routes = controlRoutes({} as ControlServices);
const held = routes.filter(({ access }) => access !== 'public' && access !== 'agent');

interface Pair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Caller {
  readonly name: string;
  readonly role: CallerRole | 'nobody';
  /** Whom the role is for. */
  readonly of: 'all' | 'acme';
  readonly proof: (line: string, body: string | undefined) => Record<string, string>;
}

let control: Control;
let acme: Pair;
const ask = (line: string, payload?: object): Promise<Answer> => call(control.app, line, payload);

/** A token of these tests is what it says: signatures are the business of other tests. */
const token = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
const bearer = (group: string) => () => ({ authorization: `Bearer ${token({ sub: 'ada', group })}` });

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function signature(
  pair: Pair,
  line: string,
  body = '',
  service: 's3' | 'sealgate' = 'sealgate',
): Record<string, string> {
  const [method = 'GET', url = '/'] = line.split(' ');
  const [rawPath = '/', rawQuery = ''] = url.split('?');
  const headers = { host: 'localhost:80' };
  const request = { credentials: pair, region: REGION, service, nowMs: Date.now(), method, rawPath, rawQuery, headers };
  return signRequest({ ...request, payloadHash: sha256(body) }).headers;
}

const callers: readonly Caller[] = [
  { name: 'nobody', role: 'nobody', of: 'all', proof: () => ({}) },
  { name: 'the operator key', role: 'operator', of: 'all', proof: () => ({ 'x-admin-key': ADMIN_KEY }) },
  { name: 'a viewer', role: 'viewer', of: 'all', proof: bearer('viewers') },
  { name: 'an auditor', role: 'auditor', of: 'all', proof: bearer('auditors') },
  { name: 'an operator of acme', role: 'operator', of: 'acme', proof: bearer('acme-operators') },
  { name: 'a viewer of acme', role: 'viewer', of: 'acme', proof: bearer('acme-viewers') },
  { name: 'an access key of acme', role: 'tenant', of: 'acme', proof: (line, body) => signature(acme, line, body) },
];

async function newKey(tenant: string): Promise<Pair> {
  return (await ask('POST /proxy/credentials', { tenant })).body as unknown as Pair;
}

beforeAll(async () => {
  control = await startControl({ privateRanges: false, cidrs: ['127.0.0.1/32'] }, (text) => {
    const claims = JSON.parse(Buffer.from(text, 'base64url').toString()) as { sub?: string };
    if (claims.sub === undefined) return Promise.reject(new Fault('InvalidIdentityToken', 'no'));
    return Promise.resolve({ issuer: ISSUER, subject: claims.sub, audiences: ['console'], claims: { ...claims } });
  });
  for (const name of ['acme', 'other']) await ask('POST /admin/tenants', { name });
  acme = await newKey('acme');
  const grant = (role: string, tenants: unknown, group: string) => ({ role, tenants, claims: { group: [group] } });
  const put = await ask('PUT /admin/identity-providers/people', {
    issuer: ISSUER,
    audiences: ['console'],
    grants: [
      grant('viewer', 'all', 'viewers'),
      grant('auditor', 'all', 'auditors'),
      grant('operator', ['acme'], 'acme-operators'),
      grant('viewer', { claim: 'org' }, 'by-claim'),
      grant('viewer', ['acme'], 'acme-viewers'),
    ],
  });
  expect(put.status).toBe(200);
});
afterAll(() => control.close());

/** A call of the route about a tenant, as far as the schemas let it come without changing anything. */
async function sample(
  route: Route,
  tenant: string,
): Promise<{ readonly line: string; readonly body: object | undefined }> {
  const known = ['acme', 'other'].includes(tenant);
  const key = known ? (await newKey(tenant)).accessKeyId : 'SGAKNOBODYATALL00000';
  const values: Record<string, string> = { tenant, accessKeyId: key, bucket: 'no-such-bucket' };
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => values[name] ?? 'no-such-thing');
  const query = route.query === undefined || path.includes(tenant) ? '' : `?tenant=${tenant}`;
  const wantsQuery = route.query !== undefined && JSON.stringify(Object.keys(shapeOf(route))).includes('tenant');
  const body = route.body === undefined ? undefined : { tenant, 'no-such-member': true };
  return { line: `${route.method} ${path}${wantsQuery ? query : ''}`, body };
}

function shapeOf(route: Route): object {
  const { query } = route;
  return query !== undefined && 'shape' in query ? (query.shape as object) : {};
}

async function outcome(caller: Caller, { line, body }: { readonly line: string; readonly body: object | undefined }) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const [method] = line.split(' ');
  const headers: Record<string, string> = { host: 'localhost:80', ...caller.proof(line, text) };
  if (text !== undefined) headers['content-type'] = 'application/json';
  const options = { headers, ...(text === undefined || method === 'GET' ? {} : { payload: text }) };
  return await call(control.app, line, undefined, options);
}

const refused = ({ status }: Answer): boolean => status === 401 || status === 403;
const withoutIds = (answer: Answer, ...names: string[]): string => {
  const { requestId: _, ...rest } = answer.body;
  return names.reduce((text, name) => text.replaceAll(name, '*'), JSON.stringify([answer.status, rest]));
};

describe('the table of calls, roles and tenants', () => {
  it('has a row for every route and no others', () => {
    const expected = held.map(({ operationId }) => operationId);
    expect(Object.keys(table).sort()).toEqual(expected.sort());
  });

  describe.each(callers)('$name', (caller) => {
    it.each(held.map((route) => [route.operationId, route] as const))('%s', async (operationId, route) => {
      const [of, ...roles] = table[operationId] ?? ADMIN;
      const own = await sample(route, 'acme');
      const answer = await outcome(caller, own);
      if (caller.role === 'nobody') {
        expect(answer.status).toBe(401);
        return;
      }
      const may = (roles as readonly string[]).includes(caller.role) && (caller.of === 'all' || of !== 'gateway');
      expect([own.line, refused(answer)]).toEqual([own.line, !may]);
      if (!may) expect(answer.body['code']).toBe('AccessDenied');
      if (!may || of !== 'tenant' || caller.of === 'all') return undefined;
      // The same answer for what is another's and what is not there.
      const [theirs, missing] = [await sample(route, 'other'), await sample(route, 'third')];
      const [forTheirs, forMissing] = [await outcome(caller, theirs), await outcome(caller, missing)];
      expect(forTheirs.body['code']).toBe('NotFound');
      expect(withoutIds(forTheirs, 'other')).toBe(withoutIds(forMissing, 'third'));
      return undefined;
    });
  });
});

describe('calls of agents', () => {
  it.each(routes.filter(({ access }) => access === 'agent'))('$operationId is for agents alone', async (route) => {
    for (const caller of callers) expect((await outcome(caller, await sample(route, 'acme'))).status).toBe(401);
  });
});

describe('tokens', () => {
  const whoami = (claims: object) =>
    call(control.app, 'GET /admin/whoami', undefined, { headers: { authorization: `Bearer ${token(claims)}` } });

  it('say who calls, in the roles that the grants give', async () => {
    const { body } = await whoami({ sub: 'ada', group: ['auditors', 'by-claim'], org: ['acme', 'all'] });
    expect(body).toEqual({
      kind: 'token',
      id: 'oidc/people/ada',
      grants: [
        { role: 'auditor', tenants: 'all' },
        { role: 'viewer', tenants: ['acme', 'all'] },
      ],
    });
  });

  it('open nothing without a grant, nor when they do not verify', async () => {
    expect((await whoami({ sub: 'eve', group: 'others' })).status).toBe(403);
    const bad = await whoami({ group: 'viewers' });
    expect([bad.status, bad.body['code']]).toEqual([401, 'NotAuthenticated']);
    expect(bad.headers['www-authenticate']).toContain('Bearer');
  });
});

describe('signatures of access keys', () => {
  const send = (headers: object, options: { readonly line?: string; readonly payload?: string } = {}) =>
    call(control.app, options.line ?? 'GET /proxy/buckets', undefined, {
      headers: { host: 'localhost:80', ...headers },
      ...(options.payload === undefined ? {} : { payload: options.payload }),
    });
  const line = 'GET /proxy/buckets';

  it('name the tenant by themselves, for both services', async () => {
    for (const service of ['s3', 'sealgate'] as const) {
      expect((await send(signature(acme, line, '', service))).status).toBe(200);
    }
  });

  it('have one answer for an unknown key, a wrong secret, a disabled key and one of another region', async () => {
    const disabled = await newKey('acme');
    await ask(`PATCH /proxy/credentials/${disabled.accessKeyId}`, { state: 'disabled' });
    const pairs = [{ ...acme, accessKeyId: 'SGAKNOBODY' }, { ...acme, secretAccessKey: 'another one' }, disabled];
    const answers = await Promise.all(pairs.map((pair) => send(signature(pair, line))));
    expect(new Set(answers.map((answer) => withoutIds(answer))).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
  });

  it('cover the body, and its absence', async () => {
    const create = 'POST /proxy/credentials';
    const body = JSON.stringify({ description: 'mine' });
    const json = { 'content-type': 'application/json' };
    const signed = { ...signature(acme, create, body), ...json };
    expect((await send(signed, { line: create, payload: body })).status).toBe(201);
    const changed = await send(signed, { line: create, payload: JSON.stringify({ description: 'yours' }) });
    expect(changed.body['code']).toBe('XAmzContentSHA256Mismatch');
    const { 'content-type': _, ...bare } = signed;
    expect((await send(bare, { line: create })).body['code']).toBe('XAmzContentSHA256Mismatch');
    const unsigned = signRequest({
      credentials: acme,
      region: REGION,
      nowMs: Date.now(),
      method: 'GET',
      rawPath: '/proxy/buckets',
      rawQuery: '',
      headers: { host: 'localhost:80' },
      payloadHash: 'UNSIGNED-PAYLOAD',
    }).headers as object;
    expect((await send(unsigned)).status).toBe(400);
  });

  it('are refused when they are old', async () => {
    const { headers } = signRequest({
      credentials: acme,
      region: REGION,
      nowMs: Date.now() - 16 * 60_000,
      method: 'GET',
      rawPath: '/proxy/buckets',
      rawQuery: '',
      headers: { host: 'localhost:80' },
      payloadHash: sha256(''),
    });
    expect((await send(headers)).body['code']).toBe('RequestTimeTooSkewed');
  });

  it('of a bounded key open nothing, for it could make itself one that is not', async () => {
    const bounded = await newKey('acme');
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
    await ask(`PUT /proxy/credentials/${bounded.accessKeyId}/policy`, { policy });
    expect((await send(signature(bounded, line))).status).toBe(403);
  });

  it('choose no access key ids, which would tell whether another has them', async () => {
    const create = 'POST /proxy/credentials';
    const body = JSON.stringify({ accessKeyId: 'SGAKCHOSEN', secretAccessKey: 'x'.repeat(40) });
    const headers = { ...signature(acme, create, body), 'content-type': 'application/json' };
    expect((await send(headers, { line: create, payload: body })).status).toBe(403);
  });
});

describe('members that no schema names', () => {
  it.each([
    ['POST /admin/tenants/acme/buckets', { name: 'vault', class: 'ColdArchiveClass' }, 'body.class'],
    ['PATCH /admin/tenants/acme', { settings: { legacySignature: true } }, 'body.settings.legacySignature'],
    ['GET /admin/tenants?limits=5', undefined, 'query.limits'],
  ])('%s', async (line, body, place) => {
    const answer = await ask(line, body);
    expect([answer.status, answer.body['code']]).toEqual([400, 'ValidationFailed']);
    expect((answer.body['issues'] as { in: string }[]).map((issue) => issue.in)).toEqual([place]);
  });
});
