import {
  base64url,
  CompactEncrypt,
  CompactSign,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
} from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  agentKeyId,
  GRANT_SECONDS_MAX,
  type Grant,
  GrantRefused,
  openGrant,
  type SealGrant,
  sealGrant,
} from './grant.ts';

const job = '5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21';
const nowMs = 1_790_000_000_000;
const terms = {
  ak: 'AK-granted',
  sk: 'the secret that nobody on the way may read',
  endpoint: 'https://objects.example.fi',
  bucket: 's3gw-1de9ccab01fafe81-vault',
  region: 'fi-1',
  backend: 'vault',
  job,
};
const utf8 = (text: string) => new TextEncoder().encode(text);
const raw = ({ x = '' }: JWK) => base64url.decode(x);

const keys: Record<'owner' | 'stranger' | 'agent' | 'other', JWK> = { owner: {}, stranger: {}, agent: {}, other: {} };
beforeAll(async () => {
  for (const [name, alg, crv] of [
    ['owner', 'EdDSA', 'Ed25519'],
    ['stranger', 'EdDSA', 'Ed25519'],
    ['agent', 'ECDH-ES', 'X25519'],
    ['other', 'ECDH-ES', 'X25519'],
  ] as const) {
    keys[name] = await exportJWK((await generateKeyPair(alg, { crv, extractable: true })).privateKey);
  }
});

const seal = (change: Partial<SealGrant> = {}) =>
  sealGrant({ terms, tenant: 'acme', seconds: 600, nowMs, signer: keys.owner, agentKey: raw(keys.agent), ...change });
function open(sealed: string, change: Partial<Parameters<typeof openGrant>[1]> = {}) {
  const used = new Set<string>();
  const useOnce = (jti: string) => Promise.resolve(!used.has(jti) && used.add(jti).size > 0);
  return openGrant(sealed, { job, agentKey: keys.agent, signers: [raw(keys.owner)], nowMs, useOnce, ...change });
}
const problem = async (opening: Promise<Grant>) =>
  await opening.then(
    () => 'opened',
    (error: unknown) => (error instanceof GrantRefused ? error.problem : String(error)),
  );
/** Sealed to whom one likes, as who carries a grant can do with anything but the signature. */
async function sealAgain(signed: string, to: JWK, header: Record<string, unknown> = {}, forJob = job): Promise<string> {
  const kid = await agentKeyId(raw(to));
  const { importJWK } = await import('jose');
  return await new CompactEncrypt(utf8(signed))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', typ: 'sealgate-grant+jwe', kid, ...header })
    .setKeyManagementParameters({ apu: utf8('acme'), apv: utf8(forJob) })
    .encrypt(await importJWK({ kty: 'OKP', crv: 'X25519', x: to.x } as JWK, 'ECDH-ES'));
}
async function sign(grant: object, by: JWK): Promise<string> {
  const { importJWK } = await import('jose');
  return await new CompactSign(utf8(JSON.stringify(grant)))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'sealgate-grant+jwt', kid: await calculateJwkThumbprint(by) })
    .sign(await importJWK(by, 'EdDSA'));
}
const claims = async (change: Partial<Grant> = {}): Promise<Grant> => ({
  ...terms,
  agentKid: await agentKeyId(raw(keys.agent)),
  jti: 'once',
  iat: nowMs / 1000,
  exp: nowMs / 1000 + 600,
  ...change,
});

