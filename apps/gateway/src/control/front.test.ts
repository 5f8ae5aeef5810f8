import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createFront, isAmidAnswer } from './front.ts';

test('a connection is amid an answer from its first byte to its last', async () => {
  const objects = { owns: () => false, serve: () => Promise.resolve() };
  const front = createFront(
    (request, response) => {
      request.on('error', () => undefined).resume();
      response.writeHead(200, { 'content-length': 2 }).write('a');
      if (request.url === '/whole') response.end('b');
    },
    { objects, late: (socket) => socket.destroy() },
  );
  const found: boolean[] = [];
  front.on('clientError', (_error: Error, socket: Socket) => {
    found.push(isAmidAnswer(socket));
    socket.destroy();
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const { port } = front.address() as AddressInfo;
  for (const request of ['nonsense\r\n\r\n', ...['/whole', '/half'].map(unfinished)]) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).on('data', () => socket.write('zz\r\n'));
    socket.write(request);
    await once(socket, 'close');
  }
  front.close();
  expect(found).toEqual([false, false, true]);
});

/** A request whose body goes on when its answer has begun. */
const unfinished = (path: string): string =>
  `PUT ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n`;
