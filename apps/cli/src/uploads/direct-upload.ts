import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** No byte taken, or no answer, for so long: the storage location is left out. */
const STALL_MS = 60_000;
/** Of an answer; only its headers matter. */
const ANSWER_BYTES_MAX = 64 * 1024;

export interface UploadTarget {
  readonly backend: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadOutcome {
  readonly backend: string;
  readonly stored: boolean;
  readonly etag: string | undefined;
  /** Why not, in a form for people. */
  readonly reason: string | undefined;
}

interface Put {
  readonly target: UploadTarget;
  readonly request: ClientRequest;
  readonly stallMs: number;
  readonly answer: Promise<IncomingMessage>;
  failure: string | undefined;
  /** Lets the writer go on: there is room, or nobody to write to. */
  wake: (() => void) | undefined;
  /** The others wait for it. Else its silence is theirs: nothing is sent to it before they have taken what is. */
  awaited: boolean;
}

/**
 * Sends the same bytes to all targets at once: each chunk goes to every one of them before the next is read, so that a chunk
 * and what the sockets buffer is all that is held. A target that fails or stalls is left behind; the others go on.
 */
export async function uploadToAll(
  targets: readonly UploadTarget[],
  body: AsyncIterable<Uint8Array>,
  options: {
    readonly signal: AbortSignal;
    readonly onBytes: (bytes: number) => void;
    /** For tests: how long no byte is taken, or no answer comes, before a target is left behind. */
    readonly stallMs?: number;
  },
): Promise<{ readonly outcomes: readonly UploadOutcome[]; readonly sha256: string }> {
  const { signal, stallMs = STALL_MS } = options;
  const puts = targets.map((target) => begin(target, { signal, stallMs }));
  const digest = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of body) {
      options.signal.throwIfAborted();
      digest.update(chunk);
      await Promise.all(puts.map((put) => write(put, chunk)));
      bytes += chunk.length;
      options.onBytes(bytes);
      if (puts.every(({ failure }) => failure !== undefined)) break;
    }
    const outcomes = await Promise.all(puts.map(finish));
    options.signal.throwIfAborted();
    return { outcomes, sha256: digest.digest('hex') };
  } finally {
    for (const { request } of puts) request.destroy();
  }
}

function begin(
  target: UploadTarget,
  { signal, stallMs }: { readonly signal: AbortSignal; readonly stallMs: number },
): Put {
  const url = new URL(target.url);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, { method: 'PUT', headers: target.headers, signal, timeout: stallMs });
  const answer = once(request, 'response').then(([message]) => message as IncomingMessage);
  const put: Put = { target, request, stallMs, answer, failure: undefined, wake: undefined, awaited: false };
  request.on('timeout', () => {
    if (put.awaited) request.destroy(new Error('it did not answer in time'));
  });
  request.on('error', (error) => (put.failure ??= error.message));
  for (const event of ['drain', 'close', 'response']) request.on(event, () => put.wake?.());
  answer.then(
    (message) => {
      // An answer before the end of the body can only be a refusal.
      if ((message.statusCode ?? 0) >= 300) put.failure ??= `it answered ${message.statusCode}`;
    },
    () => undefined,
  );
  return put;
}

async function write(put: Put, chunk: Uint8Array): Promise<void> {
  const { request } = put;
  if (put.failure !== undefined || request.destroyed) return;
  if (request.write(chunk)) return;
  waitFor(put);
  await new Promise<void>((resolve) => {
    put.wake = resolve;
  });
  put.wake = undefined;
  put.awaited = false;
}

/** Its time begins now, and with every byte that it takes. */
function waitFor(put: Put): void {
  put.awaited = true;
  put.request.socket?.setTimeout(put.stallMs);
}

async function finish(put: Put): Promise<UploadOutcome> {
  const { request, target, answer } = put;
  const { backend } = target;
  if (put.failure === undefined) request.end();
  waitFor(put);
  try {
    const message = await answer;
    const status = message.statusCode ?? 0;
    await drain(message);
    if (status >= 200 && status < 300) {
      return { backend, stored: true, etag: message.headers.etag?.replaceAll('"', ''), reason: undefined };
    }
    return { backend, stored: false, etag: undefined, reason: `it answered ${status}` };
  } catch (error) {
    const reason = put.failure ?? (error instanceof Error ? error.message : 'it failed');
    return { backend, stored: false, etag: undefined, reason };
  }
}

async function drain(message: IncomingMessage): Promise<void> {
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) return;
  }
}