describe('a grant', () => {
  test('comes to its agent as it was made, and shows nothing on its way', async () => {
    const sealed = await seal({ terms: { ...terms, st: 'token' } });
    expect(sealed).not.toContain(base64url.encode(utf8(terms.sk)).slice(0, 20));
    const grant = await open(sealed);
    expect(grant).toMatchObject({ ...terms, st: 'token', iat: nowMs / 1000, exp: nowMs / 1000 + 600 });
  });

  test('is good once', async () => {
    const sealed = await seal();
    const used = new Set<string>();
    const useOnce = (jti: string) => Promise.resolve(!used.has(jti) && used.add(jti).size > 0);
    expect(await problem(open(sealed, { useOnce }))).toBe('opened');
    expect(await problem(open(sealed, { useOnce }))).toBe('used');
  });

  test('is for one agent, also when that one passes it on', async () => {
    expect(await problem(open(await seal(), { agentKey: keys.other }))).toBe('other-agent');
    const forwarded = await sealAgain(await sign(await claims(), keys.owner), keys.other, {
      jti: 'once',
      exp: nowMs / 1000 + 600,
    });
    expect(await problem(open(forwarded, { agentKey: keys.other }))).toBe('other-agent');
  });

  test('is for one job, whatever is said on the outside', async () => {
    const other = '00000000-0000-4000-8000-000000000000';
    expect(await problem(open(await seal(), { job: other }))).toBe('other-job');
    const inside = await sealAgain(await sign(await claims({ job: other }), keys.owner), keys.agent, {
      jti: 'once',
      exp: nowMs / 1000 + 600,
    });
    expect(await problem(open(inside))).toBe('other-job');
    const times = { jti: 'once', exp: nowMs / 1000 + 600 };
    const outside = await sealAgain(await sign(await claims(), keys.owner), keys.agent, times, other);
    expect(await problem(open(outside))).toBe('other-job');
  });

  test('ends, and is never good for long', async () => {
    const sealed = await seal();
    expect(await problem(open(sealed, { nowMs: nowMs + 599_000 }))).toBe('opened');
    expect(await problem(open(sealed, { nowMs: nowMs + 600_000 }))).toBe('expired');
    await expect(seal({ seconds: GRANT_SECONDS_MAX + 1 })).rejects.toThrow(RangeError);
    const long = await claims({ exp: nowMs / 1000 + GRANT_SECONDS_MAX + 1 });
    expect(
      await problem(open(await sealAgain(await sign(long, keys.owner), keys.agent, { jti: 'once', exp: long.exp }))),
    ).toBe('expired');
    const ahead = await claims({ iat: nowMs / 1000 + 3600, exp: nowMs / 1000 + 3700 });
    expect(
      await problem(open(await sealAgain(await sign(ahead, keys.owner), keys.agent, { jti: 'once', exp: ahead.exp }))),
    ).toBe('expired');
  });

  test('is signed by somebody whom the agent knows', async () => {
    expect(await problem(open(await seal({ signer: keys.stranger })))).toBe('unknown-signer');
    expect(await problem(open(await seal(), { signers: [] }))).toBe('unknown-signer');
    expect(await problem(open(await sealAgain(JSON.stringify(await claims()), keys.agent)))).toBe('unknown-signer');
    // A stranger who says that he is the owner.
    const { importJWK } = await import('jose');
    const posing = await new CompactSign(utf8(JSON.stringify(await claims())))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'sealgate-grant+jwt', kid: await calculateJwkThumbprint(keys.owner) })
      .sign(await importJWK(keys.stranger, 'EdDSA'));
    expect(await problem(open(await sealAgain(posing, keys.agent)))).toBe('tampered');
    const bare = `${base64url.encode(utf8('{"alg":"none","typ":"sealgate-grant+jwt"}'))}.${base64url.encode(utf8(JSON.stringify(await claims())))}.`;
    expect(await problem(open(await sealAgain(bare, keys.agent)))).toBe('unknown-signer');
  });

  test('is refused when any part of it was altered', async () => {
    const sealed = await seal();
    const parts = sealed.split('.');
    for (const [index, part] of parts.entries()) {
      if (part === '') continue;
      const at = Math.floor(part.length / 2);
      const flipped = part.slice(0, at) + (part[at] === 'A' ? 'B' : 'A') + part.slice(at + 1);
      expect(await problem(open(parts.with(index, flipped).join('.'))), `part ${index}`).not.toBe('opened');
    }
    const relabelled = await sealAgain(await sign(await claims(), keys.owner), keys.agent, {
      jti: 'another',
      exp: nowMs / 1000 + 600,
    });
    expect(await problem(open(relabelled))).toBe('tampered');
  });

  test.each(['', 'x', 'a.b.c.d.e', 'x'.repeat(100_000), '....'])('is not anything else', async (text) => {
    expect(await problem(open(text))).toBe('malformed');
  });

  test.each([{ sk: '' }, { ak: 'x'.repeat(300) }, { exp: 1.5 }, { jti: undefined }])(
    'has all its parts: %j',
    async (change) => {
      const grant = { ...(await claims()), ...change };
      expect(
        await problem(
          open(await sealAgain(await sign(grant, keys.owner), keys.agent, { jti: grant.jti, exp: grant.exp })),
        ),
      ).toBe('malformed');
    },
  );
});
