import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@sealgate/core/ports';
import { createEndpointGuard } from '@sealgate/runtime/net';
import { createVirtualClock } from '@sealgate/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { checkIssuer, createProviderDocuments, type ProviderDocuments } from './provider-documents.ts';

const loopback = createEndpointGuard({ privateRanges: true, cidrs: [] });
const strict = createEndpointGuard({ privateRanges: false, cidrs: [] });
const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'a' };

describe('documents of identity providers', () => {
  const servers: Server[] = [];
  const opened: ProviderDocuments[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((documents) => documents.close()));
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function listen(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function open(guard = loopback, clock: typeof systemClock = systemClock): ProviderDocuments {
    const documents = createProviderDocuments({ guard, clock });
    opened.push(documents);
    return documents;
  }

  /** A provider that answers discovery with `configuration` and everything else with `keys`. */
  async function provider(answers: {
    readonly configuration?: (base: string) => object;
    readonly keys?: RequestListener;
  }): Promise<string> {
    const base: string = await listen((request, response) => {
      if (request.url === '/realm/.well-known/openid-configuration') {
        const usual = { issuer: `${base}/realm`, jwks_uri: `${base}/keys` };
        response.end(JSON.stringify({ ...usual, ...answers.configuration?.(base) }));
      } else if (answers.keys === undefined) response.end(JSON.stringify({ keys: [jwk, { kty: 'oct', k: 'AA' }, 7] }));
      else answers.keys(request, response);
    });
    return `${base}/realm`;
  }

  it('are found by discovery; only public keys count', async () => {
    expect(await open().keys(await provider({}))).toEqual({ keys: [jwk] });
  });

  it.each<[string, Parameters<typeof provider>[0]]>([
    ['another issuer', { configuration: (base) => ({ issuer: `${base}/other` }) }],
    ['no place of keys', { configuration: () => ({ jwks_uri: 7 }) }],
    ['a place that is no web address', { configuration: () => ({ jwks_uri: 'file:///etc/passwd' }) }],
    ['no keys', { keys: (_request, response) => response.end('{"keys": {}}') }],
    ['no JSON', { keys: (_request, response) => response.end('<html>') }],
    ['null', { keys: (_request, response) => response.end('null') }],
    ['an error', { keys: (_request, response) => response.writeHead(500).end('{"keys": []}') }],
    ['a redirect', { keys: (_request, response) => response.writeHead(302, { location: '/realm' }).end() }],
    ['a broken answer', { keys: (_request, response) => response.destroy() }],
    [
      'an endless answer',
      {
        keys: (_request, response) => {
          const more = (): void => {
            while (!response.destroyed && response.write(' '.repeat(65_536)));
            if (!response.destroyed) response.once('drain', more);
          };
          more();
        },
      },
    ],
  ])('are not taken from %s', async (_what, answers) => {
    await expect(open().keys(await provider(answers))).rejects.toMatchObject({ code: 'IdentityProviderUnavailable' });
  });

  it('are given up when the provider stalls', async () => {
    const clock = createVirtualClock();
    let stalled = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    const issuer = await provider({ keys: () => stalled() });
    const outcome = open(loopback, clock).keys(issuer);
    const refused = expect(outcome).rejects.toMatchObject({ code: 'IdentityProviderUnavailable', message: /in time/ });
    await asked;
    await clock.advance(5_000);
    await refused;
    expect(clock.pendingTimers).toBe(0);
  });

  it('are not fetched from where only the gateway can reach', async () => {
    const inside = await listen((_request, response) => response.end('{}'));
    await expect(open(strict).keys(inside)).rejects.toMatchObject({ code: 'IdentityProviderUnavailable' });
    const issuer = await provider({ configuration: () => ({ jwks_uri: 'http://169.254.169.254/latest/meta-data' }) });
    await expect(open().keys(issuer)).rejects.toMatchObject({ code: 'IdentityProviderUnavailable' });
  });
});

describe('issuers', () => {
  it.each([
    ['not a URL', 'token.example'],
    ['another scheme', 'ftp://token.example'],
    ['a query', 'https://token.example/?a=b'],
    ['a fragment', 'https://token.example/#a'],
    ['credentials', 'https://me@token.example'],
    ['blanks', 'https://token.example/a b'],
  ])('refuse %s', async (_what, issuer) => {
    await expect(checkIssuer(issuer, loopback)).rejects.toMatchObject({ code: 'ValidationFailed' });
  });

  it('must be where the gateway may go', async () => {
    await checkIssuer('http://127.0.0.1:8080/realm', loopback);
    await expect(checkIssuer('http://127.0.0.1:8080/realm', strict)).rejects.toMatchObject({ code: 'EndpointRefused' });
    await expect(checkIssuer('http://192.0.2.1/', loopback)).rejects.toMatchObject({ code: 'EndpointRefused' });
  });
});
