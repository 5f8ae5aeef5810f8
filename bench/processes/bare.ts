// The baselines. GET: node:http in, undici out, one upstream, nothing else. PUT: the same with one body piped to three
// upstreams, and one MD5. What a programmer would write first, with back-pressure and without checks.
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'undici';
import { answerQuestions } from '../support/helper.ts';

const CONNECTIONS = 64;

async function proxy(pool: Pool, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { range } = request.headers;
  const answer = await pool.request({
    path: request.url ?? '/',
    method: 'GET',
    ...(range === undefined ? {} : { headers: { range } }),
  });
  const { 'content-length': length, etag } = answer.headers;
  response.writeHead(answer.statusCode, { 'content-length': String(length), etag: String(etag) });
  await pipeline(answer.body, response);
}

async function tee(pools: readonly Pool[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const md5 = createHash('md5');
  const lanes = pools.map(() => new PassThrough());
  const answers = pools.map((pool, index) =>
    pool.request({
      path: request.url ?? '/',
      method: 'PUT',
      headers: { 'content-length': request.headers['content-length'] ?? '0' },
      body: lanes[index] ?? null,
    }),
  );
  await spread(request, lanes, md5);
  for (const answer of await Promise.all(answers)) {
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`upstream answered ${answer.statusCode}`);
  }
  response.writeHead(200, { etag: `"${md5.digest('hex')}"`, 'content-length': 0 }).end();
}

async function spread(source: IncomingMessage, lanes: readonly PassThrough[], md5: Hash): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    md5.update(chunk);
    const full = lanes.filter((lane) => !lane.write(chunk));
    if (full.length > 0) await Promise.all(full.map((lane) => once(lane, 'drain')));
  }
  for (const lane of lanes) lane.end();
}

async function open(ports: readonly number[]): Promise<number> {
  const pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS }));
  const [first] = pools;
  if (first === undefined) throw new Error('no upstream');
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    const done = request.method === 'PUT' ? tee(pools, request, response) : proxy(first, request, response);
    done.catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

answerQuestions(open);
