// The load generator: sends the requests it is told of, so many at a time, and tells how long they took. URLs come
// signed, and answers are counted and not kept, so that it costs little beside what it measures.
import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { answerQuestions } from '../support/helper.ts';
import { payload, wholePayload } from '../support/payload.ts';

/** Bodies up to this size are sent from one buffer. */
const WHOLE_BYTES = 1024 * 1024;

export interface LoadOrder {
  readonly origin: string;
  readonly method: 'GET' | 'PUT';
  /** Path and query of each request; used round and round. */
  readonly paths: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of single requests, round and round like the paths. */
  readonly ranges?: readonly string[];
  /** Of a PUT: the length of its payload. */
  readonly bodyBytes?: number;
  readonly concurrency: number;
  /** Requests in all. */
  readonly count: number;
  /** No request starts after this. */
  readonly secondsMax: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytesReceived: number;
  readonly millis: readonly number[];
}

interface Sent {
  readonly bytes: number;
}

function send(pool: Pool, order: LoadOrder, index: number): Promise<Sent> {
  const { method, paths, bodyBytes, ranges } = order;
  const path = paths[index % paths.length] ?? '/';
  const range = ranges?.[index % ranges.length];
  const headers: Record<string, string> = { ...order.headers, ...(range === undefined ? {} : { range }) };
  const body = bodyBytes === undefined ? undefined : bodyOf(bodyBytes);
  if (bodyBytes !== undefined) headers['content-length'] = String(bodyBytes);
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let status = 0;
    let refusal = '';
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart(_, code) {
        status = code;
      },
      onResponseData(_, chunk) {
        bytes += chunk.length;
        if (status >= 300) refusal += chunk.toString();
      },
      onResponseEnd() {
        if (status < 300) resolve({ bytes });
        else reject(new Error(`${method} ${path.split('?', 1)[0] ?? ''}: ${status} ${refusal}`));
      },
      onResponseError: (_, error) => reject(error),
    };
    pool.dispatch({ path, method, headers, ...(body === undefined ? {} : { body }) }, handler);
  });
}

function bodyOf(bytes: number): Buffer | Readable {
  return bytes <= WHOLE_BYTES ? wholePayload(bytes) : Readable.from(payload(0, bytes), { objectMode: false });
}

async function load(order: LoadOrder): Promise<LoadResult> {
  const pool = new Pool(order.origin, {
    connections: order.concurrency,
    pipelining: 1,
    headersTimeout: 300_000,
    bodyTimeout: 300_000,
  });
  const startedMs = performance.now();
  const endMs = startedMs + order.secondsMax * 1000;
  const millis: number[] = [];
  let next = 0;
  let bytesReceived = 0;
  const runner = async (): Promise<void> => {
    while (next < order.count && performance.now() < endMs) {
      const index = next;
      next += 1;
      const sentMs = performance.now();
      bytesReceived += (await send(pool, order, index)).bytes;
      millis.push(performance.now() - sentMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: order.concurrency }, runner));
    const seconds = (performance.now() - startedMs) / 1000;
    return { requests: millis.length, seconds, bytesReceived, millis };
  } finally {
    await pool.destroy();
  }
}

answerQuestions(load);
