// The ledger of docs/reference/s3-compatibility.md against a running gateway: every operation is called.
import { readFileSync } from 'node:fs';
import * as sdk from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { operationCalls, otherOperations, type Scene } from '../support/s3-operations.ts';
import { signedForm } from '../support/signed-form.ts';

interface LedgerRow {
  readonly name: string;
  readonly state: string;
  readonly code: string;
  readonly notes: string;
}

const page = readFileSync(new URL('../../docs/reference/s3-compatibility.md', import.meta.url), 'utf8');
const ledger = rowsOf('Operations');
/** Those of refused operations are nobody's concern elsewhere. */
const refusedHeaders = rowsOf('Request headers').filter(
  ({ state, notes }) => state === 'refused' && !notes.includes('operations are refused'),
);

function rowsOf(section: string): LedgerRow[] {
  const [, rest = ''] = page.split(`\n## ${section}\n`);
  const [table = ''] = rest.split('\n## ');
  return [...table.matchAll(/^\| `([\w*-]+)` \| (\w+) \| (?:`(\w+)`)? ?\|(.*)$/gm)].map(
    ([, name = '', state = '', code = '', notes = '']) => ({ name, state, code, notes }),
  );
}

let gateway: GatewayProcess;
let s3: sdk.S3Client;
const scene: Scene = { Bucket: 'every-operation', Locked: 'every-operation-locked', noted: new Map() };
const { Bucket } = scene;

beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials, { maxAttempts: 1, disableHostPrefix: true });
  const { tenant } = gateway.credentials;
  await admin(gateway, 'PATCH', `/admin/tenants/${tenant}`, { defaultEncryption: 'off' });
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
  await s3.send(new sdk.CreateBucketCommand({ Bucket: scene.Locked, ObjectLockEnabledForBucket: true }));
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

/** `done`, or the code that the call was refused with. */
async function outcomeOf(name: string, input: object): Promise<{ readonly outcome: string; readonly answer: object }> {
  const Command = sdk[`${name}Command` as keyof typeof sdk] as unknown as new (input: object) => sdk.HeadBucketCommand;
  try {
    return { outcome: 'done', answer: await s3.send(new Command(input)) };
  } catch (error) {
    return { outcome: error instanceof Error ? error.name : String(error), answer: {} };
  }
}

const expectedOf = ({ state, code }: LedgerRow): string =>
  code !== '' ? code : state === 'refused' ? 'refused' : 'done';

test('the ledger has every operation that is called here, and the reverse', () => {
  expect(ledger.length).toBeGreaterThan(100);
  const called = new Set([...operationCalls.map(({ name }) => name), ...otherOperations]);
  expect(ledger.filter(({ name }) => !called.has(name))).toEqual([]);
  expect([...called].filter((name) => !ledger.some((row) => row.name === name))).toEqual([]);
});

describe('operations', () => {
  test.each(operationCalls.map((call) => [call.name, call] as const))('%s', async (name, call) => {
    const row = ledger.find((each) => each.name === name);
    if (row === undefined) throw new Error('it is not in the ledger');
    const { outcome, answer } = await outcomeOf(name, call.input(scene));
    expect(outcome).toBe(call.foreign ? 'AuthorizationHeaderMalformed' : expectedOf(row));
    for (const member of call.note ?? []) {
      scene.noted.set(`${name}.${member}`, String((answer as Readonly<Record<string, unknown>>)[member]));
    }
  });
});

const url = (path: string): string => `${gateway.credentials.s3Endpoint}/${path}`;

test.each(['', 'key'])('PreflightBucket and PreflightObject (/%s)', async (key) => {
  const answer = await fetch(url(`${Bucket}/${key}`), {
    method: 'OPTIONS',
    headers: { origin: 'https://site.example', 'access-control-request-method': 'PUT' },
  });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, 'https://site.example']);
});

test('PostObject', async () => {
  const form = signedForm(gateway.credentials, { bucket: Bucket, key: 'posted', nowMs: Date.now() });
  form.set('file', new Blob(['bytes']));
  const answer = await fetch(url(Bucket), { method: 'POST', body: form });
  expect(answer.status).toBe(204);
  const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'posted' }));
  expect(await Body?.transformToString()).toBe('bytes');
});

test('DeleteBucketCors and DeleteBucket', async () => {
  await s3.send(new sdk.DeleteBucketCorsCommand({ Bucket }));
  await s3.send(new sdk.CreateBucketCommand({ Bucket: 'soon-gone' }));
  await s3.send(new sdk.DeleteBucketCommand({ Bucket: 'soon-gone' }));
  await expect(s3.send(new sdk.HeadBucketCommand({ Bucket: 'soon-gone' }))).rejects.toMatchObject({ name: 'NotFound' });
});

test.each(refusedHeaders.map((row) => [row.name, row] as const))('the header %s is refused', async (name, { code }) => {
  const command = new sdk.PutObjectCommand({ Bucket, Key: 'never-there', Body: 'bytes' });
  command.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { headers: Record<string, string> };
      // One checksum at a time: that there are two would be refused already.
      const others = Object.entries(request.headers).filter(([own]) => !/checksum|trailer/.test(own));
      const kms = /kms|context/.test(name) ? { 'x-amz-server-side-encryption': 'aws:kms' } : {};
      request.headers = { ...Object.fromEntries(others), ...kms, [name]: '1' };
      return next(args);
    },
    { step: 'build', priority: 'low' },
  );
  await expect(s3.send(command)).rejects.toMatchObject({ name: code });
  await expect(s3.send(new sdk.HeadObjectCommand({ Bucket, Key: 'never-there' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
});
