import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { destroyOnAbort } from '../shared/blob-stream.ts';
import { networkFault } from './faults.ts';

export interface HttpRequest {
  readonly origin: string;
  readonly method: Dispatcher.HttpMethod;
  /** Path and query as they are sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Must be consumed or destroyed. Fails with a Fault when the connection dies, with the signal's reason on abort. */
  readonly body: Readable;
}

/**
 * One request and its answer over undici's dispatch interface, which gives the chunks of a body as they come from the
 * socket: no copy and no stream in between. States: sent -> answered (headers are there) -> done | failed. The body is
 * paused while its reader is behind; destroying it early closes the socket, because the rest of it is still under way.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  options: { readonly readAheadBytes: number },
): Promise<HttpAnswer> {
  const { signal } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let controller: Dispatcher.DispatchController | undefined;
    let body: Readable | undefined;
    let complete = false;

    const onAbort = (): void => {
      controller?.abort(signal.reason as Error);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });

    const answered = (): Readable => {
      signal.removeEventListener('abort', onAbort);
      const stream = new Readable({
        highWaterMark: options.readAheadBytes,
        read: () => controller?.resume(),
        destroy(error, callback) {
          if (!complete) controller?.abort(error ?? new Error('The answer was not wanted any more.'));
          callback(error);
        },
      });
      destroyOnAbort(stream, signal);
      return stream;
    };

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) started.abort(signal.reason as Error);
      },
      onResponseStart(_, status, headers) {
        if (status < 200) return;
        body = answered();
        resolve({ status, headers, body });
      },
      onResponseData(paused, chunk) {
        if (body?.push(chunk) === false) paused.pause();
      },
      onResponseEnd() {
        complete = true;
        body?.push(null);
      },
      onResponseError(_, error) {
        complete = true;
        signal.removeEventListener('abort', onAbort);
        const fault = signal.aborted ? (signal.reason as Error) : networkFault(error);
        if (body === undefined) reject(fault);
        else body.destroy(fault);
      },
    };
    const { origin, method, target: path, headers } = request;
    // The types leave iterables out; undici documents and takes them.
    const sent = request.body as Dispatcher.DispatchOptions['body'];
    dispatcher.dispatch({ origin, method, path, headers, ...(sent === undefined ? {} : { body: sent }) }, handler);
  });
}
