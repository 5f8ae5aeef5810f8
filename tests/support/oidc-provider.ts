// A real OpenID Connect provider on loopback: people sign in with a client's own credentials and get JWT access tokens.
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type JWK } from 'oidc-provider';

export interface RealProvider {
  readonly issuer: string;
  readonly audience: string;
  /** A token of one of the clients, as its token endpoint gives it. */
  token(client: string): Promise<string>;
  close(): Promise<void>;
}

const AUDIENCE = 'urn:sealgate:control';

/** @param clients what is said of each in the claim `groups`, and in `org` */
export async function startRealProvider(
  clients: Readonly<Record<string, { readonly groups: readonly string[]; readonly org?: string }>>,
): Promise<RealProvider> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signing: JWK = { ...(privateKey.export({ format: 'jwk' }) as JWK), use: 'sig', alg: 'RS256', kid: 'first' };
  const provider = new Provider(issuer, {
    jwks: { keys: [signing] },
    clients: Object.keys(clients).map((client) => ({
      client_id: client,
      client_secret: `secret of ${client}`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'control', audience: AUDIENCE, accessTokenFormat: 'jwt' }),
      },
    },
    extraTokenClaims: (_context, { clientId = '' }) => ({ ...clients[clientId] }),
  });
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return {
    issuer,
    audience: AUDIENCE,
    async token(client) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(`secret of ${client}`)}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: AUDIENCE, scope: 'control' }),
      });
      const body = (await response.json()) as { access_token?: string };
      if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
      return body.access_token;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
