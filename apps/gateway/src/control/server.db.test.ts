import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, type Control, call, startControl } from './testing.ts';

let control: Control;
beforeAll(async () => {
  control = await startControl();
});
afterAll(() => control.close());

const ask = (...args: Parameters<typeof call> extends [unknown, ...infer Rest] ? Rest : never) =>
  call(control.app, ...args);

describe('errors are problem documents', () => {
  it.each([
    ['GET /nowhere', undefined, {}, 404, 'NotFound'],
    ['GET /admin/tenants/none', undefined, {}, 404, 'NotFound'],
    ['DELETE /admin/tenants', undefined, {}, 405, 'MethodNotAllowed'],
    ['POST /metrics', undefined, {}, 405, 'MethodNotAllowed'],
    ['QUERY /metrics', undefined, {}, 405, 'MethodNotAllowed'],
    ['QUERY /admin/tenants', undefined, {}, 405, 'MethodNotAllowed'],
    ['PROPFIND /admin/tenants', undefined, {}, 405, 'MethodNotAllowed'],
    ['POST /nowhere', undefined, { payload: '{', headers: { 'content-type': 'application/json' } }, 404, 'NotFound'],
    ['GET /admin/%zz', undefined, {}, 400, 'InvalidURI'],
    ['POST /admin/tenants', { name: 'a b' }, {}, 400, 'ValidationFailed'],
    ['POST /admin/tenants', { padding: 'x'.repeat(2_000_000) }, {}, 413, 'RequestBodyTooLarge'],
    ['GET /admin/tenants?limit=0', undefined, {}, 400, 'ValidationFailed'],
    ['GET /admin/tenants?cursor=%00', undefined, {}, 400, 'InvalidArgument'],
    ['GET /admin/backends?cursor=!', undefined, {}, 400, 'ValidationFailed'],
  ] as const)('%s', async (line, payload, options, status, code) => {
    const answer = await ask(line, payload, options);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(answer.body).toMatchObject({ type: `urn:sealgate:fault:${code}`, status });
    expect(answer.body['requestId']).toBe(answer.headers['x-request-id']);
    expect(answer.text).not.toMatch(/\\n\s+at /);
  });

  it('takes no part of a path that is longer than any name, from nobody', async () => {
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await ask(`${method} /admin/tenants/${'x'.repeat(257)}`, undefined, { headers: {} });
      expect([status, body['code']]).toEqual([400, 'InvalidURI']);
    }
  });

  it('names the methods of a path', async () => {
    expect((await ask('QUERY /metrics')).headers['allow']).toBe('GET');
    expect((await ask('DELETE /admin/tenants')).headers['allow']).toBe('POST, GET');
  });

  it.each([
    ['{"name": ', 'application/json', 400, 'ValidationFailed'],
    ['', 'application/json', 400, 'ValidationFailed'],
    ['<tenant/>', 'application/xml', 415, 'UnsupportedMediaType'],
    ['{"__proto__": {"name": "x"}}', 'application/json', 400, 'ValidationFailed'],
  ])('body %j of %s', async (payload, type, status, code) => {
    const headers = { 'x-admin-key': ADMIN_KEY, 'content-type': type };
    const answer = await ask('POST /admin/tenants', undefined, { payload, headers });
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });

  it('lists everything that is wrong with a request', async () => {
    const { body } = await ask('POST /admin/tenants', { name: '', email: 'nobody', defaultEncryption: 'maybe' });
    const issues = body['issues'] as readonly { readonly in: string }[];
    expect(issues.map((issue) => issue.in)).toEqual(['body.name', 'body.email', 'body.defaultEncryption']);
  });
});

