// A tenant's keyring: made with an offline root, published, obeyed by the gateway and by clients, and what a gateway that
// lies about it gets.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
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
import { newClient } from '../support/s3-client.ts';

interface Published {
  readonly items: readonly { readonly seq: number; readonly document: string }[];
}

let gateway: GatewayProcess;
let rootKeyId = '';
const at = (...names: string[]): string => join(gateway.dataDir, ...names);

/** The command line of one machine: its own keys, pins and drafts. */
const machine =
  (name: string) =>
  (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    sealgate(gateway, args, { env: { XDG_CONFIG_HOME: at('config', name), ...env } });
const [owner, laptop, stranger, thief] = ['owner', 'laptop', 'stranger', 'thief'].map(machine) as [
  ReturnType<typeof machine>,
  ReturnType<typeof machine>,
  ReturnType<typeof machine>,
  ReturnType<typeof machine>,
];

async function done(run: Promise<CommandResult>): Promise<string> {
  const result = await run;
  expect(result).toMatchObject({ code: 0 });
  return result.stdout;
}

const json = async (run: Promise<CommandResult>): Promise<Record<string, unknown>> =>
  JSON.parse(await done(run)) as Record<string, unknown>;
const keyIdsOf = async (uri: string): Promise<unknown> => (await json(owner(['stat', uri, '--json'])))['keyIds'];
const published = (): Promise<Published> =>
  admin<Published>(gateway, 'GET', `/proxy/keyrings?tenant=${gateway.credentials.tenant}`);
const keyId = async (run: ReturnType<typeof machine>, name: string): Promise<unknown> =>
  (await json(run(['keys', 'export', name, '--json'])))['kid'];

/** Seals a file as `Key`, and begins to upload the sealed bytes in parts. @returns what completes the upload */
async function beginInParts(Key: string, file: string): Promise<() => Promise<unknown>> {
  await done(owner(['put', file, `s3://vault/${Key}`]));
  const s3 = newClient(gateway.credentials);
  const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: 'vault', Key }));
  const sealed = await Body!.transformToByteArray();
  await done(owner(['rm', `s3://vault/${Key}`]));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: 'vault', Key, Metadata }));
  const upload = { Bucket: 'vault', Key, UploadId };
  const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: sealed }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  return async () => {
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload })).finally(() => s3.destroy());
  };
}

/** Keyrings of this tenant that another root signed. */
async function forge(): Promise<string> {
  await done(thief(['keys', 'create', '--no-passphrase']));
  await done(thief(['keys', 'root', 'create', 'thief.json', '--no-passphrase']));
  const { draft } = await json(thief(['keyring', 'init', 'thief.json', '--json']));
  return (await done(thief(['keyring', 'sign', draft as string, '--root', 'thief.json']))).trim();
}

/** A control listener that says of keyrings what it likes, after the number that it is asked for. */
async function lyingGateway(documents: readonly string[]) {
  const server = createServer((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ items: documents.slice(after).map((document) => ({ document })), more: false }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => server.close(closed)),
  };
}

