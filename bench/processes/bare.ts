// The baselines. GET: node:http in, undici out, one upstream, nothing else. PUT: the same with one body piped to three
// upstreams, and one MD5. What a programmer would write first, with back-pressure and without checks.
// With duties it also does the least that the budgets' rows promise beyond that, as plainly as it can be done: SHA-256 of
// what passes, and after a PUT one durable transaction of two small rows; with a code also its shards, each with both digests
// in the place of the copies. What it loses by that, no gateway can win back.
import { createHash, type Hash, hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createErasureCodec } from '@sealgate/erasure';
import { Pool as DatabasePool, type PoolConfig } from 'pg';
import { Pool } from 'undici';
import { answerQuestions } from '../support/helper.ts';

const CONNECTIONS = 64;
const DATABASE_CONNECTIONS = 16;

export interface BareOrder {
  readonly ports: readonly number[];
  /** Where the duties' transaction goes; undefined: no duties. */
  readonly database?: PoolConfig;
  /** With duties: a shard for each port in the place of a copy. */
  readonly code?: Code;
}

export interface Code {
  readonly k: number;
  readonly m: number;
}

interface Duties {
  readonly code: Code | undefined;
  hash(): Hash;
  commit(path: string, digest: Buffer): Promise<void>;
}

async function createDuties(config: PoolConfig, code: Code | undefined): Promise<Duties> {
  const pool = new DatabasePool({ ...config, max: DATABASE_CONNECTIONS });
  // The database goes before this process does.
  pool.on('error', () => undefined);
  await pool.query('CREATE SCHEMA IF NOT EXISTS bare');
  await pool.query('CREATE TABLE IF NOT EXISTS bare.objects (key text PRIMARY KEY, digest bytea NOT NULL)');
  await pool.query('CREATE TABLE IF NOT EXISTS bare.log (seq bigserial PRIMARY KEY, key text NOT NULL)');
  const text = `WITH logged AS (INSERT INTO bare.log (key) VALUES ($1))
    INSERT INTO bare.objects (key, digest) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET digest = excluded.digest`;
  return {
    code,
    hash: () => createHash('sha256'),
    async commit(path, digest) {
      await pool.query({ name: 'commit', text, values: [path, digest] });
    },
  };
}

async function proxy(
  pool: Pool,
  request: IncomingMessage,
  response: ServerResponse,
  duties: Duties | undefined,
): Promise<void> {
  const { range } = request.headers;
  const answer = await pool.request({
    path: request.url ?? '/',
    method: 'GET',
    ...(range === undefined ? {} : { headers: { range } }),
  });
  const { 'content-length': length, etag } = answer.headers;
  response.writeHead(answer.statusCode, { 'content-length': String(length), etag: String(etag) });
  if (duties === undefined) await pipeline(answer.body, response);
  else await pipeline(answer.body, hashing(duties.hash()), response);
}

function hashing(hash: Hash): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* hashed(source) {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
    hash.digest();
  };
}

async function tee(
  pools: readonly Pool[],
  request: IncomingMessage,
  response: ServerResponse,
  duties: Duties | undefined,
): Promise<void> {
  const md5 = createHash('md5');
  const sha256 = duties?.hash();
  const lanes = pools.map(() => new PassThrough());
  const answers = pools.map((pool, index) =>
    pool.request({
      path: request.url ?? '/',
      method: 'PUT',
      headers: { 'content-length': request.headers['content-length'] ?? '0' },
      body: lanes[index] ?? null,
    }),
  );
  await spread(request, lanes, sha256 === undefined ? [md5] : [md5, sha256]);
  for (const answer of await Promise.all(answers)) {
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`upstream answered ${answer.statusCode}`);
  }
  if (sha256 !== undefined) await duties?.commit(request.url ?? '/', sha256.digest());
  response.writeHead(200, { etag: `"${md5.digest('hex')}"`, 'content-length': 0 }).end();
}

async function spread(source: IncomingMessage, lanes: readonly PassThrough[], hashes: readonly Hash[]): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    for (const hash of hashes) hash.update(chunk);
    const full = lanes.filter((lane) => !lane.write(chunk));
    if (full.length > 0) await Promise.all(full.map((lane) => once(lane, 'drain')));
  }
  for (const lane of lanes) lane.end();
}

const CELL_BYTES = 1024 * 1024;

/** A PUT in shards: whole stripes only, which is what the bench sends. */
async function stripe(
  { pools, duties, code }: { readonly pools: readonly Pool[]; readonly duties: Duties; readonly code: Code },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const codec = createErasureCodec(code.k, code.m);
  const whole = createHash('md5');
  const lanes = pools.map(() => ({ stream: new PassThrough(), md5: createHash('md5') }));
  const shardBytes = String(Number(request.headers['content-length']) / code.k);
  const answers = pools.map((pool, index) =>
    pool.request({
      path: request.url ?? '/',
      method: 'PUT',
      headers: { 'content-length': shardBytes },
      body: lanes[index]?.stream ?? null,
    }),
  );
  const digests: Buffer[] = [];
  for await (const bytes of stripesOf(request, code.k * CELL_BYTES, whole)) {
    const data = Array.from({ length: code.k }, (_, cell) =>
      bytes.subarray(cell * CELL_BYTES, (cell + 1) * CELL_BYTES),
    );
    const cells: readonly Uint8Array[] = [...data, ...codec.encode(data)];
    const full: PassThrough[] = [];
    for (const [index, { stream, md5 }] of lanes.entries()) {
      const cell = cells[index] ?? Buffer.alloc(0);
      digests.push(hash('sha256', cell, 'buffer'));
      md5.update(cell);
      if (!stream.write(cell)) full.push(stream);
    }
    await Promise.all(full.map((stream) => once(stream, 'drain')));
  }
  for (const { stream } of lanes) stream.end();
  for (const [index, answer] of (await Promise.all(answers)).entries()) {
    await answer.body.dump();
    if (answer.headers.etag !== `"${lanes[index]?.md5.digest('hex') ?? ''}"`) throw new Error('a shard did not arrive');
  }
  await duties.commit(request.url ?? '/', hash('sha256', Buffer.concat(digests), 'buffer'));
  response.writeHead(200, { etag: `"${whole.digest('hex')}"`, 'content-length': 0 }).end();
}

async function* stripesOf(source: AsyncIterable<Buffer>, bytes: number, md5: Hash): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let room = bytes;
  for await (const chunk of source) {
    md5.update(chunk);
    for (let rest = chunk; rest.length > 0; ) {
      const piece = rest.subarray(0, room);
      held.push(piece);
      room -= piece.length;
      rest = rest.subarray(piece.length);
      if (room > 0) continue;
      yield Buffer.concat(held, bytes);
      held = [];
      room = bytes;
    }
  }
}

async function open({ ports, database, code }: BareOrder): Promise<number> {
  const duties = database === undefined ? undefined : await createDuties(database, code);
  const pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS }));
  const [first] = pools;
  if (first === undefined) throw new Error('no upstream');
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    answer({ pools, first, duties }, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

interface Bare {
  readonly pools: readonly Pool[];
  readonly first: Pool;
  readonly duties: Duties | undefined;
}

function answer({ pools, first, duties }: Bare, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'PUT') return proxy(first, request, response, duties);
  if (duties?.code === undefined) return tee(pools, request, response, duties);
  return stripe({ pools, duties, code: duties.code }, request, response);
}

answerQuestions(open);
