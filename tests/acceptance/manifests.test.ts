// What a writer signed about an object, from the command line through the gateway and back: who does not hold to it is found out.
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type CommandResult,
  createBucket,
  type GatewayProcess,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { type Answer, startTamperingProxy, type TamperingProxy } from '../support/tampering-proxy.ts';

const INTEGRITY_FAILURE = 4;
const MANIFEST = 'x-amz-meta-sealgate-manifest';
const SMALL = randomBytes(150_000);
/** Goes up in parts. */
const LARGE = randomBytes(17 * 1024 * 1024 + 5);

let gateway: GatewayProcess;
let proxy: TamperingProxy;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials);
  proxy = await startTamperingProxy(gateway.credentials.s3Endpoint, signedGet);
  for (const name of ['vault', 'history', 'strict']) await createBucket(gateway, name, { encryption: 'required' });
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: 'history', VersioningConfiguration }));
  writeFileSync(join(gateway.dataDir, 'small'), SMALL);
  writeFileSync(join(gateway.dataDir, 'large'), LARGE);
  await ok(run(['put', 'small', 's3://strict/unsigned']));
  await ok(run(['keys', 'create', '--use', 'sign', '--name', 'ada', '--no-passphrase']));
  await ok(run(['put', 'small', 's3://vault/small']));
  await ok(run(['put', 'large', 's3://vault/large']));
});
afterAll(async () => {
  s3.destroy();
  await proxy.close();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

/** Somebody with another memory and, unless told, without a key to sign with. */
interface Person {
  readonly config: string;
  readonly state: string;
}
const ADA: Person = { config: 'config', state: 'state' };
const BOB: Person = { config: 'bob', state: 'bob-state' };

function run(args: readonly string[], person: Person = ADA): Promise<CommandResult> {
  const at = (name: string): string => join(gateway.dataDir, name);
  return sealgate(gateway, args, { env: { XDG_CONFIG_HOME: at(person.config), XDG_STATE_HOME: at(person.state) } });
}

async function ok(result: Promise<CommandResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** Ends with exit code 4 and this code, and writes nothing. */
async function refused(args: readonly string[], code: string, person: Person = ADA): Promise<void> {
  const got = await run([...args, 'refused', '--json'], person);
  expect({ exit: got.code, code: /"code":"([a-z-]+)"/.exec(got.stderr)?.[1] }).toEqual({
    exit: INTEGRITY_FAILURE,
    code,
  });
  expect(existsSync(join(gateway.dataDir, 'refused'))).toBe(false);
}

async function signedGet(path: string): Promise<Answer> {
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'vault', Key: path }), { expiresIn: 60 });
  const answer = await fetch(url);
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

const manifestIn = (headers: Answer['headers']): string => String(headers[MANIFEST] ?? '');

/** The user metadata of an answer, to send it again. */
const metadataIn = (headers: Answer['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)]] : [],
    ),
  );

function throughProxy(person: Person = ADA) {
  const { accessKeyId, secretAccessKey, region, tenant } = gateway.credentials;
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region };
  const at = (name: string): string => join(gateway.dataDir, name);
  const env = { ...keys, XDG_CONFIG_HOME: at(person.config), XDG_STATE_HOME: at(person.state) };
  const args = ['get', '--endpoint-url', proxy.endpoint, '--tenant', tenant, 's3://vault/small', 'proxied', '--json'];
  return sealgate(gateway, args, { env });
}

test.each(['small', 'large'])('a %s object is signed as it is put, and held to that when it is read', async (name) => {
  const text = await ok(run(['get', `s3://vault/${name}`, `${name}.out`]));
  expect(text).toContain('as its writer signed it');
  expect(readFileSync(join(gateway.dataDir, `${name}.out`)).equals(name === 'small' ? SMALL : LARGE)).toBe(true);
  const { headers, body } = await signedGet(name);
  const [, payload = ''] = manifestIn(headers).split('.');
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    v: 1,
    alg: 'sgo1/floe-a256gcm-64k',
    len: body.length,
    ptlen: name === 'small' ? SMALL.length : LARGE.length,
    prev: null,
  });
});