beforeAll(async () => {
  gateway = await startGateway();
  await done(owner(['bucket', 'create', 'vault']));
  writeFileSync(at('note'), 'a note of mine');
  mkdirSync(at('usb'));
});
afterAll(async () => {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

test('a root is made offline, pinned, and signs the first keyring', async () => {
  await done(owner(['keys', 'create', '--no-passphrase', '--name', 'desk']));
  rootKeyId = (
    await json(
      owner(['keys', 'root', 'create', 'usb/root.json', '--json'], { SEALGATE_PASSPHRASE: 'six random words' }),
    )
  )['rootKeyId'] as string;
  expect(readFileSync(at('usb', 'root.json'), 'utf8')).not.toContain('"d"');
  const twice = await owner(['keys', 'root', 'create', 'usb/root.json', '--no-passphrase']);
  expect(twice.code).toBe(2);
  // By its id: the file is not needed for this.
  await done(owner(['keyring', 'init', rootKeyId]));
  // Pinned and not published: nothing is sealed on trust alone.
  const early = await owner(['put', 'note', 's3://vault/early', '--json']);
  expect([early.code, early.stderr.includes('keyring-missing')]).toEqual([4, true]);
  const wrong = await owner(['keyring', 'publish', '--root', 'usb/root.json'], {
    SEALGATE_PASSPHRASE: 'something else',
  });
  expect(wrong.code).toBe(1);
  await done(owner(['keyring', 'publish', '--root', 'usb/root.json'], { SEALGATE_PASSPHRASE: 'six random words' }));
  const shown = await json(owner(['keyring', 'show', '--json']));
  expect(shown).toMatchObject({ seq: 1, rootKeyId, keys: [{ use: 'wrap', version: 1, revokedAt: null }] });
  await done(owner(['put', 'note', 's3://vault/note']));
});

test('a required recipient is added by every client, and demanded by the gateway', async () => {
  await done(owner(['keys', 'create', '--no-passphrase', '--name', 'recovery', '--kind', 'RSA-3072']));
  const { draft } = await json(owner(['keyring', 'add', 'recovery', '--use', 'recovery', '--required', '--json']));
  // Carried to where the root is, and back.
  copyFileSync(draft as string, at('usb', 'draft.json'));
  const signed = await done(
    owner(['keyring', 'sign', 'usb/draft.json', '--root', 'usb/root.json'], {
      SEALGATE_PASSPHRASE: 'six random words',
    }),
  );
  writeFileSync(at('usb', 'signed'), signed);
  await done(owner(['keyring', 'publish', 'usb/signed']));
  const [desk, recovery] = [await keyId(owner, 'desk'), await keyId(owner, 'recovery')];

  await done(owner(['put', 'note', 's3://vault/note']));
  expect(await keyIdsOf('s3://vault/note')).toEqual([desk, recovery]);
  // Another machine has the root's id and one key, and nothing of the recovery key but what the keyring says.
  writeFileSync(at('desk.jwk'), await done(owner(['keys', 'export', 'desk', '--private'])));
  await done(laptop(['keys', 'import', 'desk.jwk', '--use', '--no-passphrase', '--name', 'desk']));
  await done(laptop(['keyring', 'pin', rootKeyId]));
  await done(laptop(['put', 'note', 's3://vault/from-laptop']));
  expect(await keyIdsOf('s3://vault/from-laptop')).toEqual([desk, recovery]);
  // Without a pin a client knows nothing of it, and the gateway refuses.
  await done(stranger(['keys', 'import', 'desk.jwk', '--use', '--no-passphrase']));
  const refused = await stranger(['put', 'note', 's3://vault/refused', '--json']);
  expect([refused.code, refused.stderr.includes('EncryptionRequired')]).toEqual([3, true]);
});

test('keys that are not in the keyring are refused by the client, and by the gateway', async () => {
  await done(laptop(['keys', 'create', '--no-passphrase', '--name', 'own', '--use']));
  const byClient = await laptop(['put', 'note', 's3://vault/refused', '--json']);
  expect([byClient.code, byClient.stderr.includes('not in use in the tenant')]).toEqual([3, true]);
  await done(stranger(['keys', 'create', '--no-passphrase', '--name', 'own', '--use']));
  expect((await stranger(['put', 'note', 's3://vault/refused'])).code).toBe(3);
  // Nor does an envelope of theirs take the place of another one.
  await done(laptop(['keys', 'use', 'desk']));
  await done(stranger(['keys', 'import', 'desk.jwk', '--no-passphrase']));
  const rewrapped = await stranger(['rewrap', 's3://vault/note', '--json']);
  expect([rewrapped.code, JSON.parse(rewrapped.stdout)]).toMatchObject([3, { changed: 0, refused: 1 }]);
});

test('a key is rotated, what is stored is rewrapped, and the old key is revoked', async () => {
  const root = { SEALGATE_PASSPHRASE: 'six random words' };
  // What completes while the old key is in use is taken, so that the refusal below is one of the key.
  await (await beginInParts('in-parts', 'note'))();
  await done(owner(['rm', 's3://vault/in-parts']));
  const complete = await beginInParts('begun-before', 'note');
  const rotated = await json(owner(['keys', 'rotate', '--no-passphrase', '--root', 'usb/root.json', '--json'], root));
  expect(rotated).toMatchObject({ name: 'desk-v2', version: 2, used: true });
  const recovery = await keyId(owner, 'recovery');
  const { changed } = await json(owner(['rewrap', 's3://vault', '--json']));
  expect(changed).toBe(2);
  const stat = await json(owner(['stat', 's3://vault/note', '--json']));
  expect(stat).toMatchObject({ keyIds: [rotated['keyId'], recovery], keyVersion: 2 });
  await done(owner(['keyring', 'revoke', 'desk']));
  await done(owner(['keyring', 'publish', '--root', 'usb/root.json'], root));
  expect(await json(owner(['keyring', 'verify', '--json']))).toMatchObject({ seq: 4 });
  // Nor does what was begun under the old key end under it.
  await expect(complete()).rejects.toMatchObject({ name: 'EncryptionRequired' });
  await expect(owner(['stat', 's3://vault/begun-before'])).resolves.toMatchObject({ code: 1 });
  // The other machine has the old key alone: it hears of it, and can neither open nor seal any more.
  expect((await laptop(['put', 'note', 's3://vault/late'])).code).toBe(3);
  expect((await laptop(['get', 's3://vault/note', '-'])).code).toBe(4);
  expect(await done(owner(['get', 's3://vault/note', '-']))).toBe('a note of mine');
});

test('a gateway that hides, forges, forks or rolls back the keyring gets nothing', async () => {
  const real = (await published()).items.map(({ document }) => document);
  expect(real).toHaveLength(4);
  const forged = await forge();
  for (const [what, documents, code] of [
    ['none', [], 'keyring-rollback'],
    ['an older one', real.slice(0, 3), 'keyring-rollback'],
    ['a forged one', [...real.slice(0, 3), forged], 'keyring-untrusted'],
    ['another one of the same number', [...real.slice(0, 3), real[0] ?? ''], 'keyring-rollback'],
    ['a forged one behind the real ones', [...real, forged], 'keyring-untrusted'],
    ['one that does not follow', [...real, real[3] ?? ''], 'keyring-forked'],
    ['one with another signature', [...real.slice(0, 3), `${(real[3] ?? '').slice(0, -4)}AAAA`], 'keyring-untrusted'],
    ['no keyring at all', ['{}', '{}', '{}', '{}'], 'malformed-keyring'],
  ] as const) {
    const liar = await lyingGateway(documents);
    const env = { SEALGATE_CONTROL_URL: liar.url };
    const put = await owner(['put', 'note', 's3://vault/never', '--json'], env);
    expect([what, put.code, /"code":"([a-z-]+)"/.exec(put.stderr)?.[1]]).toEqual([what, 4, code]);
    expect((await owner(['keyring', 'verify'], env)).code).toBe(4);
    await liar.close();
  }
  expect((await owner(['stat', 's3://vault/never'])).code).toBe(1);
  // Nothing of it was remembered.
  expect(await json(owner(['keyring', 'verify', '--json']))).toMatchObject({ seq: 4 });
});

test('the gateway takes no keyring that does not follow, or of another root', async () => {
  const real = (await published()).items;
  const post = async (document: string): Promise<number> => {
    const { controlEndpoint, adminKey } = gateway.credentials;
    const answer = await fetch(`${controlEndpoint}/proxy/keyrings`, {
      method: 'POST',
      headers: { 'x-admin-key': adminKey, 'content-type': 'application/json' },
      body: JSON.stringify({ tenant: gateway.credentials.tenant, document }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const [first, , , newest] = real.map(({ document }) => document);
  expect(await post(first ?? '')).toBe(409);
  expect(await post(newest ?? '')).toBe(201);
  expect(await post(`${(newest ?? '').slice(0, -4)}AAAA`)).toBe(400);
  const { draft } = await json(thief(['keyring', 'init', 'thief.json', '--json']));
  expect(await post((await done(thief(['keyring', 'sign', draft as string, '--root', 'thief.json']))).trim())).toBe(
    409,
  );
  expect((await published()).items).toHaveLength(4);
});

test('a draft that leaves no key to seal to says so', async () => {
  const revoked = await owner(['keyring', 'revoke', 'desk-v2']);
  expect([revoked.code, revoked.stderr]).toEqual([0, expect.stringContaining('nothing can be sealed')]);
});
