// S3 servers in one process, as cheap as they can be made while the gateway's S3 driver and its capability probe are
// content: bodies that are the bench's payload are kept as their length alone. What is no payload (shards) is hashed when
// that is asked for, and can then be written and not read.
import { createHash, hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from '../support/helper.ts';
import { payload, payloadMd5, wholePayload } from '../support/payload.ts';

export interface UpstreamOrder {
  readonly servers: number;
  /** The ETag of a large body is its own MD5, not the payload's. */
  readonly hashed: boolean;
}

/** Bodies up to this size are looked at; what the probe sends is smaller, and larger ones are always payload. */
const LOOKED_AT_BYTES = 8 * 1024 * 1024;

interface Stored {
  readonly length: number;
  readonly md5: string;
  /** Undefined: the payload of this length. */
  readonly bytes?: Buffer;
}

function createStore({ hashed }: UpstreamOrder): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const objects = new Map<string, Stored>();
  return async (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '/';
    const isObject = path.indexOf('/', 1) > 0 && !path.endsWith('/');
    if (!isObject) await onBucket(path, request, response, objects);
    else if (request.method === 'PUT') await put({ objects, hashed }, path, request, response);
    else if (request.method === 'DELETE') {
      objects.delete(path);
      empty(response, 204);
    } else await get(objects.get(path), request, response);
  };
}

/** Every bucket is there and ours, but for the one that pings ask for. */
async function onBucket(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  objects: ReadonlyMap<string, Stored>,
): Promise<void> {
  request.resume();
  await once(request, 'end');
  if (request.method === 'GET' && request.url?.includes('list-type=2')) list(path, objects, response);
  else if (request.method === 'HEAD') empty(response, 404);
  else if (request.method === 'PUT' && !request.url?.includes('?')) empty(response, 200);
  else if (request.method === 'DELETE') empty(response, 204);
  else refuse(response, 501, 'NotImplemented');
}

function list(path: string, objects: ReadonlyMap<string, Stored>, response: ServerResponse): void {
  const prefix = `${path.replace(/\/$/, '')}/`;
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).slice(0, 1000);
  const contents = keys.map((key) => `<Contents><Key>${key.slice(prefix.length)}</Key><Size>1</Size></Contents>`);
  const xml = `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) }).end(xml);
}

async function put(
  { objects, hashed }: { readonly objects: Map<string, Stored>; readonly hashed: boolean },
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const streaming = String(request.headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING');
  if (streaming || request.url?.includes('?uploads') === true || request.url?.includes('legal-hold') === true) {
    request.resume();
    await once(request, 'end');
    refuse(response, 501, 'NotImplemented');
    return;
  }
  const length = Number(request.headers['content-length']);
  const stored = length <= LOOKED_AT_BYTES ? await collect(request, length) : await count(request, length, hashed);
  if (stored === undefined) {
    refuse(response, 400, 'IncompleteBody');
    return;
  }
  objects.set(path, stored);
  response.writeHead(200, { etag: `"${stored.md5}"`, 'content-length': 0 }).end();
}

async function collect(request: IncomingMessage, length: number): Promise<Stored | undefined> {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(request, 'end');
  const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  if (bytes.length !== length) return undefined;
  if (bytes.equals(wholePayload(length))) return { length, md5: payloadMd5(length) };
  return { length, md5: hash('md5', bytes, 'hex'), bytes };
}

async function count(request: IncomingMessage, length: number, hashed: boolean): Promise<Stored | undefined> {
  let got = 0;
  const md5 = hashed ? createHash('md5') : undefined;
  request.on('data', (chunk: Buffer) => {
    got += chunk.length;
    md5?.update(chunk);
  });
  await once(request, 'end');
  return got === length ? { length, md5: md5?.digest('hex') ?? payloadMd5(length) } : undefined;
}

async function get(stored: Stored | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (stored === undefined) {
    refuse(response, 404, 'NoSuchKey');
    return;
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(Number(range?.[2] ?? stored.length - 1) + 1, stored.length);
  const headers: Record<string, string | number> = { etag: `"${stored.md5}"`, 'content-length': end - start };
  if (range !== null) headers['content-range'] = `bytes ${start}-${end - 1}/${stored.length}`;
  response.writeHead(range === null ? 200 : 206, headers);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  for (const piece of stored.bytes === undefined ? payload(start, end) : [stored.bytes.subarray(start, end)]) {
    if (!response.write(piece)) await drained(response);
    if (response.destroyed) return;
  }
  response.end();
}

/** Resolves when more can be written, or never will be. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

function empty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const xml = `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': xml.length }).end(xml);
}

async function open(order: UpstreamOrder): Promise<number> {
  const handle = createStore(order);
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

answerQuestions((order: UpstreamOrder) => Promise.all(Array.from({ length: order.servers }, () => open(order))));
