// Keys that sign, in the tenant's keyring: readers trust them by the pinned root alone, buckets take nothing else, and what is
// revoked counts no more.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  admin,
  type CommandResult,
  type GatewayProcess,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { addStore, LOOPBACK, type Store } from '../support/s3-backends.ts';
import { newClient } from '../support/s3-client.ts';
import { signatureHeaders } from '../support/signature.ts';

const POLICY = fileURLToPath(new URL('../../examples/policies/signed-writers.yaml', import.meta.url));
const SMALL = randomBytes(150_000);
/** Goes up in parts. */
const LARGE = randomBytes(17 * 1024 * 1024 + 5);
const [REFUSED, INTEGRITY] = [3, 4];

let gateway: GatewayProcess;
let s3: S3Client;
const stores: Store[] = [];

type Machine = (...args: readonly string[]) => Promise<CommandResult>;
/** The command line of one person: own keys, own writers, own memory. */
const machine =
  (name: string): Machine =>
  (...args) => {
    const at = (what: string): string => join(gateway.dataDir, what, name);
    return sealgate(gateway, args, { env: { XDG_CONFIG_HOME: at('config'), XDG_STATE_HOME: at('state') } });
  };
const owner = machine('owner');
const reader = machine('reader');
const late = machine('late');
/** Has an access key of the tenant and its public key, and no key that the keyring names. */
const mallory = machine('mallory');

async function done(run: Promise<CommandResult>): Promise<string> {
  const { code, stdout, stderr } = await run;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}
const codeIn = ({ stderr }: CommandResult): string | undefined => /"code":"([A-Za-z-]+)"/.exec(stderr)?.[1];
/** How a put ends: exit code, code, and the reason in its words. */
async function putBy(who: Machine, name: string, ...more: string[]): Promise<readonly unknown[]> {
  const put = await who('put', name, `s3://vault/${name}`, '--json', ...more);
  return [put.code, codeIn(put), /revoked|not trusted|no manifest|no keyring|no writer/.exec(put.stderr)?.[0]];
}
async function getBy(who: Machine, name: string): Promise<readonly unknown[]> {
  const got = await who('get', `s3://vault/${name}`, 'got', '--json');
  return [got.code, got.code === 0 ? 'read' : codeIn(got)];
}
const signerOf = async (who: Machine): Promise<string> =>
  (
    JSON.parse(await done(who('writer', 'list', '--json'))) as { writers: { keyId: string; own: boolean }[] }
  ).writers.find(({ own }) => own)?.keyId ?? '';
async function publish(): Promise<void> {
  await done(owner('keyring', 'publish', '--root', 'root.json'));
}

beforeAll(async () => {
  gateway = await startGateway({ env: LOOPBACK });
  s3 = newClient(gateway.credentials);
  writeFileSync(join(gateway.dataDir, 'small'), SMALL);
  writeFileSync(join(gateway.dataDir, 'large'), LARGE);
  await done(owner('policy', 'apply', POLICY));
  await done(owner('bucket', 'create', 'vault', '--policy', 'signed-writers'));
  await done(owner('keys', 'create', '--no-passphrase', '--name', 'desk'));
  for (const [option, file] of [
    ['--private', 'desk.jwk'],
    ['--json', 'public.jwk'],
  ] as const) {
    writeFileSync(join(gateway.dataDir, file), await done(owner('keys', 'export', 'desk', option)));
  }
  await done(mallory('keys', 'import', 'public.jwk', '--use'));
  await done(owner('keys', 'root', 'create', 'root.json', '--no-passphrase'));
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  for (const { fake } of stores) await fake.close();
  removeDataDir(gateway.dataDir);
});

test('without a keyring, or without a writer in it, such a bucket takes nothing and says what is missing', async () => {
  expect(await putBy(mallory, 'small')).toEqual([REFUSED, 'ManifestRequired', 'no keyring']);
  // Said before anything of a large object is sent.
  expect(await putBy(mallory, 'large')).toEqual([REFUSED, 'ManifestRequired', 'no keyring']);
  await done(owner('keyring', 'init', 'root.json'));
  await publish();
  expect(await putBy(owner, 'small')).toEqual([REFUSED, 'ManifestRequired', 'no writer']);
  expect((await owner('put', 'small', 's3://vault/small')).stderr).toContain('keyring add KEY --use sign');
});

test('what a writer of the keyring signs is taken: in one piece, in parts, and past the gateway', async () => {
  await done(owner('keys', 'create', '--use', 'sign', '--name', 'ada', '--no-passphrase'));
  expect(await putBy(owner, 'small')).toEqual([REFUSED, 'ManifestRequired', 'no writer']);
  await done(owner('keyring', 'add', 'ada', '--use', 'sign'));
  await publish();
  await done(owner('put', 'small', 's3://vault/small'));
  await done(owner('put', 'large', 's3://vault/large'));
  for (const [id, country] of Object.entries({ 'store-fi': 'FI', 'store-de': 'DE', 'store-fr': 'FR' })) {
    stores.push(await addStore(gateway, { id, country, jurisdiction: 'EU' }));
  }
  await done(owner('put', '--direct', 'small', 's3://vault/direct'));
});

