import { Fault } from '@sealgate/core/faults';
import { ANSWER_BYTES_MAX, RESPONSE_TIMEOUT_MS, SLOWEST_UPLOAD_BYTES_PER_MS } from '../limits.ts';
import { faultOfAnswer } from './answer-errors.ts';
import { readText } from './read-text.ts';
import { type AttemptFailure, decideRetry, parseRetryAfter } from './retry.ts';
import { requestUrl, type Target } from './url.ts';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly target: Target;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Kept by the caller until the answer: a repetition sends these very bytes. */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal | undefined;
}

/** Adds the headers that authenticate one attempt. */
export type Sign = (request: {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}) => Promise<Readonly<Record<string, string>>>;

export interface Transport {
  /**
   * Sends a request until it succeeds, fails for good or the attempts are used up. The answer's body is left unread.
   * @throws Fault what the server said, or GatewayUnreachable; the signal's reason when it was aborted
   */
  send(request: S3Request): Promise<Response>;
}

export interface TransportDeps {
  readonly endpoint: URL;
  readonly fetch: typeof globalThis.fetch;
  readonly sign: Sign;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly random: () => number;
  readonly now: () => number;
}

type Attempt =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly failure: AttemptFailure; readonly fault: Fault };

/**
 * The one way in which requests leave. Bodies are byte arrays, so every request can be repeated: S3's writes are
 * idempotent, but for the creation of a multipart upload, whose duplicate stays empty and is cleaned up by lifecycle.
 */
export function createTransport(deps: TransportDeps): Transport {
  return {
    async send(request) {
      for (let attempt = 1; ; attempt++) {
        request.signal?.throwIfAborted();
        const outcome = await tryOnce(deps, request);
        if (outcome.ok) return outcome.response;
        const decision = decideRetry(outcome.failure, attempt, deps.random());
        if (!decision.retry) throw outcome.fault;
        await deps.sleep(decision.waitMs, request.signal);
      }
    },
  };
}

async function tryOnce(deps: TransportDeps, request: S3Request): Promise<Attempt> {
  const { method, target, body, signal } = request;
  const url = requestUrl(deps.endpoint, target, request.query);
  const headers = await deps.sign({ method, url, headers: request.headers ?? {}, body });
  const timeout = new AbortController();
  const budgetMs = RESPONSE_TIMEOUT_MS + (body?.length ?? 0) / SLOWEST_UPLOAD_BYTES_PER_MS;
  const timer = setTimeout(() => timeout.abort(new DOMException('No answer in time.', 'TimeoutError')), budgetMs);
  let response: Response;
  try {
    response = await deps.fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      // A signature is valid for one address only, and a redirected body could reach a stranger.
      redirect: 'manual',
      cache: 'no-store',
      credentials: 'omit',
      signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    return { ok: false, failure: { kind: 'network' }, fault: unreachable(deps.endpoint, cause) };
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return { ok: true, response };
  return failedAnswer(deps, request, response);
}

async function failedAnswer(deps: TransportDeps, request: S3Request, response: Response): Promise<Attempt> {
  const { status, headers } = response;
  const text = await readText(response, ANSWER_BYTES_MAX, request.signal);
  const fault = faultOfAnswer({
    status,
    headers,
    text,
    target: request.target.key !== undefined ? 'object' : request.target.bucket !== undefined ? 'bucket' : 'service',
  });
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'), deps.now());
  return { ok: false, failure: { kind: 'status', status, retryAfterMs }, fault };
}

function unreachable(endpoint: URL, cause: unknown): Fault {
  const timedOut = cause instanceof DOMException && cause.name === 'TimeoutError';
  const what = timedOut ? 'did not answer in time' : 'could not be reached';
  return new Fault('GatewayUnreachable', `${endpoint.origin} ${what}.`, { cause });
}
