import { Fault } from '@sealgate/core/faults';
import { createVirtualClock, type VirtualClock } from '@sealgate/testkit';
import fc from 'fast-check';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeySets } from './key-sets.ts';
import { createWebIdentityVerifier, type VerifyWebIdentity } from './web-identity.ts';

const ISSUER = 'https://token.example/tenant';
const provider = { name: 'ci', issuer: ISSUER, audiences: ['sts.amazonaws.com', 'backup'], grants: [], createdAtMs: 0 };

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function newKey(kid: string, alg: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

describe('web identities', () => {
  let [first, second, stranger]: SigningKey[] = [];
  let clock: VirtualClock;
  let published: JWK[];
  let asked: number;
  let outage: Fault | undefined;
  let verify: VerifyWebIdentity;

  beforeAll(async () => {
    [first, second, stranger] = await Promise.all([
      newKey('one', 'ES256'),
      newKey('two', 'EdDSA'),
      newKey('one', 'ES256'),
    ]);
  });

  beforeEach(() => {
    clock = createVirtualClock();
    published = [key('first').jwk];
    asked = 0;
    outage = undefined;
    const documents = {
      async keys() {
        await Promise.resolve();
        asked += 1;
        if (outage !== undefined) throw outage;
        return { keys: published };
      },
    };
    verify = createWebIdentityVerifier({
      metadata: { oidcProviderByIssuer: async (issuer) => (issuer === ISSUER ? provider : undefined) },
      keySets: createKeySets({ documents, clock }),
      clock,
    });
  });

  function key(which: 'first' | 'second' | 'stranger'): SigningKey {
    const found = { first, second, stranger }[which];
    if (found === undefined) throw new Error('no key');
    return found;
  }

  interface TokenParts {
    readonly key?: 'first' | 'second' | 'stranger';
    readonly kid?: string | undefined;
    readonly claims?: Record<string, unknown>;
  }

  const seconds = () => Math.floor(clock.now() / 1000);

  async function token({ key: which = 'first', claims = {}, ...header }: TokenParts = {}): Promise<string> {
    const { kid, alg, privateKey } = key(which);
    const all = { iss: ISSUER, sub: 'repo:acme/site', aud: 'backup', iat: seconds(), exp: seconds() + 300, ...claims };
    const payload = Object.fromEntries(Object.entries<unknown>(all).filter(([, value]) => value !== undefined));
    const named = 'kid' in header ? header.kid : kid;
    return new SignJWT(payload)
      .setProtectedHeader({ alg, ...(named === undefined ? {} : { kid: named }) })
      .sign(privateKey);
  }

  const refusal = async (jwt: string): Promise<[string, string]> => {
    const error: unknown = await verify(jwt).catch((thrown: unknown) => thrown);
    if (error instanceof Fault) return [error.code, error.message];
    throw new Error(`not refused with a Fault: ${String(error)}`);
  };

  it('gives what the token says', async () => {
    const claims = { aud: ['elsewhere', 'backup'], groups: ['ops'] };
    expect(await verify(await token({ claims }))).toEqual({
      issuer: ISSUER,
      subject: 'repo:acme/site',
      audiences: ['backup'],
      claims: expect.objectContaining(claims) as unknown,
    });
  });

  it.each<[string, string, TokenParts]>([
    ['a forged signature', 'InvalidIdentityToken', { key: 'stranger' }],
    ['another audience', 'InvalidIdentityToken', { claims: { aud: 'elsewhere' } }],
    ['no audience', 'InvalidIdentityToken', { claims: { aud: undefined } }],
    ['another issuer', 'InvalidIdentityToken', { claims: { iss: 'https://other.example' } }],
    ['an issuer with a slash more', 'InvalidIdentityToken', { claims: { iss: `${ISSUER}/` } }],
    ['no issuer', 'InvalidIdentityToken', { claims: { iss: undefined } }],
    ['no subject', 'InvalidIdentityToken', { claims: { sub: undefined } }],
    ['an empty subject', 'InvalidIdentityToken', { claims: { sub: '' } }],
    ['no end', 'InvalidIdentityToken', { claims: { exp: undefined } }],
    ['no beginning', 'InvalidIdentityToken', { claims: { iat: undefined } }],
    ['an unknown key', 'InvalidIdentityToken', { kid: 'three' }],
  ])('refuses %s', async (_what, code, parts) => {
    expect((await refusal(await token(parts)))[0]).toBe(code);
  });

  it('refuses a token from the future, but for the leeway of clocks', async () => {
    const soon = await token({ claims: { iat: seconds() + 59, nbf: seconds() + 59 } });
    expect(await verify(soon)).toMatchObject({ subject: 'repo:acme/site' });
    for (const claims of [{ iat: seconds() + 90 }, { nbf: seconds() + 90 }]) {
      expect((await refusal(await token({ claims })))[0]).toBe('InvalidIdentityToken');
    }
  });

  it('refuses a token that is replayed after its end', async () => {
    const jwt = await token();
    await clock.advance(300_000 + 59_000);
    expect(await verify(jwt)).toMatchObject({ issuer: ISSUER });
    await clock.advance(2_000);
    expect((await refusal(jwt))[0]).toBe('ExpiredIdentityToken');
  });

  it('refuses tokens without a signature and with a shared secret', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = encode({ iss: ISSUER, sub: 'x', aud: 'backup', iat: seconds(), exp: seconds() + 300 });
    for (const alg of ['none', 'None', '']) {
      expect((await refusal(`${encode({ alg, kid: 'one' })}.${payload}.`))[0]).toBe('InvalidIdentityToken');
    }
    const secret = Buffer.from(JSON.stringify(key('first').jwk));
    const hmac = await new SignJWT({ iss: ISSUER, sub: 'x', aud: 'backup', iat: seconds(), exp: seconds() + 300 })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(secret);
    expect(await refusal(hmac)).toEqual(['InvalidIdentityToken', expect.stringContaining('RS256')]);
  });

  it('says nothing of the token in its messages', async () => {
    const [, message] = await refusal(await token({ claims: { iss: 'https://secret-issuer.example' } }));
    expect(message).not.toContain('secret');
  });

  it('asks for the keys once, and again when they are old', async () => {
    const work = await Promise.all([token(), token(), token()]);
    await Promise.all(work.map((jwt) => verify(jwt)));
    expect(asked).toBe(1);
    await clock.advance(10 * 60_000);
    await verify(await token());
    expect(asked).toBe(2);
  });

  it('finds a key that the provider changed to, and is not made to ask by unknown ones', async () => {
    await verify(await token());
    published = [key('first').jwk, key('second').jwk];
    expect((await refusal(await token({ key: 'second' })))[0]).toBe('InvalidIdentityToken');
    await clock.advance(30_000);
    expect(await verify(await token({ key: 'second' }))).toMatchObject({ issuer: ISSUER });
    for (let i = 0; i < 10; i += 1) await refusal(await token({ kid: `unknown-${i}` }));
    expect(asked).toBe(2);
  });

  it('takes a token that names no key', async () => {
    published = [key('stranger').jwk, key('first').jwk, key('second').jwk].map(({ kid: _, ...jwk }) => jwk);
    expect(await verify(await token({ kid: undefined }))).toMatchObject({ issuer: ISSUER });
    expect(await verify(await token({ kid: undefined, key: 'second' }))).toMatchObject({ issuer: ISSUER });
  });

  it('goes on with the keys it knows while the provider is away, for an hour', async () => {
    await verify(await token());
    outage = new Fault('IdentityProviderUnavailable', 'It did not answer in time.');
    await clock.advance(59 * 60_000);
    expect(await verify(await token())).toMatchObject({ issuer: ISSUER });
    await clock.advance(2 * 60_000);
    expect((await refusal(await token()))[0]).toBe('IdentityProviderUnavailable');
  });

  it('leaves a provider alone after a failure', async () => {
    outage = new Fault('IdentityProviderUnavailable', 'It did not answer in time.');
    for (let i = 0; i < 5; i += 1) expect((await refusal(await token()))[0]).toBe('IdentityProviderUnavailable');
    expect(asked).toBe(1);
    outage = undefined;
    await clock.advance(10_000);
    expect(await verify(await token())).toMatchObject({ issuer: ISSUER });
  });

  it('refuses anything that is no token, in known ways only', async () => {
    const genuine = await token();
    const piece = fc.oneof(fc.string(), fc.constantFrom(...genuine.split('.'), 'e30', '.', 'eyJhbGciOiJub25lIn0'));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
        const jwt = pieces.join('.');
        if (jwt === genuine) return;
        expect((await refusal(jwt))[0]).toBe('InvalidIdentityToken');
      }),
    );
  });

  it('refuses a token whose bits were changed', async () => {
    const genuine = await token();
    await fc.assert(
      fc.asyncProperty(fc.nat(genuine.length - 1), fc.constantFrom('A', 'B', '_', '.'), async (at, letter) => {
        const jwt = `${genuine.slice(0, at)}${letter}${genuine.slice(at + 1)}`;
        // The last letter of a base64url text has bits that no byte takes.
        if (jwt === genuine || at === genuine.length - 1) return;
        expect((await refusal(jwt))[0]).toBe('InvalidIdentityToken');
      }),
    );
  });
});
