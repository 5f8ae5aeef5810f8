// Whatever stands between the owner and the bytes lies: `sealgate get` ends with exit code 4 and writes no plaintext.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { type Answer, startTamperingProxy, type TamperingProxy } from '../support/tampering-proxy.ts';

const INTEGRITY_FAILURE = 4;
const ENVELOPE = /^x-amz-meta-sealgate-/;
/** A marker that would betray any plaintext that was written. */
const SECRET = Buffer.from('PLAINTEXT-MARKER '.repeat(12_000));

let gateway: GatewayProcess;
let proxy: TamperingProxy;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway();
  await createBucket(gateway, 'vault', { encryption: 'required' });
  s3 = newClient(gateway.credentials);
  proxy = await startTamperingProxy(gateway.credentials.s3Endpoint, signedGet);
  writeFileSync(join(gateway.dataDir, 'one'), SECRET);
  writeFileSync(join(gateway.dataDir, 'two'), randomBytes(SECRET.length));
  for (const name of ['one', 'two']) {
    const put = await sealgate(gateway, ['put', name, `s3://vault/${name}`]);
    expect({ code: put.code, stderr: put.stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
  }
});
afterAll(async () => {
  s3.destroy();
  await proxy.close();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

async function signedGet(path: string): Promise<Answer> {
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'vault', Key: path }), { expiresIn: 60 });
  const answer = await fetch(url);
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

/** The command line does not take a found gateway's keys to another address by itself, so they are named. */
function getThroughProxy(file: string, env: Readonly<Record<string, string>> = {}): ReturnType<typeof sealgate> {
  const { accessKeyId, secretAccessKey, region, tenant } = gateway.credentials;
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region };
  const args = ['get', '--endpoint-url', proxy.endpoint, '--tenant', tenant, 's3://vault/one', file];
  return sealgate(gateway, args, { env: { ...keys, ...env } });
}

/** Gets `one` through the proxy and expects a refusal that leaves nothing behind. */
async function expectRefused(env: Readonly<Record<string, string>> = {}): Promise<void> {
  const before = new Set(readdirSync(gateway.dataDir));
  const got = await getThroughProxy('out', env);
  expect({ code: got.code, stderr: got.stderr }).toEqual({
    code: INTEGRITY_FAILURE,
    stderr: expect.any(String) as string,
  });
  expect(got.stdout).not.toContain('PLAINTEXT-MARKER');
  expect(existsSync(join(gateway.dataDir, 'out'))).toBe(false);
  const left = readdirSync(gateway.dataDir).filter((name) => !before.has(name) && name !== 'wrong-keys');
  expect(left).toEqual([]);
}

const flip = (body: Buffer, at: number): Buffer => {
  const changed = Buffer.from(body);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
};
const withEnvelopeOf = (answer: Answer, other: Answer): Answer['headers'] => ({
  ...Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !ENVELOPE.test(name))),
  ...Object.fromEntries(Object.entries(other.headers).filter(([name]) => ENVELOPE.test(name))),
});

test('an honest way gives the bytes', async () => {
  proxy.tamper((answer) => answer);
  const got = await getThroughProxy('honest');
  expect({ code: got.code, stderr: got.stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
  expect(readFileSync(join(gateway.dataDir, 'honest')).equals(SECRET)).toBe(true);
});

test.each([
  ['in the header', (body: Buffer) => 100 % body.length],
  ['in the first segment', () => 5000],
  ['in the last byte', (body: Buffer) => body.length - 1],
])('a flipped bit %s', async (_, where) => {
  proxy.tamper((answer) =>
    answer.body.length === 0 ? answer : { ...answer, body: flip(answer.body, where(answer.body)) },
  );
  await expectRefused();
});

test.each([
  ['in the middle of a segment', (body: Buffer) => body.length - 100],
  ['at the edge of a segment', () => 128 + 65_536],
  ['behind the header', () => 128],
])('an object cut off %s', async (_, length) => {
  proxy.tamper((answer) => {
    if (answer.body.length === 0) return answer;
    return { ...answer, body: answer.body.subarray(0, length(answer.body)) };
  });
  await expectRefused();
});

test('trailing bytes', async () => {
  proxy.tamper((answer) =>
    answer.body.length === 0 ? answer : { ...answer, body: Buffer.concat([answer.body, Buffer.alloc(64)]) },
  );
  await expectRefused();
});

test('the envelope of another object', async () => {
  proxy.tamper(async (answer, get) => ({ ...answer, headers: withEnvelopeOf(answer, await get('two')) }));
  await expectRefused();
});

test('another object, body and envelope, of the same owner', async () => {
  proxy.tamper(async (answer, get) => {
    const other = await get('two');
    return { ...answer, headers: withEnvelopeOf(answer, other), body: other.body };
  });
  await expectRefused();
});

test('a seal that is stripped off', async () => {
  proxy.tamper((answer) => ({
    ...answer,
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !ENVELOPE.test(name))),
    body: SECRET,
  }));
  await expectRefused();
});

test('a wrong key', async () => {
  proxy.tamper((answer) => answer);
  const env = { XDG_CONFIG_HOME: join(gateway.dataDir, 'wrong-keys') };
  const made = await sealgate(gateway, ['keys', 'create', '--no-passphrase'], { env });
  expect({ code: made.code, stderr: made.stderr }).toMatchObject({ code: 0 });
  await expectRefused(env);
});
