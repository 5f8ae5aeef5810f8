import { randomBytes } from 'node:crypto';
import { newBlobId, type ObjectKey, parseBackendId, type VersionId } from '@sealgate/core/names';
import { type Bucket, PLAIN_ATTRIBUTES, SEALED_FORMAT } from '@sealgate/core/ports';
import { contextHash } from '@sealgate/sealed/inspect';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Control, call, startControl } from '../testing.ts';

// A gateway has no key, so for it an envelope is what it says of itself. Real ones: tests/acceptance/rewrap.test.ts.

const base64url = (bytes: number): string => randomBytes(bytes).toString('base64url');
const newKeyId = (): string => `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${base64url(32)}`;
const [OLD, NEW, RECOVERY] = [newKeyId(), newKeyId(), newKeyId()];

interface Seal {
  readonly names: { readonly tenant: string; readonly bucket: string; readonly key: string };
  readonly keyIds: readonly string[];
  readonly body: { readonly eid: string; readonly hdr: string };
}

function envelope({ names, keyIds, body }: Seal): string {
  const sg = { v: 1, ...body, ctx: Buffer.from(contextHash(names)).toString('base64url') };
  const header = { enc: 'A256GCM', typ: 'sealgate-key+jwe', sg };
  const recipients = keyIds.map((kid) => ({
    header: { alg: 'ECDH-ES+A256KW', kid, epk: { kty: 'EC', crv: 'P-256', x: base64url(32), y: base64url(32) } },
    encrypted_key: base64url(40),
  }));
  return JSON.stringify({
    protected: Buffer.from(JSON.stringify(header)).toString('base64url'),
    ...{ recipients, iv: base64url(12), ciphertext: base64url(90), tag: base64url(16) },
  });
}

let control: Control;
let vault: Bucket;
let backend: string;
const ask = (line: string, payload?: object): Promise<Answer> => call(control.app, line, payload);

beforeAll(async () => {
  control = await startControl();
  backend = (await control.metadata.listBackends())[0]?.id ?? '';
  await ask('POST /admin/tenants', { name: 'acme' });
  await ask('POST /admin/tenants/acme/buckets', { name: 'vault' });
  const found = await control.metadata.bucket('default', 'vault' as Bucket['name']);
  if (found === undefined) throw new Error('no bucket');
  vault = await control.metadata.updateBucket(
    found.id,
    { versioning: 'enabled' },
    { kind: 'system', id: 'test', requestId: 'test' },
  );
});
afterAll(() => control.close());

async function put(key: string, sealed = true) {
  const names = { tenant: 'acme', bucket: 'vault', key };
  const body = { eid: base64url(16), hdr: base64url(32) };
  const encryptedKey = envelope({ names, keyIds: [OLD], body });
  const { versionId } = await control.metadata.commitVersion({
    ...{ bucketId: vault.id, key: key as ObjectKey, blobId: newBlobId(Date.now()), bytes: 160, storedBytes: 160 },
    ...{ etag: '0'.repeat(32), redundancyClass: 'StandardClass', headers: {}, checksum: null, tags: null },
    envelope: sealed
      ? { encryptedKey, keyId: OLD, keyVersion: 1, keyAlg: 'ECDH-ES+A256KW', encryptionAlg: SEALED_FORMAT }
      : null,
    verdict: sealed ? 'sealed:sgo1' : null,
    ...{ attributes: PLAIN_ATTRIBUTES, layout: { kind: 'copies' }, blockBytes: 65_536, digests: randomBytes(32) },
    replicas: [{ backend: parseBackendId(backend), shard: 0, state: 'stored' }],
    ...{ preconditions: {}, actor: { kind: 'system', id: 'test', requestId: 'test' } },
  });
  return { key, versionId, seal: { names, keyIds: [NEW], body } satisfies Seal };
}

type Stored = Awaited<ReturnType<typeof put>>;

const wanted = ({ key, versionId, seal }: Stored, changes: object = {}) => ({
  ...{ key, versionId, expected: { keyId: OLD, keyVersion: 1 }, envelope: envelope(seal), keyVersion: 2 },
  ...changes,
});
const change = (...changes: object[]) => ask('PATCH /proxy/envelopes', { tenant: 'acme', bucket: 'vault', changes });
const outcomes = ({ body }: Answer): unknown[] =>
  (body['results'] as { outcome: string; reason?: string }[]).map(({ outcome, reason }) => reason ?? outcome);
const list = async (query: string): Promise<Answer['body']> =>
  (await ask(`GET /proxy/envelopes?tenant=acme&bucket=vault&${query}`)).body;
const keysIn = (page: Answer['body']) => (page['items'] as { key: string }[]).map(({ key }) => key);

