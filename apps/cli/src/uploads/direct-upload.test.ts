import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { type UploadTarget, uploadToAll } from './direct-upload.ts';

vi.setConfig({ testTimeout: 60_000 });

const CHUNK = Buffer.alloc(64 * 1024, 7);
/** More than what both ends of a connection buffer. */
const CHUNKS = 640;
const { signal } = new AbortController();

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function storage(
  backend: string,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<UploadTarget> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const headers = { 'content-length': String(CHUNK.length * CHUNKS) };
  return { backend, url: `http://127.0.0.1:${port}/x`, headers };
}

async function* body(): AsyncGenerator<Uint8Array> {
  for (let chunk = 0; chunk < CHUNKS; chunk++) yield await Promise.resolve(CHUNK);
}

it('leaves a target behind that takes nothing more, and none of those that wait for it', async () => {
  const whole = createHash('sha256');
  for (let chunk = 0; chunk < CHUNKS; chunk++) whole.update(CHUNK);
  const digest = whole.digest('hex');
  const good = (request: IncomingMessage, response: ServerResponse): void => {
    const hash = createHash('sha256');
    request.on('data', (data: Buffer) => hash.update(data));
    request.on('end', () => response.writeHead(200, { etag: `"${hash.digest('hex')}"` }).end());
  };
  const targets = [await storage('first', good), await storage('stuck', () => undefined), await storage('last', good)];
  const upload = uploadToAll(targets, body(), { signal, onBytes: () => undefined, stallMs: 2000 });
  const stored = { stored: true, etag: digest, reason: undefined };
  expect(await upload).toEqual({
    sha256: digest,
    outcomes: [
      { backend: 'first', ...stored },
      { backend: 'stuck', stored: false, etag: undefined, reason: 'it did not answer in time' },
      { backend: 'last', ...stored },
    ],
  });
});

it('leaves a target behind that never answers', async () => {
  const silent = await storage('silent', (request) => void request.resume());
  const { outcomes } = await uploadToAll([silent], body(), { signal, onBytes: () => undefined, stallMs: 500 });
  expect(outcomes).toMatchObject([{ stored: false, reason: 'it did not answer in time' }]);
});
