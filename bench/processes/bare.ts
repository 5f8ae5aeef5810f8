// The baselines. GET: node:http in, undici out, one upstream, nothing else. PUT: the same with one body piped to three
// upstreams, and one MD5. What a programmer would write first, with back-pressure and without checks.
// With duties it also does the least that the budgets' rows promise beyond that, as plainly as it can be done: SHA-256 of
// what passes, and after a PUT one durable transaction of two small rows. What it loses by that, no gateway can win back.
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Pool as DatabasePool, type PoolConfig } from 'pg';
import { Pool } from 'undici';
import { answerQuestions } from '../support/helper.ts';

const CONNECTIONS = 64;
const DATABASE_CONNECTIONS = 16;

export interface BareOrder {
  readonly ports: readonly number[];
  /** Where the duties' transaction goes; undefined: no duties. */
  readonly database?: PoolConfig;
}

interface Duties {
  hash(): Hash;
  commit(path: string, digest: Buffer): Promise<void>;
}

async function createDuties(config: PoolConfig): Promise<Duties> {
  const pool = new DatabasePool({ ...config, max: DATABASE_CONNECTIONS });
  // The database goes before this process does.
  pool.on('error', () => undefined);
  await pool.query('CREATE SCHEMA IF NOT EXISTS bare');
  await pool.query('CREATE TABLE IF NOT EXISTS bare.objects (key text PRIMARY KEY, digest bytea NOT NULL)');
  await pool.query('CREATE TABLE IF NOT EXISTS bare.log (seq bigserial PRIMARY KEY, key text NOT NULL)');
  const text = `WITH logged AS (INSERT INTO bare.log (key) VALUES ($1))
    INSERT INTO bare.objects (key, digest) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET digest = excluded.digest`;
  return {
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

async function open({ ports, database }: BareOrder): Promise<number> {
  const duties = database === undefined ? undefined : await createDuties(database);
  const pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS }));
  const [first] = pools;
  if (first === undefined) throw new Error('no upstream');
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    const done =
      request.method === 'PUT' ? tee(pools, request, response, duties) : proxy(first, request, response, duties);
    done.catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

answerQuestions(open);
