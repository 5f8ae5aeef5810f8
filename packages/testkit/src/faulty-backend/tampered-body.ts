import { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import type { Prng } from '../prng.ts';
import type { FaultPlan, Trouble } from './plan.ts';

interface Tampering {
  readonly bytes: number;
  readonly trouble: Trouble | undefined;
  readonly plan: FaultPlan;
  readonly prng: Prng;
  readonly clock: Clock;
  /** The backend went down meanwhile. */
  readonly isDown: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * A body on its way through the trouble. Ended by its reader or by the signal it ends its source at once, also while it
 * waits for it, which Readable.from would not.
 */
export function tamperedBody(body: Readable | Uint8Array, tampering: Tampering): Readable {
  const gone = new AbortController();
  const signal = AbortSignal.any([tampering.signal, gone.signal]);
  const chunks = tamper(body, { ...tampering, signal });
  const stream = new Readable({
    read() {
      chunks.next().then(
        ({ done, value }) => stream.push(done === true ? null : value),
        (error: unknown) => stream.destroy(error as Error),
      );
    },
    destroy(error, callback) {
      tampering.signal.removeEventListener('abort', onAbort);
      gone.abort(new Error('Nobody reads on.'));
      if (body instanceof Readable) body.destroy();
      callback(error);
    },
  });
  const onAbort = (): void => void stream.destroy(tampering.signal.reason as Error);
  if (tampering.signal.aborted) onAbort();
  else tampering.signal.addEventListener('abort', onAbort, { once: true });
  // A reader that has gone away must not turn a late failure into an uncaught error.
  stream.on('error', () => undefined);
  return stream;
}

async function* tamper(body: Readable | Uint8Array, tampering: Tampering): AsyncGenerator<Buffer> {
  const { bytes, trouble, plan, prng, clock, isDown, signal } = tampering;
  // Where the trouble strikes: at this byte, never behind the last one.
  const at = bytes === 0 ? 0 : prng.int(bytes);
  const corrupts = trouble === 'corrupt' || trouble === 'corrupt-read';
  const breaks = trouble === 'drop' || trouble === 'stop';
  let seen = 0;
  for await (const chunk of chunksOf(body)) {
    if (trouble === 'slow') await pause(clock, plan.slowChunkMs, signal);
    if (isDown()) throw unreachable();
    const struck = seen <= at && at < seen + chunk.length;
    if (struck && breaks) {
      if (at > seen) yield chunk.subarray(0, at - seen);
      break;
    }
    yield struck && corrupts ? flipBit(chunk, at - seen) : chunk;
    seen += chunk.length;
  }
  if (!breaks) return;
  if (trouble === 'drop') throw unreachable();
  await pause(clock, plan.stallMs, signal);
  throw timeout();
}

async function* chunksOf(body: Readable | Uint8Array): AsyncGenerator<Buffer> {
  if (body instanceof Uint8Array) {
    if (body.length > 0) yield Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  } else yield* body as AsyncIterable<Buffer>;
}

function flipBit(chunk: Buffer, at: number): Buffer {
  const copy = Buffer.from(chunk);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** Waits. Rejects with the signal's reason when it is aborted meanwhile. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.schedule(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

export const unreachable = (): Fault => new Fault('BackendUnreachable', 'The storage location cannot be reached.');
export const timeout = (): Fault => new Fault('BackendTimeout', 'The storage location did not answer in time.');