describe('changes of envelopes', () => {
  it('are made where the old one is the expected one, and are then what a reader gets', async () => {
    const [first, second] = [await put('a'), await put('a')];
    const change1 = wanted(first);
    const { versionId: _, ...current } = wanted(second);
    expect(outcomes(await change(change1, current))).toEqual(['changed', 'changed']);
    expect(outcomes(await change(wanted(first)))).toEqual(['conflict']);
    const version = await control.metadata.version(vault.id, 'a' as ObjectKey, first.versionId);
    expect(version?.envelope).toMatchObject({ encryptedKey: change1.envelope, keyId: NEW, keyVersion: 2 });
    expect((await control.metadata.currentVersion(vault.id, 'a' as ObjectKey))?.envelope?.keyId).toBe(NEW);
  });

  it('need an envelope of this object, of this body and of a form that is known', async () => {
    const one = await put('b');
    const other = await put('c');
    const plain = await put('plain', false);
    const { seal } = one;
    const refused = [
      wanted(one, { envelope: envelope(other.seal) }),
      wanted(one, { envelope: envelope({ ...seal, names: { ...seal.names, tenant: 'other' } }) }),
      wanted(one, { envelope: envelope({ ...seal, body: { ...seal.body, eid: base64url(16) } }) }),
      wanted(one, { envelope: envelope({ ...seal, body: { ...seal.body, hdr: base64url(32) } }) }),
      wanted(one, { envelope: 'no envelope' }),
      wanted(one, { envelope: envelope(seal).replace('ECDH-ES+A256KW', 'RSA1_5') }),
      wanted(one, { expected: { keyId: OLD, keyVersion: 2 } }),
      wanted(one, { expected: { keyId: NEW, keyVersion: 1 } }),
      wanted(one, { versionId: 'null' }),
      wanted(one, { versionId: other.versionId }),
      wanted(plain),
    ];
    const found: unknown[] = [];
    for (const each of refused) found.push(...outcomes(await change(each)));
    expect(found).toEqual([
      ...['not-for-this-object', 'not-for-this-object', 'envelope-mismatch', 'envelope-mismatch'],
      ...['malformed-envelope', 'unsupported', 'conflict', 'conflict', 'gone', 'gone', 'gone'],
    ]);
    expect((await control.metadata.currentVersion(vault.id, 'b' as ObjectKey))?.envelope?.keyId).toBe(OLD);
  });

  it('obey the policies of the bucket, hot', async () => {
    const one = await put('d');
    const document = `apiVersion: sealgate/v1
kind: Policy
metadata: { name: escrow }
spec: { encryption: { mode: required, requiredRecipients: ["${RECOVERY}"] } }
`;
    expect((await ask('PUT /admin/policies/escrow', { document })).status).toBe(200);
    await ask('PATCH /admin/tenants/acme/buckets/vault', { policy: 'escrow' });
    expect(outcomes(await change(wanted(one)))).toEqual(['recipient-missing']);
    const both = envelope({ ...one.seal, keyIds: [NEW, RECOVERY] });
    expect(outcomes(await change(wanted(one, { envelope: both })))).toEqual(['changed']);
    await ask('PATCH /admin/tenants/acme/buckets/vault', { policy: null });
  });

  it('are told apart from what is no request at all', async () => {
    const one = wanted(await put('e'));
    for (const changes of [
      [],
      [one, one],
      [{ ...one, key: '' }],
      [{ ...one, keyVersion: 0 }],
      Array.from({ length: 201 }, (_, at) => ({ ...one, key: `e/${at}` })),
    ]) {
      expect((await change(...changes)).status).toBe(400);
    }
    const unknown = await ask('PATCH /proxy/envelopes', { tenant: 'acme', bucket: 'nowhere', changes: [one] });
    expect([unknown.status, unknown.body['code']]).toEqual([404, 'NoSuchBucket']);
  });
});

describe('the list of envelopes', () => {
  it('has what is behind, page by page, and nothing secret', async () => {
    const stored: Stored[] = [];
    for (const key of ['list/a', 'list/b', 'list/b', 'list/ü', 'other']) stored.push(await put(key));
    const sealedTo = encodeURIComponent(NEW);
    expect(outcomes(await change(wanted(stored[0] as Stored)))).toEqual(['changed']);
    const keys: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await list(`prefix=list/&sealedTo=${sealedTo}&limit=1${cursor}`);
      keys.push(...keysIn(page));
      if (page['next'] === null) break;
      cursor = `&cursor=${encodeURIComponent(page['next'] as string)}`;
    }
    expect(keys).toEqual(['list/b', 'list/b', 'list/ü']);
    const [item] = (await list('prefix=list/a'))['items'] as Record<string, unknown>[];
    const { key, versionId } = stored[0] as Stored;
    expect(item).toMatchObject({ key, versionId: versionId as VersionId, keyId: NEW, keyVersion: 2, locked: false });
    expect(JSON.parse(item?.['envelope'] as string)).toHaveProperty('recipients');
  });

  it('refuses cursors that no page gave, and what no text can hold', async () => {
    const bad = [`cursor=${Buffer.from('x/y').toString('base64url')}`, 'cursor=%21', 'prefix=%00', 'limit=201'];
    for (const query of bad) expect((await list(query))['code']).toMatch(/ValidationFailed|InvalidURI/);
  });
});