test('a range of it says that its whole was signed', async () => {
  const text = await ok(run(['get', 's3://vault/large', 'range.out', '--range', '16000000-16000099']));
  expect(text).toContain('of an object that its writer signed');
  expect(readFileSync(join(gateway.dataDir, 'range.out')).equals(LARGE.subarray(16_000_000, 16_000_100))).toBe(true);
});

test('a new version follows the one before', async () => {
  await ok(run(['put', 'small', 's3://vault/twice']));
  const first = await signedGet('twice');
  await ok(run(['put', 'small', 's3://vault/twice']));
  const second = await signedGet('twice');
  const of = ({ headers }: Answer) => {
    const [, payload = ''] = manifestIn(headers).split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as { seq: number; prev: string | null };
  };
  expect(of(second).seq).toBeGreaterThan(of(first).seq);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(manifestIn(first.headers)));
  expect(of(second).prev).toBe(Buffer.from(digest).toString('base64url'));
});

test('who trusts no writer reads on; who requires one trusts first', async () => {
  cpSync(join(gateway.dataDir, 'config', 'sealgate', 'keys'), join(gateway.dataDir, 'bob', 'sealgate', 'keys'), {
    recursive: true,
  });
  expect(await ok(run(['get', 's3://vault/small', 'bob.out'], BOB))).not.toContain('signed');
  await ok(run(['writer', 'require', 's3://vault'], BOB));
  await refused(['get', 's3://vault/small'], 'untrusted-writer', BOB);
  writeFileSync(join(gateway.dataDir, 'ada.jwk'), await ok(run(['writer', 'export'])));
  await ok(run(['writer', 'trust', 'ada.jwk', '--name', 'ada'], BOB));
  expect(await ok(run(['get', 's3://vault/small', 'bob.out'], BOB))).toContain('as its writer signed it');
  await ok(run(['writer', 'remove', 'ada'], BOB));
  await refused(['get', 's3://vault/small'], 'untrusted-writer', BOB);
  await ok(run(['writer', 'trust', 'ada.jwk', '--name', 'ada'], BOB));
});

test('what nobody signed is read where that is allowed, and not where a manifest is required', async () => {
  await ok(run(['get', 's3://strict/unsigned', 'unsigned.out']));
  await ok(run(['writer', 'require', 's3://strict']));
  await refused(['get', 's3://strict/unsigned'], 'manifest-missing');
  await ok(run(['writer', 'require', 's3://strict', '--when-present']));
  await ok(run(['get', 's3://strict/unsigned', 'unsigned.out']));
});

test('an object forged with the public key alone is none', async () => {
  // Mallory has the gateway's credentials and the public key, and seals for Ada what she never wrote.
  const mallory: Person = { config: 'mallory', state: 'mallory-state' };
  writeFileSync(join(gateway.dataDir, 'public.jwk'), await ok(run(['keys', 'export'])));
  await ok(run(['keys', 'import', 'public.jwk', '--use'], mallory));
  await ok(run(['put', 'small', 's3://vault/forged']));
  await ok(run(['put', 'large', 's3://vault/forged'], mallory));
  await refused(['get', 's3://vault/forged'], 'manifest-missing');
  await ok(run(['keys', 'create', '--use', 'sign', '--name', 'mallory', '--no-passphrase'], mallory));
  await ok(run(['put', 'large', 's3://vault/forged'], mallory));
  await refused(['get', 's3://vault/forged'], 'untrusted-writer');
});

