import { getEventListeners, once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Agent } from 'undici';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exchange, exchangeWhole, type HttpRequest } from './exchange.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000 });

let server: Server;
let agent: Agent;
let answer: RequestListener;

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  server.closeAllConnections();
  server.close();
});

const asked = (signal: AbortSignal = new AbortController().signal): HttpRequest => ({
  origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  method: 'GET',
  target: '/',
  headers: {},
  signal,
});
const whole = (request = asked()) => exchangeWhole(agent, request, { answerBytesMax: 100 });
const sends =
  (status: number, ...chunks: readonly string[]): RequestListener =>
  (_, response) => {
    response.writeHead(status, { etag: '"x"' });
    for (const chunk of chunks) response.write(chunk);
    response.end();
  };
/** Announces more than it sends, and hangs up. */
const breaksOff =
  (status: number): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-length': 50 });
    response.write('half', () => response.destroy());
  };

it('an answer has all of its body', async () => {
  answer = sends(200, 'one', 'two');
  expect(await whole()).toMatchObject({ status: 200, headers: { etag: '"x"' }, body: Buffer.from('onetwo') });
  answer = sends(204);
  expect(await whole()).toMatchObject({ status: 204, body: Buffer.alloc(0) });
});

it('an answer that breaks off is none, and a refusal is one all the same', async () => {
  answer = breaksOff(200);
  await expect(whole()).rejects.toMatchObject({ code: 'BackendUnreachable' });
  answer = breaksOff(404);
  expect(await whole()).toMatchObject({ status: 404 });
});

it('an answer that is too long is none, and a refusal is one all the same', async () => {
  answer = sends(200, 'x'.repeat(60), 'y'.repeat(60));
  await expect(whole()).rejects.toMatchObject({ code: 'BackendRefused' });
  answer = sends(503, 'x'.repeat(101));
  expect(await whole()).toMatchObject({ status: 503 });
});

it('an abort ends both kinds with its reason, before and after the headers', async () => {
  const reason = new Error('enough');
  const never: RequestListener = () => undefined;
  const stalls: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': 50 });
    response.write('half');
  };
  for (const handler of [never, stalls]) {
    answer = (request, response) => {
      handler(request, response);
      // The headers reach the client, or not.
      setImmediate(() => stop.abort(reason));
    };
    let stop = new AbortController();
    await expect(whole(asked(stop.signal))).rejects.toBe(reason);
    stop = new AbortController();
    const streamed = exchange(agent, asked(stop.signal), { readAheadBytes: 10 }).then(({ body }) => buffer(body));
    await expect(streamed).rejects.toBe(reason);
  }
  const over = AbortSignal.abort(reason);
  await expect(whole(asked(over))).rejects.toBe(reason);
});

it('an answer that was read leaves nothing behind on its signal', async () => {
  const { signal } = new AbortController();
  answer = sends(200, 'one');
  await whole(asked(signal));
  const { body } = await exchange(agent, asked(signal), { readAheadBytes: 10 });
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  const closed = once(body, 'close');
  expect(await buffer(body)).toEqual(Buffer.from('one'));
  await closed;
  answer = breaksOff(200);
  await expect(whole(asked(signal))).rejects.toMatchObject({ code: 'BackendUnreachable' });
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
