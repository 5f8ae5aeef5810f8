// A tenant is deleted while a URL that it got for an upload past the gateway is still good: nothing of it may be left, and
// nothing may come any more, when the deletion is said to be done.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { addStore, LOOPBACK, type Store } from '../support/s3-backends.ts';

/** URLs are good for three quarters of the age, which is enough for the test to use them after the deletion began. */
const ENV = { ...LOOPBACK, SEALGATE_ATTEMPT_AGE_SECONDS: '32', SEALGATE_SWEEP_INTERVAL_SECONDS: '1' };
const PATIENCE_MS = 120_000;

interface Target {
  readonly backend: string;
  readonly physical_bucket: string;
  readonly physical_key: string;
  readonly upload: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
}
interface Plan {
  readonly plan: string;
  readonly targets: readonly Target[];
}
interface Shown {
  readonly state: string;
  readonly physicalBucketsLeft: number;
  readonly report: {
    readonly erasure: { readonly report: { readonly backends: readonly { readonly attempts: number }[] } };
  } | null;
}

let gateway: GatewayProcess;
let stores: readonly Store[];

beforeAll(async () => {
  gateway = await startGateway({ env: ENV });
  stores = [
    await addStore(gateway, { id: 'store-fi', country: 'FI', jurisdiction: 'EU' }),
    await addStore(gateway, { id: 'store-de', country: 'DE', jurisdiction: 'EU' }),
    await addStore(gateway, { id: 'store-fr', country: 'FR', jurisdiction: 'EU' }),
  ];
  const tenant = { name: 'doomed', defaultEncryption: 'off' };
  await admin(gateway, 'POST', '/admin/tenants', tenant);
  await admin(gateway, 'POST', '/admin/tenants/doomed/buckets', { name: 'inbox' });
});
afterAll(async () => {
  await gateway.stop();
  for (const { fake } of stores) await fake.close();
  removeDataDir(gateway.dataDir);
});

const planFor = (key: string, bytes: number): Promise<Plan> =>
  admin(gateway, 'POST', '/proxy/objects/plan', { tenant: 'doomed', bucket: 'inbox', key, bytes });
const put = ({ upload }: Target, body: Buffer): Promise<Response> => {
  const { 'content-length': _, ...headers } = upload.headers;
  return fetch(upload.url, { method: 'PUT', headers, body: new Uint8Array(body) });
};
const bucketsOf = ({ backend, physical_bucket }: Target) =>
  stores.find(({ id }) => id === backend)!.fake.buckets.get(physical_bucket);
const erasure = () => admin<Shown>(gateway, 'GET', '/admin/tenants/doomed/erasure');

test('what comes by a URL after the deletion began is removed before it is done, and later ones find no bucket', async () => {
  const body = randomBytes(1000);
  const refused = await sealgate(gateway, ['tenant', 'delete', 'doomed', '--yes']);
  expect(refused.stderr).toContain('sealgate tenant update doomed --state suspended');
  const [open, givenUp] = [await planFor('open', body.length), await planFor('given-up', body.length)];
  expect(open.targets).toHaveLength(3);
  await admin(gateway, 'DELETE', `/proxy/objects/plan/doomed/inbox/${givenUp.plan}`);
  await admin(gateway, 'PATCH', '/admin/tenants/doomed', { state: 'suspended' });
  await admin(gateway, 'DELETE', '/admin/tenants/doomed?confirm=doomed');
  // Of an open plan, and of one that nobody waits for any more.
  for (const target of [...open.targets.slice(0, 2), ...givenUp.targets.slice(0, 2)]) {
    expect((await put(target, body)).status).toBe(200);
    expect(bucketsOf(target)?.objects.has(target.physical_key)).toBe(true);
  }
  // What came can be published by nobody.
  const commit = {
    tenant: 'doomed',
    bucket: 'inbox',
    object_key: 'open',
    plan: open.plan,
    key_id: 'k',
    encrypted_key: 'a',
  };
  await expect(admin(gateway, 'POST', '/proxy/objects', commit)).rejects.toThrow(/40[0-9]/);

  const gone = () => [...open.targets, ...givenUp.targets].every((target) => bucketsOf(target) === undefined);
  const seen: boolean[] = [];
  const done = await until(
    async () => {
      const shown = await erasure();
      // Never said before it is so.
      if (shown.state === 'done') seen.push(gone());
      return shown;
    },
    ({ state }) => state === 'done',
    { what: 'the end of the deletion', timeoutMs: PATIENCE_MS },
  );
  expect(seen).toEqual([true]);
  expect(done.physicalBucketsLeft).toBe(0);
  const { report } = await until(erasure, (shown) => shown.report !== null, { what: 'the report' });
  // Both attempts are in it, each on the places that its plan named.
  const attempts = report!.erasure.report.backends.reduce((all, backend) => all + backend.attempts, 0);
  expect(attempts).toBeGreaterThanOrEqual(open.targets.length + givenUp.targets.length);

  for (const target of [...open.targets, ...givenUp.targets]) {
    expect((await put(target, body)).status).toBeGreaterThanOrEqual(400);
    expect(bucketsOf(target)).toBeUndefined();
  }
});
