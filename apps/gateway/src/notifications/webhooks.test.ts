import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Fault } from '@sealgate/core/faults';
import type { TenantId } from '@sealgate/core/names';
import { systemClock, type WebhookTarget } from '@sealgate/core/ports';
import { createEndpointGuard } from '@sealgate/runtime/net';
import { fakeClock, settle } from '@sealgate/runtime/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { WEBHOOK_TIMEOUT_MS } from './limits.ts';
import { isSigningSecret, newSigningSecret, signatureHeaders } from './signature.ts';
import { checkWebhookHeaders, checkWebhookUrl } from './webhook-facts.ts';
import { createWebhookSender } from './webhook-sender.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const here = createEndpointGuard({ privateRanges: true, cidrs: [] });
const nowhere = createEndpointGuard({ privateRanges: false, cidrs: [] });

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver on loopback. */
async function receiver(answer: (response: ServerResponse, received: Received) => void) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body };
      received.push(one);
      answer(response, one);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1` };
}

const target = (url: string, changes: Partial<WebhookTarget> = {}): WebhookTarget => ({
  id: 1,
  tenantId: 't' as TenantId,
  name: 'hook',
  url,
  secret: null,
  headers: {},
  ...changes,
});

function sender(
  guard: Parameters<typeof createWebhookSender>[0]['guard'] = here,
  clock: Parameters<typeof createWebhookSender>[0]['clock'] = systemClock,
) {
  const made = createWebhookSender({ guard, clock });
  closing.push(() => made.close());
  return made;
}

const message = { id: 'msg_1', body: '{"a":1}' };
const signal = new AbortController().signal;

describe('signatures', () => {
  it('are those of the specification', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const headers = signatureHeaders(secret, {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      body: '{"test": 2432232314}',
      atMs: 1_614_265_330_999,
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('need a key of the usual form, as is made here', () => {
    expect(isSigningSecret(newSigningSecret())).toBe(true);
    for (const secret of ['', 'whsec_', 'whsec_short', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whsec_${'!'.repeat(40)}`]) {
      expect(isSigningSecret(secret)).toBe(false);
    }
  });
});

describe('what may be registered', () => {
  it.each(['http://10.0.0.1/x', 'https://127.0.0.1/', 'https://169.254.169.254/latest'])('not %s', async (url) => {
    await expect(checkWebhookUrl(url, nowhere)).rejects.toThrow(code('EndpointRefused'));
  });

  it.each(['ftp://h/', 'h', 'https://u:p@h/', 'https://h/#x', `https://h/${'x'.repeat(2048)}`])(
    'not %.40s',
    async (url) => {
      await expect(checkWebhookUrl(url, here)).rejects.toThrow(code('ValidationFailed'));
    },
  );

  it('a path and a query, in their usual spelling', async () => {
    expect(await checkWebhookUrl('http://127.0.0.1:80/a b?c=d', here)).toBe('http://127.0.0.1/a%20b?c=d');
  });

  it('headers that are not ours and cannot end', () => {
    expect(checkWebhookHeaders({ 'X-Token': 'a b' })).toEqual({ 'x-token': 'a b' });
    for (const headers of [
      { host: 'x' },
      { 'Content-Length': '1' },
      { 'webhook-signature': 'x' },
      { 'x y': 'z' },
      { 'x-token': 'a\r\nb: c' },
      { 'x-token': 'ü' },
      Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`x-${i}`, ''])),
    ]) {
      expect(() => checkWebhookHeaders(headers)).toThrow(code('ValidationFailed'));
    }
  });
});

describe('sending', () => {
  it('posts the message with its headers, and tells the status', async () => {
    const { received, url } = await receiver((response) => response.writeHead(202).end('whatever'));
    const webhook = target(url, { secret: newSigningSecret(), headers: { authorization: 'Bearer t' } });
    expect(await sender().send(webhook, message, { signal })).toEqual({ status: 202 });
    expect(received).toMatchObject([
      {
        path: '/hook?x=1',
        body: message.body,
        headers: {
          authorization: 'Bearer t',
          'content-type': 'application/json',
          'webhook-id': 'msg_1',
          'webhook-signature': expect.stringMatching(/^v1,/) as string,
        },
      },
    ]);
  });

  it('follows nobody elsewhere, and hears how long to wait', async () => {
    const { url } = await receiver((response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
    expect(await sender().send(target(url), message, { signal })).toEqual({ status: 302 });
    const busy = await receiver((response) => response.writeHead(503, { 'retry-after': '7' }).end());
    expect(await sender().send(target(busy.url), message, { signal })).toEqual({ status: 503, retryAfterMs: 7000 });
  });

  it('does not read on what a receiver has to say', async () => {
    const { url } = await receiver((response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) {}
      };
      response.on('drain', more);
      more();
    });
    expect(await sender().send(target(url), message, { signal })).toEqual({ status: 200 });
  });

  it('looks at the address each time', async () => {
    const { received, url } = await receiver((response) => response.end());
    await expect(sender(nowhere).send(target(url), message, { signal })).rejects.toThrow(code('EndpointRefused'));
    // The name is fine when it is asked about, and another one's at the connection.
    const rebound = {
      check: () => Promise.resolve(),
      lookup: (_host: string, _options: object, callback: (error: Error | null, address: string) => void) =>
        callback(new Fault('EndpointRefused', 'forbidden'), ''),
    };
    const name = url.replace('127.0.0.1', 'localhost');
    await expect(sender(rebound).send(target(name), message, { signal })).rejects.toThrow(code('EndpointRefused'));
    expect(received).toEqual([]);
  });

  it('gives up on who does not answer', async () => {
    const clock = fakeClock();
    const { received, url } = await receiver(() => undefined);
    const sent = sender(here, { now: () => 0, schedule: (delayMs, run) => clock.schedule(delayMs, run) }).send(
      target(url),
      message,
      { signal },
    );
    const outcome = expect(sent).rejects.toThrow(code('BackendTimeout'));
    while (received.length === 0) await settle();
    clock.advance(WEBHOOK_TIMEOUT_MS);
    await outcome;
  });

  it('says when nobody is there', async () => {
    await expect(sender().send(target('http://127.0.0.1:1/'), message, { signal })).rejects.toThrow(
      code('BackendUnreachable'),
    );
  });
});