describe('access', () => {
  it('wants the operator key, before it reads a body', async () => {
    const headers = { 'content-type': 'application/json' };
    const missing = await ask('POST /admin/tenants', undefined, { headers, payload: '{' });
    expect([missing.status, missing.body['code']]).toEqual([401, 'NotAuthenticated']);
    const wrong = await ask('GET /admin/tenants', undefined, { headers: { 'x-admin-key': `${ADMIN_KEY}x` } });
    expect([wrong.status, wrong.body['code']]).toEqual([401, 'NotAuthenticated']);
  });

  it('locks an address out after many wrong keys, the right one included, and no other address', async () => {
    const guess = (key: string, remoteAddress: string) =>
      ask('GET /admin/tenants', undefined, { headers: { 'x-admin-key': key }, remoteAddress });
    for (let i = 0; i < 20; i += 1) expect((await guess(`guess-${i}`, '203.0.114.9')).status).toBe(401);
    const locked = await guess(ADMIN_KEY, '203.0.114.9');
    expect([locked.status, locked.body['code']]).toEqual([429, 'TooManyRequests']);
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
    expect((await guess(ADMIN_KEY, '203.0.114.10')).status).toBe(200);
  });

  it('is not lost to who proved the key by what others guess from the same address', async () => {
    const ofProxy = (key: string) =>
      ask('GET /admin/tenants', undefined, { headers: { 'x-admin-key': key }, remoteAddress: '203.0.114.11' });
    expect((await ofProxy(ADMIN_KEY)).status).toBe(200);
    for (let i = 0; i < 20; i += 1) expect((await ofProxy(`guess-${i}`)).status).toBe(401);
    expect((await ofProxy('one more')).status).toBe(429);
    expect((await ofProxy(ADMIN_KEY)).status).toBe(200);
  });
});

describe('what needs no key', () => {
  it('says that it is alive, and whether it is ready and why not', async () => {
    expect((await ask('GET /healthz', undefined, { headers: {} })).body).toEqual({ status: 'alive' });
    const before = await ask('GET /readyz', undefined, { headers: {} });
    expect([before.status, before.body]).toEqual([503, { status: 'not ready', reason: 'starting' }]);
    control.readiness.set(undefined);
    expect((await ask('GET /readyz', undefined, { headers: {} })).status).toBe(200);
  });

  it('describes every call once', async () => {
    const { body } = await ask('GET /openapi.json', undefined, { headers: {} });
    const paths = body['paths'] as Record<string, Record<string, { operationId: string; responses: object }>>;
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['addStorage', 'createTenant', 'getReady', 'statObject']));
    for (const { responses } of operations) expect(responses).toHaveProperty('default');
    expect(Object.keys(paths)).toContain('/admin/tenants/{tenant}/buckets/{bucket}');
  });

  it('says which bodies may be left out, and takes parts of an hour', async () => {
    const { body } = await ask('GET /openapi.json', undefined, { headers: {} });
    const paths = body['paths'] as Record<string, Record<string, { requestBody: { required: boolean } }>>;
    expect(paths['/admin/audit/keys']?.['post']?.requestBody.required).toBe(false);
    expect(paths['/admin/tenants']?.['post']?.requestBody.required).toBe(true);
    expect((await ask('POST /admin/audit/keys')).status).toBe(201);
    expect((await ask('POST /admin/audit/keys', { overlapHours: 0.123_456_789 })).status).toBe(201);
    expect((await ask('POST /admin/tenants')).status).toBe(400);
  });

  it('shows a page that loads nothing', async () => {
    const { text, headers } = await ask('GET /docs', undefined, { headers: {} });
    expect(text).toContain('/admin/add-storage');
    expect(text).not.toMatch(/<script|src=|@import|url\(/);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });

  it('gives metrics without a tenant, a key or a path in them', async () => {
    await ask('GET /admin/tenants/somebody');
    const { text, headers } = await ask('GET /metrics', undefined, { headers: {} });
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toContain('sealgate_requests_total{listener="control",operation="getTenant",status="404"} ');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).not.toContain('somebody');
  });

  it('hardens every answer', async () => {
    expect((await ask('GET /nowhere')).headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
  });
});
