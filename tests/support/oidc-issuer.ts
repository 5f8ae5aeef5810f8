// A small OpenID Connect provider on loopback: discovery, keys, and tokens that say whatever a test wants.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface OidcIssuer {
  readonly issuer: string;
  /** A token for five minutes from now, signed with the published key; `claims` replace what it says. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** The same, signed by somebody else under the name of the published key. */
  forgedToken(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** From now on the keys are asked for in vain: the connection stays open and nothing comes. */
  stall(): void;
  close(): Promise<void>;
}

const AUDIENCE = 'sealgate';

export async function startOidcIssuer(): Promise<OidcIssuer> {
  const [ours, theirs] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  const jwk: JWK = { ...(await exportJWK(ours.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  let stalled = false;
  const server: Server = createServer((request, response) => {
    if (stalled) return;
    const known: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: [jwk] },
    };
    const document = known[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const sign = (key: CryptoKey, claims: Readonly<Record<string, unknown>>): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: issuer, sub: 'repo:acme/site', aud: AUDIENCE, iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(key);
  };

  return {
    issuer,
    token: (claims = {}) => sign(ours.privateKey, claims),
    forgedToken: (claims = {}) => sign(theirs.privateKey, claims),
    stall() {
      stalled = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
