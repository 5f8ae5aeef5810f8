// Which manifests a bucket takes whose policy asks for signed ones: judged with public keys alone, before any body.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { builtinPolicy } from '@sealgate/core/policy';
import { importVerifyKey, type VerifyKey } from '@sealgate/sealed/manifest';
import { describe, expect, it } from 'vitest';
import type { KeyringRules, Writers } from '../keyrings/keyrings.ts';
import type { GovernedBucket } from './governed.ts';
import { admitManifest, requireSomeWriter } from './manifest.ts';

interface Writer {
  readonly key: VerifyKey;
  readonly privateKey: KeyObject;
}

async function newWriter(kind: 'Ed25519' | 'ES256'): Promise<Writer> {
  const { publicKey, privateKey } =
    kind === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: await importVerifyKey(publicKey.export({ format: 'jwk' })), privateKey };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function manifestBy({ key, privateKey }: Writer, said: { readonly kid?: string; readonly alg?: string } = {}): string {
  const header = encode({ alg: key.algorithm, kid: key.keyId, typ: 'sealgate-manifest+jws', ...said });
  const payload = encode({
    ...{ v: 1, ctx: hash('ctx'), eid: Buffer.alloc(16).toString('base64url'), hdr: hash('hdr') },
    ...{ alg: 'sgo1/floe-a256gcm-64k', len: 160, ptlen: 0, root: hash('root'), seq: 1, prev: null, iat: 1 },
  });
  const how = key.algorithm === 'ES256' ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey;
  const signature = sign(key.algorithm === 'ES256' ? 'sha256' : null, Buffer.from(`${header}.${payload}`), how);
  return `${header}.${payload}.${signature.toString('base64url')}`;
}

function bucket(writers: Writers | undefined, manifest: 'signed' | null = 'signed'): GovernedBucket {
  const keyring = writers && ({ writers } as unknown as KeyringRules);
  const envelopes = { ...builtinPolicy.envelopes, manifest };
  // Nothing else of a bucket takes part.
  return { rules: { envelopes, retention: builtinPolicy.retention, keyring } } as unknown as GovernedBucket;
}

const [ada, eve, gone] = await Promise.all([newWriter('Ed25519'), newWriter('ES256'), newWriter('Ed25519')]);
const keyring: Writers = { inUse: [ada.key], revoked: new Set([gone.key.keyId]) };
const refusal = (reason: string) => ({
  code: 'ManifestRequired',
  rule: 'encryption.requireManifest',
  detail: { Reason: reason },
});

describe('a bucket that takes signed manifests only', () => {
  it('takes what a key of the keyring signed, of either kind', async () => {
    expect((await admitManifest(bucket(keyring), manifestBy(ada))).text).toBe(manifestBy(ada));
    const both = { ...keyring, inUse: [ada.key, eve.key] };
    await expect(admitManifest(bucket(both), manifestBy(eve))).resolves.toBeDefined();
  });

  it.each([
    ['no manifest', keyring, undefined, 'manifest-missing'],
    ['an unknown signer', keyring, manifestBy(eve), 'untrusted-writer'],
    ['a revoked signer', keyring, manifestBy(gone), 'revoked-writer'],
    ['a revoked signer where there is no other', { ...keyring, inUse: [] }, manifestBy(gone), 'revoked-writer'],
    ['the name of another signer', keyring, manifestBy(eve, { kid: ada.key.keyId, alg: 'Ed25519' }), 'bad-signature'],
    ["another algorithm than the key's", keyring, manifestBy(ada, { alg: 'ES256' }), 'bad-signature'],
    ['a signature of other bytes', keyring, manifestBy(ada).replace(/[^.]+$/, 'A'.repeat(86)), 'bad-signature'],
    ['no keyring', undefined, manifestBy(ada), 'keyring-missing'],
    ['a keyring without writers', { ...keyring, inUse: [] }, manifestBy(ada), 'writer-missing'],
  ])('refuses %s', async (_, writers, text, reason) => {
    await expect(admitManifest(bucket(writers), text)).rejects.toMatchObject(refusal(reason));
  });

  it('refuses what is no manifest at all', async () => {
    await expect(admitManifest(bucket(keyring), 'a.b.c')).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('says so before an upload begins when nobody could sign it', () => {
    expect(() => requireSomeWriter(bucket(undefined))).toThrow(expect.objectContaining(refusal('keyring-missing')));
    expect(() => requireSomeWriter(bucket(keyring))).not.toThrow();
  });
});

it('other buckets judge no signature', async () => {
  const text = manifestBy(eve);
  await expect(admitManifest(bucket(keyring, null), text)).resolves.toMatchObject({ text });
  await expect(admitManifest(bucket(undefined, null), undefined)).resolves.toMatchObject({ text: undefined });
  expect(() => requireSomeWriter(bucket(undefined, null))).not.toThrow();
});