test('an older version is not taken for the newest, but knowingly', async () => {
  await ok(run(['put', 'small', 's3://history/k']));
  const newest = JSON.parse(await ok(run(['put', 'large', 's3://history/k', '--json']))) as { versionId: string };
  await ok(run(['get', 's3://history/k', 'newest.out']));
  // The newest version is taken away: the store gives the one before, which is genuine.
  await ok(run(['rm', 's3://history/k', '--version-id', newest.versionId]));
  await refused(['get', 's3://history/k'], 'rolled-back');
  await ok(run(['get', 's3://history/k', 'older.out', '--allow-older']));
  expect(readFileSync(join(gateway.dataDir, 'older.out')).equals(SMALL)).toBe(true);
  // Still remembered, and overcome by a new version.
  await refused(['get', 's3://history/k'], 'rolled-back');
  await ok(run(['put', 'small', 's3://history/k']));
  await ok(run(['get', 's3://history/k', 'new.out']));
});

test.each([
  ['taken away', () => undefined, 'manifest-missing'],
  ['of another object', (of: Answer) => manifestIn(of.headers), 'not-for-this-object'],
  ['cut', (_: Answer, text: string) => text.slice(0, -1), 'malformed-manifest'],
  ['with another signature', (_: Answer, text: string) => text.replace(/[^.]+$/, 'A'.repeat(86)), 'bad-signature'],
  ['without an algorithm', (_: Answer, text: string) => unsigned(text), 'malformed-manifest'],
] as const)('a manifest %s on the way', async (_, change, code) => {
  proxy.tamper(async (answer, get) => {
    const changed = change(await get('large'), manifestIn(answer.headers));
    const headers = { ...answer.headers, [MANIFEST]: changed };
    return { ...answer, headers };
  });
  const got = await throughProxy();
  expect({ exit: got.code, stderr: got.stderr }).toEqual({
    exit: INTEGRITY_FAILURE,
    stderr: expect.stringContaining(code) as string,
  });
  expect(existsSync(join(gateway.dataDir, 'proxied'))).toBe(false);
});

function unsigned(text: string): string {
  const [header = '', payload = ''] = text.split('.');
  const none = { ...(JSON.parse(Buffer.from(header, 'base64url').toString()) as object), alg: 'none' };
  return `${Buffer.from(JSON.stringify(none)).toString('base64url')}.${payload}.`;
}

test('the gateway keeps no manifest that is not of the bytes it received', async () => {
  const { headers, body } = await signedGet('small');
  const Metadata = metadataIn(headers);
  const put = (Key: string, Body: Buffer, change: Record<string, string> = {}) =>
    s3.send(new PutObjectCommand({ Bucket: 'vault', Key, Body, Metadata: { ...Metadata, ...change } }));
  const other = Buffer.from(body);
  other[70_000] = (other[70_000] ?? 0) ^ 1;
  await expect(put('small', other)).rejects.toMatchObject({ name: 'BadDigest' });
  const large = await signedGet('large');
  await expect(put('small', body, { 'sealgate-manifest': manifestIn(large.headers) })).rejects.toMatchObject({
    name: 'InvalidArgument',
  });
  await put('small', body);
  await ok(run(['get', 's3://vault/small', 'again.out']));
});

test('a completion brings a manifest only for parts whose digests were kept', async () => {
  const { headers, body } = await signedGet('large');
  const manifest = manifestIn(headers);
  const { 'sealgate-manifest': _, ...Metadata } = metadataIn(headers);
  const place = { Bucket: 'vault', Key: 'large' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...place, Metadata }));
  const part = { ...place, UploadId, PartNumber: 1, Body: body };
  const { ETag } = await s3.send(new UploadPartCommand(part));
  const complete = new CompleteMultipartUploadCommand({
    ...place,
    UploadId,
    MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
  });
  complete.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers[MANIFEST] = manifest;
      return next(args);
    },
    { step: 'build', name: 'manifest' },
  );
  await expect(s3.send(complete)).rejects.toMatchObject({ name: 'InvalidArgument' });
});
