import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createHttpServer, defaultHttpLimits, type HttpServer } from './http-server.ts';

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close(0);
});

/** Answers with the body it got, once that is whole and a moment has passed. */
async function start(): Promise<number> {
  server = createHttpServer(
    {
      async handle(request, response) {
        const body: Buffer[] = [];
        try {
          for await (const chunk of request as AsyncIterable<Buffer>) body.push(chunk);
        } catch {
          response.destroy();
          return;
        }
        await new Promise((resolve) => setImmediate(resolve));
        response.setHeader('content-length', Buffer.concat(body).length);
        response.end(Buffer.concat(body));
      },
      malformed: () => 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n',
    },
    { limits: defaultHttpLimits },
  );
  return await server.listen({ host: '127.0.0.1', port: 0 });
}

/** Everything that comes back until the server closes the connection. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

const HEAD = 'PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n';

test('a body longer than it said: the request is answered, then the connection goes', async () => {
  const text = await exchange(await start(), `${HEAD}bar`);
  expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(text).toMatch(/\r\n\r\nba$/);
});

test('no HTTP at all, and nonsense in the middle of a body, are answered as malformed', async () => {
  const port = await start();
  expect(await exchange(port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
  const chunked = 'PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n';
  expect(await exchange(port, chunked)).toMatch(/^HTTP\/1\.1 400/);
});

test('nonsense in the middle of a body puts nothing into an answer that has begun', async () => {
  server = createHttpServer(
    {
      async handle(request, response) {
        response.writeHead(200, { 'content-length': 100 });
        response.write('half');
        request.on('error', () => undefined).resume();
        await new Promise((resolve) => request.once('close', resolve));
      },
      malformed: () => 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n',
    },
    { limits: defaultHttpLimits },
  );
  const socket = connect(await server.listen({ host: '127.0.0.1', port: 0 }), '127.0.0.1');
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    if (text === '') socket.write('zz\r\n');
    text += chunk.toString();
  });
  socket.write('PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n');
  await once(socket, 'close');
  expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(text).not.toContain('400');
});