test('a machine that pinned the root trusts its writers, and says whose decision that is', async () => {
  const root = (JSON.parse(await done(owner('keyring', 'show', '--json'))) as { rootKeyId: string }).rootKeyId;
  for (const who of [reader, late]) {
    await done(who('keys', 'import', 'desk.jwk', '--use', '--no-passphrase', '--name', 'desk'));
    await done(who('keyring', 'pin', root));
  }
  const said = await done(reader('get', 's3://vault/small', 'got'));
  expect(said).toContain('as its writer signed it');
  expect(readFileSync(join(gateway.dataDir, 'got')).equals(SMALL)).toBe(true);
  expect(await getBy(reader, 'large')).toEqual([0, 'read']);
  const ada = await signerOf(owner);
  const { writers } = JSON.parse(await done(reader('writer', 'list', '--json'))) as { writers: unknown };
  expect(writers).toEqual([{ keyId: ada, name: '-', own: false, sources: ['keyring 2'], revokedAt: null }]);
  expect(await done(owner('writer', 'list'))).toMatch(/ada\s+signs here\s+here, keyring 2\s+in use/);
});

test('who has an access key and no key of the keyring writes nothing, by no way', async () => {
  for (const name of ['small', 'large']) {
    expect(await putBy(mallory, name, '--no-resume')).toEqual([REFUSED, 'ManifestRequired', 'no manifest']);
  }
  expect(await putBy(mallory, 'small', '--direct')).toEqual([REFUSED, 'ManifestRequired', 'no manifest']);
  await done(mallory('keys', 'create', '--use', 'sign', '--name', 'mallory', '--no-passphrase'));
  for (const name of ['small', 'large']) {
    expect(await putBy(mallory, name, '--no-resume')).toEqual([REFUSED, 'ManifestRequired', 'not trusted']);
  }
  expect(await putBy(mallory, 'small', '--direct')).toEqual([REFUSED, 'ManifestRequired', 'not trusted']);
  for (const name of ['small', 'large']) expect(await getBy(reader, name)).toEqual([0, 'read']);
});

test('a manifest is good for its own object alone', async () => {
  const get = async (Key: string) => {
    const { Metadata = {}, Body } = await s3.send(new GetObjectCommand({ Bucket: 'vault', Key }));
    return { Metadata, body: Buffer.from((await Body?.transformToByteArray()) ?? []) };
  };
  const [small, direct] = [await get('small'), await get('direct')];
  const put = (Key: string, change: Readonly<Record<string, string | undefined>>, Body = small.body) => {
    const changed = Object.entries({ ...small.Metadata, ...change }).filter(([, value]) => value !== undefined);
    return s3.send(
      new PutObjectCommand({ Bucket: 'vault', Key, Body, Metadata: Object.fromEntries(changed) as never }),
    );
  };
  const MANIFEST = 'sealgate-manifest';
  await expect(put('small', { [MANIFEST]: undefined })).rejects.toMatchObject({ name: 'ManifestRequired' });
  await expect(put('small', { [MANIFEST]: direct.Metadata[MANIFEST] })).rejects.toMatchObject({
    name: 'InvalidArgument',
  });
  const other = Buffer.from(small.body);
  other[70_000] = (other[70_000] ?? 0) ^ 1;
  await expect(put('small', {}, other)).rejects.toMatchObject({ name: 'BadDigest' });
  await expect(put('elsewhere', {})).rejects.toMatchObject({ name: 'EncryptionRequired' });
  const copy = (Bucket: string, Key: string, CopySource: string) =>
    s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, Metadata: { note: 'x' }, MetadataDirective: 'REPLACE' }));
  // It is still what its writer signed.
  await copy('vault', 'small', 'vault/small');
  expect(await getBy(reader, 'small')).toEqual([0, 'read']);
  await put('small', {});
  // A bucket that takes what is not sealed asks as well.
  const policy = join(gateway.dataDir, 'signed-only.yaml');
  writeFileSync(
    policy,
    readFileSync(POLICY, 'utf8').replace('signed-writers', 'signed-only').replace('mode: required', 'mode: off'),
  );
  await done(owner('policy', 'apply', policy));
  await done(owner('bucket', 'create', 'open', '--encryption', 'off', '--policy', 'signed-only'));
  const plain = new PutObjectCommand({ Bucket: 'open', Key: 'plain', Body: 'plain' });
  await expect(s3.send(plain)).rejects.toMatchObject({ name: 'ManifestRequired' });
  await expect(copy('open', 'copy', 'vault/small')).rejects.toMatchObject({ name: 'ManifestRequired' });
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: 'open', Key: 'parts' }));
  const part = { Bucket: 'open', Key: 'parts', UploadId };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, PartNumber: 1, Body: 'plain' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await expect(s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload }))).rejects.toMatchObject({
    name: 'ManifestRequired',
  });
});

