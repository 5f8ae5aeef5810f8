import { Fault, isFault } from '@sealgate/core/faults';
import type { Clock, WebhookSender } from '@sealgate/core/ports';
import type { EndpointGuard } from '@sealgate/runtime/net';
import { Agent, buildConnector, request } from 'undici';
import { WEBHOOK_ANSWER_BYTES_MAX, WEBHOOK_CONNECTIONS_MAX, WEBHOOK_TIMEOUT_MS } from './limits.ts';
import { signatureHeaders } from './signature.ts';

/** Messages over HTTP. Redirects are not followed: an address is what was registered, and checked at every try. */
export function createWebhookSender(deps: {
  readonly guard: Pick<EndpointGuard, 'check' | 'lookup'>;
  readonly clock: Pick<Clock, 'now' | 'schedule'>;
}): WebhookSender & { close(): Promise<void> } {
  const { guard, clock } = deps;
  const agent = new Agent({
    connections: WEBHOOK_CONNECTIONS_MAX,
    pipelining: 1,
    headersTimeout: WEBHOOK_TIMEOUT_MS,
    bodyTimeout: WEBHOOK_TIMEOUT_MS,
    maxResponseSize: WEBHOOK_ANSWER_BYTES_MAX,
    // The name may point elsewhere by the time of the connection, so the socket's own lookup is guarded too.
    connect: buildConnector({ lookup: guard.lookup, timeout: WEBHOOK_TIMEOUT_MS, allowH2: false }),
  });

  return {
    async send(target, message, { signal }) {
      const late = new AbortController();
      const cancel = clock.schedule(WEBHOOK_TIMEOUT_MS, () => late.abort());
      try {
        await guard.check(new URL(target.url).origin);
        const { statusCode, headers, body } = await request(target.url, {
          method: 'POST',
          dispatcher: agent,
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Sealgate',
            ...target.headers,
            ...signatureHeaders(target.secret, { ...message, atMs: clock.now() }),
          },
          body: message.body,
          signal: AbortSignal.any([signal, late.signal]),
        });
        // What the status said stands, whatever comes behind it.
        await body.dump({ limit: WEBHOOK_ANSWER_BYTES_MAX }).catch(() => undefined);
        const retryAfterMs = parseRetryAfter(headers['retry-after'], clock.now());
        return { status: statusCode, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
      } catch (error) {
        throw faultOf(error, late.signal.aborted);
      } finally {
        cancel();
      }
    },
    close: () => agent.destroy(),
  };
}

/** Seconds or a date (RFC 9110 10.2.3). */
function parseRetryAfter(value: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function faultOf(error: unknown, late: boolean): Fault {
  if (isFault(error)) return error;
  // The guard's refusal at the connection comes wrapped.
  if (error instanceof Error && isFault(error.cause, 'EndpointRefused')) return error.cause;
  return late
    ? new Fault('BackendTimeout', 'The webhook did not answer in time.', { cause: error })
    : new Fault('BackendUnreachable', 'The webhook cannot be reached.', { cause: error });
}
