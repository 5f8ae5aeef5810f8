// Discovery snapshots as an operator, a tenant and an auditor of the machine meet them: what storage that is to be brought
// in looks like, and nothing anywhere of what opened it.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Credentials,
  createBucket,
  type GatewayProcess,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { LEGACY, LEGACY_REGION, legacyBucket, startLegacySource } from '../support/legacy-source.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { signatureHeaders } from '../support/signature.ts';
import { contentOf, filesBelow } from '../support/stored-files.ts';

const TOKEN = 'tkn.FwoGZXIvYXdzEJr7legacySESSIONtoken';
const ENV = {
  // Loopback, and nothing else that is private.
  SEALGATE_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32',
  SEALGATE_SNAPSHOT_PRIVATE_ENDPOINTS: '127.0.0.1/32',
  SEALGATE_SNAPSHOTS_PER_TENANT: '4',
  SEALGATE_SNAPSHOT_SECONDS: '30',
  MAX_FILES_PER_BUCKET: '5',
  MAX_SNAPSHOT_BUCKETS: '3',
  // Everything that it would ever say.
  SEALGATE_LOG_LEVEL: 'trace',
  SEALGATE_LOG_FORMAT: 'json',
};
const SOURCE_ENV = { SOURCE_ACCESS_KEY_ID: LEGACY.accessKeyId, SOURCE_SECRET_ACCESS_KEY: LEGACY.secretAccessKey };

let gateway: GatewayProcess;
let legacy: Awaited<ReturnType<typeof startLegacySource>>;
let acme: Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>;

