import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault, toFault } from '@sealgate/core/faults';
import { type Clock, systemClock } from '@sealgate/core/ports';
import {
  collectHeaders,
  createSigningKeyCache,
  headerValue,
  parseAuthorization,
  splitTarget,
  toS3Error,
  type VerifiedRequest,
  verifySignature,
} from '@sealgate/s3';
import { createInterference, type Interference, type Trouble } from './interference.ts';
import { type FakeAnswer, type FakeRequest, type Missing, perform } from './operations.ts';
import { readBody } from './request-body.ts';
import type { FakeBucket } from './store.ts';

export interface FakeS3Options {
  readonly users: readonly { readonly accessKeyId: string; readonly secretAccessKey: string; readonly owner: string }[];
  readonly region: string;
  readonly clock?: Clock;
  /** What the server cannot do. */
  readonly missing?: readonly Missing[];
  /** A free one when absent. */
  readonly port?: number;
}

export interface FakeS3 {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  readonly buckets: Map<string, FakeBucket>;
  /** Makes requests go wrong. */
  readonly trouble: Interference;
  /** `METHOD /path?query` of every request, in order of arrival. */
  readonly requests: readonly string[];
  readonly openSockets: number;
  /** Bytes of bodies handed to sockets so far: how far a slow reader let the server run ahead. */
  readonly sentBytes: number;
  close(): Promise<void>;
}

const SEND_BYTES = 64 * 1024;

/**
 * A small S3 server on loopback that keeps everything in memory. It checks every signature, chunk signature and
 * checksum with the gateway's own parsers, and goes wrong when a test tells it to.
 */
export async function createFakeS3(options: FakeS3Options): Promise<FakeS3> {
  const { users, region, clock = systemClock } = options;
  const missing = new Set(options.missing);
  const buckets = new Map<string, FakeBucket>();
  const trouble = createInterference();
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const signingKeys = createSigningKeyCache();
  const sent = { bytes: 0 };
  let ids = 0;
  const state = { buckets, missing, nextId: () => `v${String((ids += 1)).padStart(8, '0')}` };

  const authenticate = (request: IncomingMessage): { owner: string; verified: VerifiedRequest } => {
    const { rawPath, rawQuery } = splitTarget(request.url ?? '');
    const signed = { method: request.method ?? '', rawPath, rawQuery, headers: collectHeaders(request.rawHeaders) };
    const authorization = parseAuthorization(signed);
    if (authorization.kind !== 'sigv4') throw new Fault('AccessDenied', 'Access Denied');
    const user = users.find(({ accessKeyId }) => accessKeyId === authorization.accessKeyId);
    const credential = user && { ...user, state: 'active' as const, expiresAtMs: null, sessionToken: null };
    const verified = verifySignature(signed, { authorization, credential, nowMs: clock.now(), region, signingKeys });
    return { owner: user?.owner ?? '', verified };
  };

  const answer = async (incoming: IncomingMessage, struck: Trouble | undefined): Promise<FakeAnswer> => {
    const { owner, verified } = authenticate(incoming);
    const headers = collectHeaders(incoming.rawHeaders);
    let seen = 0;
    const body = await readBody(incoming, {
      payload: verified.payload,
      headers,
      ignoreChecksums: missing.has('checksums'),
      ignoreChunkSignatures: missing.has('chunk-signatures'),
      onBytes: (bytes) => {
        seen += bytes;
        if (struck?.kind === 'reset-request' && seen >= struck.afterBytes) incoming.socket.resetAndDestroy();
      },
    });
    const { rawPath, rawQuery } = splitTarget(incoming.url ?? '');
    const [bucket = '', ...key] = rawPath.slice(1).split('/');
    const request: FakeRequest = {
      method: incoming.method ?? '',
      bucket,
      key: decodeURIComponent(key.join('/')),
      query: new URLSearchParams(rawQuery),
      header: (name) => headerValue(headers, name),
      owner,
      body: struck?.kind === 'corrupt' ? flipBit(body) : body,
      nowMs: clock.now(),
    };
    return struck?.kind === 'lie' ? { status: 200 } : perform(state, request);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const struck = trouble.strike(request);
    if (struck?.kind === 'stall-request') {
      request.pause();
      return;
    }
    if (struck?.kind === 'answer') {
      const body =
        request.method === 'HEAD' ? '' : `<Error><Code>${struck.code ?? ''}</Code><Message>As told.</Message></Error>`;
      response.writeHead(struck.status, struck.headers).end(body);
      return;
    }
    const result = await answer(request, struck).catch((error: unknown) => errorAnswer(toFault(error), request));
    if (struck?.kind === 'lose-answer') request.socket.resetAndDestroy();
    else if (struck?.kind !== 'stall-answer') await send(response, { result, struck, sent });
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    // A client that goes away midway is nothing that a server minds.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    void serve(request, response).catch((error: unknown) => response.destroy(toFault(error)));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    buckets,
    trouble,
    requests,
    get openSockets() {
      return sockets.size;
    },
    get sentBytes() {
      return sent.bytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function errorAnswer(fault: Fault, request: IncomingMessage): FakeAnswer {
  const context = { method: request.method ?? '', resource: '/', requestId: '1', hostId: 'fake' };
  return toS3Error(fault, context);
}

interface Sending {
  readonly result: FakeAnswer;
  readonly struck: Trouble | undefined;
  readonly sent: { bytes: number };
}

async function send(response: ServerResponse, { result, struck, sent }: Sending): Promise<void> {
  const body = Buffer.from(result.body ?? '');
  const headers = { ...result.headers, ...(struck?.kind === 'headers' ? struck.headers : {}) };
  response.writeHead(result.status, { 'content-length': String(body.length), ...headers });
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const breaks = struck?.kind === 'reset-answer' || struck?.kind === 'stop-answer';
  const end = breaks ? Math.min(struck.afterBytes, body.length) : body.length;
  for (let at = 0; at < end; at += SEND_BYTES) {
    const piece = body.subarray(at, Math.min(at + SEND_BYTES, end));
    sent.bytes += piece.length;
    if (!response.write(piece)) await drained(response);
    if (response.destroyed) return;
  }
  if (!breaks) response.end();
  else if (struck.kind === 'reset-answer') {
    // What was written must reach the socket before the reset overtakes it.
    await nextTurn();
    response.socket?.destroy();
  }
}

async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

function flipBit(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}
