import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '@sealgate/core/ports';
import { createSigningKeyCache, EMPTY_SHA256, parseErrorResponse, type SignedResult, signRequest } from '@sealgate/s3';
import type { Dispatcher } from 'undici';
import { defaultS3DriverLimits, type S3DriverLimits } from '../limits.ts';
import { createAgent } from './agent.ts';
import { exchange, exchangeWhole, type Head, type HttpAnswer, type HttpRequest, type WholeAnswer } from './exchange.ts';
import { answerFault, backendFault, remoteStatus } from './faults.ts';
import { pause } from './pause.ts';
import { type Address, addressOf, parseEndpoint, type Resource, redirectBase, type S3Target } from './target.ts';

/** One S3 call before it is signed. */
export interface S3Call extends Resource {
  readonly method: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: CallBody;
  readonly signal: AbortSignal;
  /** Statuses besides 2xx that are answers, not failures. */
  readonly accept?: readonly number[];
  /** Repeating it changes nothing: it is tried again when the backend does not answer. A body that cannot be sent again forbids that. */
  readonly idempotent: boolean;
}

export interface CallBody {
  readonly payloadHash: string;
  /** Starts the body from its first byte, now that the signature is known. */
  readonly open: (signed: SignedResult) => Uint8Array | AsyncIterable<Uint8Array>;
  /** False once bytes were taken from a source that gives them only once. */
  readonly canRestart: () => boolean;
  /** False while bytes of a source are left that were not handed over. */
  readonly complete?: () => boolean;
  /** What the source itself failed with: the caller's own error, not the backend's. */
  readonly failure?: () => unknown;
}

export interface S3Calls {
  /** The answer, its body not yet read. @throws Fault of every other status than 2xx and `accept`, and of the network */
  send(call: S3Call): Promise<HttpAnswer>;
  /** The answer with its whole body, up to the limit. */
  fetch(call: S3Call): Promise<WholeAnswer>;
  readonly limits: S3DriverLimits;
  readonly clock: Clock;
  readonly target: S3Target;
  /** Is the connection protected, so that a body need not be signed to be what was sent? */
  readonly secure: boolean;
  close(): Promise<void>;
}

/** How an answer is taken: as it comes, or whole. */
interface Taking<Answer extends Head> {
  exchange(request: HttpRequest): Promise<Answer>;
  /** The body of a refusal. Never fails. */
  refusalOf(answer: Answer): Promise<Buffer | string>;
}

/** Buckets whose redirects are remembered. */
const REDIRECTS_MAX = 1000;
const SIGNING_KEYS = 2;

export function createS3Calls(target: S3Target): S3Calls {
  const { clock = systemClock, random = Math.random } = target;
  const limits = { ...defaultS3DriverLimits, ...target.limits };
  const endpoint = parseEndpoint(target.endpoint);
  const agent = createAgent(target, limits);
  const signingKeys = createSigningKeyCache({ entriesMax: SIGNING_KEYS });
  const redirects = new Map<string, URL>();

  const baseOf = (bucket: string | undefined): URL => redirects.get(bucket ?? '') ?? endpoint;

  const streamed: Taking<HttpAnswer> = {
    exchange: (request) => exchange(agent, request, limits),
    refusalOf: ({ body }) => readWhole(body, limits.answerBytesMax).catch(() => ''),
  };
  const whole: Taking<WholeAnswer> = {
    exchange: (request) => exchangeWhole(agent, request, limits),
    refusalOf: ({ body }) => Promise.resolve(body),
  };

  const sendOnce = async <Answer extends Head>(call: S3Call, taking: Taking<Answer>): Promise<Answer> => {
    const address = addressOf(baseOf(call.bucket), target.addressing, call);
    const signed = sign(call, address);
    const body = call.body?.open(signed);
    const request = {
      origin: address.origin,
      method: call.method,
      target: address.rawQuery === '' ? address.rawPath : `${address.rawPath}?${address.rawQuery}`,
      headers: { ...signed.headers, 'user-agent': 'sealgate' },
      signal: call.signal,
      ...(body === undefined ? {} : { body }),
    };
    try {
      return await taking.exchange(request);
    } catch (error) {
      throw call.body?.failure?.() ?? error;
    }
  };

  const sign = (call: S3Call, { host, rawPath, rawQuery }: Address): SignedResult =>
    signRequest(
      {
        method: call.method,
        rawPath,
        rawQuery,
        headers: { ...call.headers, host },
        payloadHash: call.body?.payloadHash ?? EMPTY_SHA256,
        credentials: target.credentials,
        region: target.region,
        nowMs: clock.now(),
      },
      { signingKeys },
    );

  /** Notes where a bucket really is. True when the call may be sent there. */
  const followRedirect = (call: S3Call, answer: Head): boolean => {
    const location = answer.headers.location;
    if (answer.status !== 307 || typeof location !== 'string' || target.redirects === 'refuse') return false;
    const base = redirectBase(baseOf(call.bucket), location, call.bucket);
    if (base === undefined || base.origin === baseOf(call.bucket).origin) return false;
    if (redirects.size >= REDIRECTS_MAX) redirects.clear();
    redirects.set(call.bucket ?? '', base);
    return call.body?.canRestart() ?? true;
  };

  const attempt = async <Answer extends Head>(call: S3Call, taking: Taking<Answer>): Promise<Answer | 'redirected'> => {
    const answer = await sendOnce(call, taking);
    if ((answer.status >= 200 && answer.status < 300) || call.accept?.includes(answer.status) === true) return answer;
    const redirected = followRedirect(call, answer);
    const remote = parseErrorResponse(await taking.refusalOf(answer));
    if (redirected) return 'redirected';
    throw answerFault(answer.status, remote);
  };

  const send = async <Answer extends Head>(call: S3Call, taking: Taking<Answer>): Promise<Answer> => {
    let redirected = false;
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await attempt(call, taking);
        if (answer !== 'redirected') return answer;
        if (redirected) throw backendFault('BackendRefused', new Error('Redirected twice.'));
        redirected = true;
      } catch (error) {
        const again = call.idempotent && (call.body?.canRestart() ?? true) && mayPass(error);
        if (!again || call.signal.aborted || tries >= limits.tries) throw error;
        const ceiling = Math.min(limits.backoffMsMax, limits.backoffMsMin * 2 ** (tries - 1));
        await pause(clock, ceiling * (0.5 + random() / 2), call.signal);
      }
    }
  };

  return {
    send: (call) => send(call, streamed),
    fetch: (call) => send(call, whole),
    limits,
    clock,
    target,
    secure: endpoint.protocol === 'https:',
    close: () => agent.close(),
  };
}

/** Can the same request pass a moment later? A timeout is not tried again: its time is already spent. */
function mayPass(error: unknown): boolean {
  const status = remoteStatus(error);
  if (status !== undefined) return status === 429 || status === 500 || status === 502 || status === 503;
  return isUnreachable(error);
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'BackendUnreachable';
}

/** @throws Fault BackendRefused when it is longer than any answer that makes sense */
async function readWhole(body: Readable, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw backendFault('BackendRefused', new Error('The answer is too long.'));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
