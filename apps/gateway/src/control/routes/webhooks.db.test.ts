import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Answer, type Control, call, startControl } from '../testing.ts';

let control: Control;
beforeAll(async () => {
  control = await startControl({ privateRanges: false, cidrs: ['127.0.0.1/32'] });
  await call(control.app, 'POST /admin/tenants', { name: 'acme' });
});
afterAll(() => control.close());

const ask = (line: string, payload?: object): Promise<Answer> => call(control.app, line, payload);
const outcome = ({ status, body }: Answer) => [status, body['code']];
const create = (body: object) => ask('POST /admin/tenants/acme/webhooks', body);

it('a webhook is registered once, its secrets shown once or never', async () => {
  const url = 'http://127.0.0.1:9/hook';
  const made = await create({ name: 'hook', url, headers: { Authorization: 'Bearer t0ken' } });
  expect(made).toMatchObject({
    status: 201,
    body: {
      name: 'hook',
      arn: 'arn:sealgate:webhook:::hook',
      url,
      signed: true,
      headerNames: ['authorization'],
      waiting: 0,
      dead: 0,
    },
  });
  const secret = String(made.body['secret']);
  expect(secret).toMatch(/^whsec_/);
  expect(outcome(await create({ name: 'hook', url }))).toEqual([409, 'Conflict']);
  const given = await create({ name: 'given', url, secret });
  expect(given.body).not.toHaveProperty('secret');
  const plain = await create({ name: 'plain', url, signed: false });
  expect(plain.body).toMatchObject({ signed: false });
  const list = await ask('GET /admin/tenants/acme/webhooks');
  expect((list.body['items'] as { name: string }[]).map(({ name }) => name)).toEqual(['given', 'hook', 'plain']);
  expect(list.text).not.toMatch(/t0ken|whsec_/);
});

it.each([
  [{ name: 'x', url: 'http://10.0.0.1/' }, 'EndpointRefused'],
  [{ name: 'x', url: 'https://169.254.169.254/' }, 'EndpointRefused'],
  [{ name: 'x', url: 'file:///etc/passwd' }, 'ValidationFailed'],
  [{ name: 'X', url: 'http://127.0.0.1/' }, 'ValidationFailed'],
  [{ name: 'x', url: 'http://127.0.0.1/', secret: 'short' }, 'ValidationFailed'],
  [{ name: 'x', url: 'http://127.0.0.1/', secret: `whsec_${'a'.repeat(32)}`, signed: false }, 'ValidationFailed'],
  [{ name: 'x', url: 'http://127.0.0.1/', headers: { host: 'elsewhere' } }, 'ValidationFailed'],
])('%j is refused: %s', async (body, expected) => {
  expect(outcome(await create(body))).toEqual([400, expected]);
});

it('a webhook goes, and what is not there is said', async () => {
  expect((await ask('DELETE /admin/tenants/acme/webhooks/plain')).status).toBe(204);
  expect(outcome(await ask('DELETE /admin/tenants/acme/webhooks/plain'))).toEqual([404, 'NotFound']);
  expect(outcome(await ask('POST /admin/tenants/acme/webhooks/plain/redrive', {}))).toEqual([404, 'NotFound']);
  expect(outcome(await ask('GET /admin/tenants/nobody/webhooks'))).toEqual([404, 'NotFound']);
  expect((await ask('GET /admin/tenants/acme/webhooks/hook/dead-letters')).body).toEqual({ items: [], next: null });
  expect((await ask('POST /admin/tenants/acme/webhooks/hook/redrive', {})).body).toEqual({ redriven: 0 });
  const cursor = await ask('GET /admin/tenants/acme/webhooks/hook/dead-letters?cursor=%21');
  expect(outcome(cursor)).toEqual([400, 'ValidationFailed']);
});