test('over /objects the same holds, with a problem document', async () => {
  const { controlEndpoint, region } = gateway.credentials;
  const ask = async (method: string, headers: Readonly<Record<string, string>>, body?: Buffer) => {
    const url = new URL(`${controlEndpoint}/objects/vault/small`);
    const asked = { keys: gateway.credentials, region, service: 'sealgate' as const, method, url, headers };
    const signed = signatureHeaders({ ...asked, ...(body === undefined ? {} : { body }) });
    return await fetch(url, { method, headers: signed, ...(body === undefined ? {} : { body: new Uint8Array(body) }) });
  };
  const got = await ask('GET', {});
  const body = Buffer.from(await got.arrayBuffer());
  const seal = Object.fromEntries(
    ['x-encrypted-key', 'x-key-version', 'x-sealgate-manifest'].map((name) => [name, got.headers.get(name) ?? '']),
  );
  const { 'x-sealgate-manifest': _, ...unsigned } = seal;
  const refused = await ask('PUT', unsigned, body);
  expect([refused.status, await refused.json()]).toMatchObject([
    403,
    { code: 'ManifestRequired', rule: 'encryption.requireManifest' },
  ]);
  expect((await ask('PUT', seal, body)).status).toBe(200);
});

test('what a revoked writer signed is refused by the gateway, and by readers who did not take it before', async () => {
  const ada = await signerOf(owner);
  // A manifest has whole seconds: the revocation is in a later one.
  const signedAt = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === signedAt) await new Promise((resolve) => setTimeout(resolve, 20));
  await done(owner('keyring', 'revoke', 'ada'));
  await publish();
  expect(await putBy(owner, 'small')).toEqual([REFUSED, 'ManifestRequired', 'revoked']);
  // Nor does it become a new version by a copy onto itself.
  const onto = { Bucket: 'vault', Key: 'large', CopySource: 'vault/large', MetadataDirective: 'REPLACE' as const };
  await expect(s3.send(new CopyObjectCommand({ ...onto, Metadata: {} }))).rejects.toMatchObject({
    name: 'ManifestRequired',
  });
  // The reader took this very manifest while the key was in use; the other machine knows only what a thief could say too.
  expect(await getBy(reader, 'large')).toEqual([0, 'read']);
  expect(await getBy(late, 'large')).toEqual([INTEGRITY, 'revoked-writer']);
  expect(await getBy(reader, 'direct')).toEqual([INTEGRITY, 'revoked-writer']);
  expect(await done(late('writer', 'list'))).toMatch(/keyring 3\s+revoked 2\d{3}-/);
  // Its own decision, by the key that the keyring still lists.
  writeFileSync(join(gateway.dataDir, 'ada.jwk'), await done(late('writer', 'export', ada)));
  await done(late('writer', 'trust', 'ada.jwk', '--name', 'ada'));
  expect(await getBy(late, 'large')).toEqual([0, 'read']);
  await done(owner('keys', 'create', '--use', 'sign', '--name', 'ada-2', '--no-passphrase'));
  await done(owner('keyring', 'add', 'ada-2', '--use', 'sign'));
  await publish();
  await done(owner('put', 'large', 's3://vault/large'));
  expect(await getBy(late, 'large')).toEqual([0, 'read']);
});

test('a gateway that hides a revocation, or says nothing of keyrings, has nothing opened', async () => {
  const { tenant } = gateway.credentials;
  const path = `/proxy/keyrings?tenant=${tenant}`;
  const { items } = await admin<{ items: readonly { document: string }[] }>(gateway, 'GET', path);
  const before = items.slice(0, 2);
  const liar = createServer((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ items: before.slice(after), more: false }));
  });
  await new Promise<void>((listening) => liar.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
  const get = (...more: readonly string[]) => reader('get', 's3://vault/direct', 'hidden', '--json', ...more);
  const hidden = await get('--control-url', url);
  await new Promise((closed) => liar.close(closed));
  expect([hidden.code, codeIn(hidden)]).toEqual([INTEGRITY, 'keyring-rollback']);
  const silent = await get('--control-url', url);
  expect([silent.code, codeIn(silent)]).toEqual([1, 'GatewayUnreachable']);
  expect(existsSync(join(gateway.dataDir, 'hidden'))).toBe(false);
  // What is trusted here is told all the same.
  const listed = await late('writer', 'list', '--control-url', url);
  expect([listed.code, listed.stdout, listed.stderr]).toEqual([
    0,
    expect.stringMatching(/ada\s+trusted\s+here/),
    expect.stringContaining('could not be asked'),
  ]);
});
