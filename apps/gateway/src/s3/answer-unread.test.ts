import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { answerUnread } from './answer-unread.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that refuses everything by its head alone; resolves with a connection to it. */
async function refusing(): Promise<Socket> {
  server = createServer((request, response) => {
    response.setHeader('content-length', 2);
    answerUnread(request, response, { status: 400, body: 'no' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return connect((server.address() as AddressInfo).port, '127.0.0.1');
}

const head = (bytes: number): string => `PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`;

test('a client that goes on sending gets the answer, and its connection is not broken under it', async () => {
  const socket = await refusing();
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  socket.write(head(600_000));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\nno$/s);
  for (let sent = 0; sent < 600_000; sent += 100_000) {
    await new Promise<void>((resolve) => void socket.write(Buffer.alloc(100_000), () => resolve()));
  }
  await once(socket, 'end');
  expect(errors).toEqual([]);
});

test('a client that sends without end is cut off', async () => {
  const socket = await refusing();
  socket.on('error', () => undefined);
  socket.write(head(1_000_000_000));
  await once(socket, 'data');
  const closed = new Promise((resolve) => void socket.once('close', resolve));
  const flood = (): void => {
    if (socket.writable) socket.write(Buffer.alloc(256 * 1024), flood);
  };
  flood();
  await closed;
  expect(socket.bytesWritten).toBeLessThan(100_000_000);
});
