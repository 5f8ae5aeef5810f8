import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { backendFault, networkFault } from './faults.ts';

export interface HttpRequest {
  readonly origin: string;
  readonly method: Dispatcher.HttpMethod;
  /** Path and query as they are sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface HttpAnswer extends Head {
  /** Must be consumed or destroyed. Fails with a Fault when the connection dies, with the signal's reason on abort. */
  readonly body: Readable;
}

export interface WholeAnswer extends Head {
  readonly body: Buffer;
}

/**
 * One request and its answer, whose body is paused while its reader is behind; destroying it early closes the socket,
 * because the rest of it is still under way.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  options: { readonly readAheadBytes: number },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    send(dispatcher, request, {
      unanswered: reject,
      answered(head, call) {
        let complete = false;
        const body = new Readable({
          highWaterMark: options.readAheadBytes,
          read: () => call.resume(),
          destroy(error, callback) {
            if (!complete) call.abort(error ?? new Error('The answer was not wanted any more.'));
            call.over();
            callback(error);
          },
        });
        // A reader that has gone away, or not yet come, must not turn a failure into an uncaught error.
        body.on('error', () => undefined);
        resolve({ ...head, body });
        return {
          take: (chunk) => body.push(chunk),
          end() {
            complete = true;
            body.push(null);
          },
          fail: (error) => void body.destroy(error),
        };
      },
    });
  });
}

/**
 * One request and its answer with all of its body: no stream in between, since most answers that are read whole have
 * hardly a body. A refusal counts by its status, whatever became of its body.
 * @throws Fault BackendRefused when the body is longer than any answer that makes sense
 */
export function exchangeWhole(
  dispatcher: Dispatcher,
  request: HttpRequest,
  options: { readonly answerBytesMax: number },
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    send(dispatcher, request, {
      unanswered: reject,
      answered(head, call) {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const fail = (error: Error): void => {
          call.over();
          if (head.status < 300 || request.signal.aborted) reject(error);
          else resolve({ ...head, body: Buffer.alloc(0) });
        };
        return {
          take(chunk) {
            bytes += chunk.length;
            if (bytes <= options.answerBytesMax) chunks.push(chunk);
            else call.abort(backendFault('BackendRefused', new Error('The answer is too long.')));
            return true;
          },
          end() {
            call.over();
            resolve({ ...head, body: Buffer.concat(chunks, bytes) });
          },
          fail,
        };
      },
    });
  });
}

/** An answer under way, for who receives it. */
interface Call {
  resume(): void;
  abort(reason: Error): void;
  /** Nothing is to be heard of an abort any more. */
  over(): void;
}

interface Receiver {
  /** False: no more until `resume`. */
  take(chunk: Buffer): boolean;
  end(): void;
  fail(error: Error): void;
}

/**
 * Over undici's dispatch interface, which gives the chunks of a body as they come from the socket: no copy and no stream in
 * between. States: sent -> answered (headers are there) -> ended | failed, of which `fail` may hear more than once.
 */
function send(
  dispatcher: Dispatcher,
  request: HttpRequest,
  to: { unanswered(error: Error): void; answered(head: Head, call: Call): Receiver },
): void {
  const { signal } = request;
  if (signal.aborted) {
    to.unanswered(signal.reason as Error);
    return;
  }
  let controller: Dispatcher.DispatchController | undefined;
  let receiver: Receiver | undefined;

  const over = (): void => signal.removeEventListener('abort', onAbort);
  const failed = (error: Error): void => {
    if (receiver === undefined) {
      over();
      to.unanswered(error);
    } else receiver.fail(error);
  };
  const onAbort = (): void => {
    controller?.abort(signal.reason as Error);
    failed(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });

  const call: Call = { resume: () => controller?.resume(), abort: (reason) => controller?.abort(reason), over };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started;
      if (signal.aborted) started.abort(signal.reason as Error);
    },
    onResponseStart(_, status, headers) {
      if (status >= 200) receiver = to.answered({ status, headers }, call);
    },
    onResponseData(paused, chunk) {
      if (receiver?.take(chunk) === false) paused.pause();
    },
    onResponseEnd: () => receiver?.end(),
    onResponseError: (_, error) => failed(signal.aborted ? (signal.reason as Error) : networkFault(error)),
  };
  const { origin, method, target: path, headers } = request;
  // The types leave iterables out; undici documents and takes them.
  const sent = request.body as Dispatcher.DispatchOptions['body'];
  dispatcher.dispatch({ origin, method, path, headers, ...(sent === undefined ? {} : { body: sent }) }, handler);
}