beforeAll(async () => {
  gateway = await startGateway({ env: ENV });
  legacy = await startLegacySource({
    reports: legacyBucket(['2020/a.pdf', '2020/b.pdf', 'readme', `told/${LEGACY.accessKeyId}`], {
      versioning: 'enabled',
      encryption: 'AES256',
      tags: { department: 'accounts of Ada Lovelace' },
    }),
    scans: legacyBucket(Array.from({ length: 6 }, (_, n) => `scan-${n}`)),
    empty: legacyBucket([]),
  });
  const made = await sealgate(gateway, ['tenant', 'create', 'acme', '--json']);
  const { credentials } = JSON.parse(made.stdout) as { readonly credentials: readonly [typeof acme] };
  acme = credentials[0];
});
afterAll(async () => {
  await legacy.close();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

/** What an answer of these calls may have; each test reads what it expects to be there. */
interface Body {
  readonly id?: string;
  readonly items?: readonly { readonly id?: string; readonly key?: string }[];
  readonly next?: string | null;
  readonly code?: string;
  readonly rule?: string;
  readonly detail?: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Body;
}

const place = () => ({ endpoint: legacy.endpoint, region: LEGACY_REGION, credentials: LEGACY });

async function call(headers: Record<string, string>, line: string, body?: object): Promise<Answer> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const answer = await fetch(`${gateway.credentials.controlEndpoint}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: text === '' ? {} : (JSON.parse(text) as Body) };
}

const operator = (line: string, body?: object) => call({ 'x-admin-key': gateway.credentials.adminKey }, line, body);

/** As the tenant itself, by its access key. */
function tenant(line: string, body?: object): Promise<Answer> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const url = new URL(`${gateway.credentials.controlEndpoint}${path}`);
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const signed = signatureHeaders({
    keys: acme,
    region: gateway.credentials.region,
    service: 'sealgate',
    method,
    url,
    ...text,
  });
  return call(signed, line, body);
}

const command = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  sealgate(gateway, ['snapshot', ...args], { env });

test('the command line takes one, shows it, lists its files and deletes it', async () => {
  const empty = await command(['list', '--tenant', 'default']);
  expect(empty).toMatchObject({ code: 0, stdout: '' });
  expect(empty.stderr).toContain('There are no snapshots');
  const endpoint = ['--endpoint', legacy.endpoint, '--region', LEGACY_REGION];
  const without = await command(['create', ...endpoint, '--tenant', 'default']);
  expect(without).toMatchObject({ code: 2 });
  expect(without.stderr).toContain('SOURCE_ACCESS_KEY_ID');
  const made = await command(['create', ...endpoint, '--tenant', 'default'], SOURCE_ENV);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toMatch(/reports +4 +\d+ B +2020-02-29 00:00:00 +enabled +AES256 +off +-/);
  expect(made.stdout).toMatch(/scans +>= 5 /);
  const listed = await command(['list', '--json']);
  const { id } = JSON.parse(listed.stdout) as { readonly id: string };
  const shown = await command(['show', id, 'reports']);
  expect(shown.stdout).toContain('department');
  expect(shown.stdout).toMatch(/2020\/ +2 /);
  expect(shown.stdout).toContain('1 withheld');
  const files = await command(['files', id, 'reports', '--json']);
  const keys = files.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { key: string }).key);
  expect(keys).toEqual(['2020/a.pdf', '2020/b.pdf', 'readme']);
  expect(await command(['files', id, 'empty'])).toMatchObject({ code: 0, stdout: '', stderr: 'No files.\n' });
  expect((await command(['files', id, 'nowhere'])).code).toBe(1);
  await plansFor(id);
  expect(await command(['delete', id])).toMatchObject({ code: 0 });
  expect((await command(['show', id])).stderr).toContain('There is no such snapshot');
  expect(await entriesOf(id)).toEqual([150, 151]);
});

/** What policies would make of it, before anything is brought in. */
async function plansFor(id: string): Promise<void> {
  for (const backend of ['hel', 'tmp', 'fra', 'par', 'ams', 'sto', 'iad']) {
    const price = ['--storage', '0.01', '--egress', '0.02'];
    expect(await sealgate(gateway, ['backend', 'price', `demo-${backend}`, ...price])).toMatchObject({ code: 0 });
  }
  const plan = async (...args: readonly string[]) => {
    const { code, stdout } = await command(['plan', id, '--json', ...args]);
    return { code, body: JSON.parse(stdout) as Record<string, unknown> };
  };
  const reports = await plan('--bucket', 'reports');
  const { bytes } = reports.body as { readonly bytes: number };
  expect(reports).toMatchObject({
    code: 0,
    body: {
      class: 'StandardClass',
      now: 'placed',
      storageMultiplier: 3,
      partial: false,
      objects: 4,
      storedBytes: 3 * bytes,
    },
  });
  const [cost] = reports.body['costs'] as readonly { readonly storagePerMonth: number; readonly readOnce: number }[];
  expect(cost?.storagePerMonth).toBeCloseTo((3 * bytes * 0.01) / 1e9, 12);
  expect(cost?.readOnce).toBeCloseTo((bytes * 0.02) / 1e9, 12);
  expect((await plan()).body).toMatchObject({ partial: true, objects: 9 });
  expect((await plan('--class', 'ColdArchiveClass')).body).toMatchObject({ storageMultiplier: 3, layers: ['builtin'] });
  const file = join(gateway.dataDir, 'nowhere.yaml');
  const document = { apiVersion: 'sealgate/v1', kind: 'Policy', metadata: { name: 'nowhere' } };
  writeFileSync(file, JSON.stringify({ ...document, spec: { residency: { regionLock: ['JP'] } } }));
  expect(await sealgate(gateway, ['policy', 'apply', file])).toMatchObject({ code: 0 });
  expect(await plan('--policy', 'nowhere')).toMatchObject({ code: 3, body: { now: 'illegal', costs: null } });
  expect((await command(['plan', id, '--class', 'NoSuchClass'])).stderr).toContain('The policies offer');
}

test('credentials come from a profile of the AWS tools, too', async () => {
  const file = join(gateway.dataDir, 'aws-credentials');
  writeFileSync(
    file,
    `[legacy]\naws_access_key_id = ${LEGACY.accessKeyId}\naws_secret_access_key = ${LEGACY.secretAccessKey}\n`,
  );
  const args = ['create', '--endpoint', legacy.endpoint, '--region', LEGACY_REGION, '--source-profile', 'legacy'];
  const made = await command([...args, '--bucket', 'reports', '--prefix', '2020/', '--no-etags', '--json'], {
    AWS_SHARED_CREDENTIALS_FILE: file,
  });
  expect(made).toMatchObject({ code: 0 });
  const snapshot = JSON.parse(made.stdout) as { readonly id: string };
  expect(snapshot).toMatchObject({ buckets: 1, bucketsFound: 1, objects: 2, files: 2 });
  const files = await operator(`GET /snapshots/${snapshot.id}/buckets/reports/files?limit=1`);
  expect(files.body).toMatchObject({ items: [{ key: '2020/a.pdf', etag: null, storageClass: 'STANDARD' }] });
  expect(typeof files.body.next).toBe('string');
  const rest = await operator(
    `GET /snapshots/${snapshot.id}/buckets/reports/files?limit=1&cursor=${files.body.next ?? ''}`,
  );
  expect(rest.body).toMatchObject({ items: [{ key: '2020/b.pdf' }], next: null });
  expect((await operator(`DELETE /snapshots/${snapshot.id}`)).status).toBe(204);
});

test('a tenant takes its own, sees no others, and no more than it may', async () => {
  const made = await tenant('POST /snapshots', { ...place(), buckets: ['scans', 'reports'] });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    ...{ tenant: 'acme', buckets: 2, objects: 9, truncated: { buckets: false, files: true, time: false } },
    source: {
      endpoint: legacy.endpoint,
      region: LEGACY_REGION,
      addressing: 'path',
      provider: null,
      zone: null,
      prefix: '',
    },
    bucketList: [
      { name: 'reports', objects: 4, files: 3, withheld: 1, truncated: false, trouble: null },
      { name: 'scans', objects: 5, files: 5, truncated: true, versioning: 'off', encryption: 'none', tagging: 'none' },
    ],
  });
  const foreign = await operator('POST /snapshots', { tenant: 'default', ...place(), buckets: ['empty'] });
  const mine = `/snapshots/${made.body.id ?? ''}`;
  const theirs = `/snapshots/${foreign.body.id ?? ''}`;
  expect((await tenant(`GET ${mine}`)).body).toEqual(made.body);
  expect((await tenant('GET /snapshots')).body.items?.map(({ id }) => id)).toEqual([made.body.id]);
  expect((await operator('GET /snapshots')).body.items).toHaveLength(2);
  for (const line of [
    `GET ${theirs}`,
    `GET ${theirs}/buckets/empty/files`,
    `DELETE ${theirs}`,
    'GET /snapshots/nothing',
  ]) {
    expect([line, (await tenant(line)).status]).toEqual([line, 404]);
  }
  expect((await operator(`GET ${theirs}`)).status).toBe(200);
  // What a policy makes of it is the tenant's business, what backends cost and which policies there are is not.
  const plan = await tenant(`GET ${mine}/plan`);
  expect(plan.body).toMatchObject({ class: 'StandardClass', storageMultiplier: 3, costs: null, unpricedBytes: null });
  expect(plan.text).not.toContain('demo-');
  expect((await tenant(`GET ${mine}/plan?policy=nowhere`)).status).toBe(403);
  expect((await tenant(`GET ${theirs}/plan`)).status).toBe(404);
  const more = await tenant('POST /snapshots', { ...place(), buckets: ['a', 'b', 'c', 'd'] });
  expect([more.status, more.body.detail]).toEqual([400, expect.stringContaining('no more than 3 buckets')]);
  for (let count = 1; count < 4; count += 1) {
    expect((await tenant('POST /snapshots', { ...place(), buckets: ['empty'] })).status).toBe(201);
  }
  const full = await tenant('POST /snapshots', { ...place(), buckets: ['empty'] });
  expect([full.status, full.body.code]).toEqual([403, 'QuotaExceeded']);
  expect((await tenant(`DELETE ${mine}`)).status).toBe(204);
  expect((await tenant('POST /snapshots', { ...place(), buckets: ['empty'] })).status).toBe(201);
});

describe('what is refused', () => {
  const refusal = async (changes: object) => {
    const { status, body } = await operator('POST /snapshots', { tenant: 'default', ...place(), ...changes });
    return [status, body.code, body.rule] as const;
  };

  test.each([
    'http://169.254.169.254',
    'https://169.254.169.254',
    'http://127.0.0.2',
    'http://[::1]:9000',
    'http://10.0.0.1',
    'http://2852039166',
    'http://no-such-host.invalid',
  ])('%s, whoever asks', async (endpoint) => {
    expect(await refusal({ endpoint })).toEqual([400, 'EndpointRefused', 'endpoint.address']);
    expect((await tenant('POST /snapshots', { ...place(), endpoint })).body.code).toBe('EndpointRefused');
  });

  test.each([
    [{ endpoint: 'https://user:pw@s3.example.org' }, 'EndpointRefused'],
    [{ endpoint: 'https://s3.example.org/?X-Amz-Signature=1' }, 'ValidationFailed'],
    [{ endpoint: undefined }, 'ValidationFailed'],
    [{ zone: 'NOWHERE' }, 'ValidationFailed'],
    [{ prefix: `x${LEGACY.secretAccessKey}` }, 'ValidationFailed'],
    [{ buckets: [LEGACY.accessKeyId] }, 'ValidationFailed'],
    [{ credentials: { ...LEGACY, secretAccessKey: 'another' } }, 'ValidationFailed'],
    [{ region: 'another-1' }, 'ValidationFailed'],
    [{ prefix: 'a\0b' }, 'ValidationFailed'],
    [{ buckets: ['nowhere'] }, 'ValidationFailed'],
    [{ credentials: { accessKeyId: 'with\r\nline: break', secretAccessKey: 'x' } }, 'ValidationFailed'],
  ])('%j', async (changes, code) => {
    expect(await refusal(changes)).toMatchObject({ 1: code });
  });

  test('a redirect, wherever it leads', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(307, { location: `${legacy.endpoint}${request.url ?? ''}` }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const seen = legacy.requests.length;
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await refusal({ endpoint })).toMatchObject([400, 'ValidationFailed', undefined]);
    expect([asked.length, legacy.requests.length]).toEqual([1, seen]);
    await new Promise((resolve) => server.close(resolve));
  });
});

test('a client that goes away ends the look, and nothing is kept', async () => {
  const before = (await operator('GET /snapshots?tenant=default')).body.items ?? [];
  let closed = false;
  let asked = false;
  const server = createServer((request) => {
    asked = true;
    request.socket.once('close', () => {
      closed = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const going = new AbortController();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { controlEndpoint, adminKey } = gateway.credentials;
  const work = fetch(`${controlEndpoint}/snapshots`, {
    method: 'POST',
    headers: { 'x-admin-key': adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'default', ...place(), endpoint }),
    signal: going.signal,
  });
  await until(() => Promise.resolve(asked), Boolean, { what: 'the source is asked' });
  going.abort();
  await expect(work).rejects.toThrow();
  await until(() => Promise.resolve(closed), Boolean, { what: 'the source is left alone' });
  expect((await operator('GET /snapshots?tenant=default')).body.items).toHaveLength(before.length);
  await new Promise((resolve) => server.close(resolve));
});

test('another Sealgate is a source as any other, page by page', async () => {
  await createBucket(gateway, 'grown', { encryption: 'off' });
  const s3 = newClient(gateway.credentials);
  for (const Key of ['x/1', 'x/2', 'ü & +.txt'])
    await s3.send(new PutObjectCommand({ Bucket: 'grown', Key, Body: Key }));
  s3.destroy();
  const { s3Endpoint: endpoint, region, accessKeyId, secretAccessKey } = gateway.credentials;
  const made = await operator('POST /snapshots', {
    ...{ tenant: 'default', endpoint, region, credentials: { accessKeyId, secretAccessKey }, buckets: ['grown'] },
  });
  expect(made.body).toMatchObject({ objects: 3, bucketList: [{ name: 'grown', versioning: 'off', trouble: null }] });
  const files = await operator(`GET /snapshots/${made.body.id ?? ''}/buckets/grown/files`);
  expect(files.body.items?.map(({ key }) => key)).toEqual(['x/1', 'x/2', 'ü & +.txt']);
});

test('nothing of the credentials is anywhere: not in the database, in the log or in the data directory', async () => {
  // A source that gives back what it was told, in every way that it has.
  const echo = createServer((request, response) => {
    const token = String(request.headers['x-amz-security-token']);
    const listing = `<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>${encodeURIComponent(`got/${token}`)}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><ETag>${token}</ETag><Size>1</Size><StorageClass>${LEGACY.accessKeyId}</StorageClass><Owner><ID>canonical-owner-id</ID><DisplayName>Ada Lovelace</DisplayName></Owner></Contents></ListBucketResult>`;
    if (request.url?.includes('list-type') === true) response.end(listing);
    else response.writeHead(403).end(`<Error><Code>${LEGACY.accessKeyId}</Code><Message>${token}</Message></Error>`);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const credentials = { ...LEGACY, sessionToken: TOKEN };
  const told = await operator('POST /snapshots', { tenant: 'default', endpoint, credentials, buckets: ['b'] });
  expect(told.body).toMatchObject({ objects: 1, bucketList: [{ withheld: 1, storageClasses: [{ name: 'OTHER' }] }] });
  const denied = await operator('POST /snapshots', { tenant: 'default', endpoint, credentials });
  expect((await operator('POST /snapshots', { tenant: 'default', ...place(), buckets: ['reports'] })).status).toBe(201);
  const broken = await fetch(`${gateway.credentials.controlEndpoint}/snapshots`, {
    method: 'POST',
    headers: { 'x-admin-key': gateway.credentials.adminKey, 'content-type': 'application/json' },
    body: `{"credentials":{"secretAccessKey":"${LEGACY.secretAccessKey}" "sessionToken":"${TOKEN}"}}`,
  });
  await new Promise((resolve) => echo.close(resolve));
  const answers = [told.text, denied.text, await broken.text()].join('\n');
  const database = await dump();
  // The look itself is there, so that what is looked for would be.
  expect([database.includes('2020/a.pdf'), database.includes(legacy.endpoint)]).toEqual([true, true]);
  for (const word of [LEGACY.accessKeyId, LEGACY.secretAccessKey, TOKEN, 'canonical-owner-id', 'Ada Lovelace']) {
    const forms = [word, encodeURIComponent(word), Buffer.from(word).toString('base64')];
    for (const form of forms) {
      expect([form, answers.includes(form)]).toEqual([form, false]);
      expect([form, database.includes(form)]).toEqual([form, false]);
      expect([form, gateway.log().includes(form)]).toEqual([form, false]);
      expect([form, filesWith(form)]).toEqual([form, []]);
    }
  }
  expect(gateway.log()).toContain('createSnapshot');
});

/** Files of the data directory that have these bytes; the profile that this test wrote aside. */
function filesWith(text: string): string[] {
  const bytes = Buffer.from(text);
  return filesBelow(gateway.dataDir)
    .filter((path) => basename(path) !== 'aws-credentials')
    .filter((path) => contentOf(path)?.includes(bytes) === true);
}

async function connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const folder = join(gateway.dataDir, 'postgres');
  const { password } = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')) as { readonly password: string };
  const client = new Client({ host: join(folder, 'cluster'), user: 'sealgate', password, database: 'sealgate' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Every row of every table as text. */
async function dump(): Promise<string> {
  return await connected(async (client) => {
    const tables = await client.query<{ name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      texts.push(...rows.map(({ row }) => row));
    }
    return texts.join('\n');
  });
}

/** Actions of the audit log that tell of a snapshot. */
async function entriesOf(snapshot: string): Promise<readonly number[]> {
  return await connected(async (client) => {
    const { rows } = await client.query<{ action: number }>(
      "SELECT action FROM sealgate.audit_log WHERE detail ->> 'snapshot' = $1 ORDER BY seq",
      [snapshot],
    );
    return rows.map(({ action }) => action);
  });
}
