import { Fault, type FaultCode, faultTable, isFault } from '@sealgate/core/faults';
import type { Clock, JobKind } from '@sealgate/core/ports';
import { type WireCall, wire, wirePaths } from '@sealgate/runtime/agents';
import { z } from 'zod';
import type { Identity } from './identity.ts';

const CALL_TIMEOUT_MS = 30_000;
/** An answer; the largest is a digest list or a policy. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** The session is renewed when so much of its time is over. */
const SESSION_RENEWED_AT = 0.5;

type Request<C extends WireCall> = z.input<(typeof wire)[C]['request']>;
type Answer<C extends WireCall> = z.output<(typeof wire)[C]['answer']>;

/** A gateway's control listener, as one life of the agent speaks to it. */
export interface ControlLink {
  /** Begins a life: whatever an earlier process held as this agent is lost to it. */
  begin(): Promise<void>;
  /** @throws Fault as the gateway said it; GatewayUnreachable; LeaseLost when another process began a newer life */
  call<C extends WireCall>(name: C, body: Request<C>, job?: string): Promise<Answer<C>>;
  epoch(): number;
  kinds(): readonly JobKind[];
}

interface Session {
  readonly token: string;
  readonly epoch: number;
  readonly kinds: readonly JobKind[];
  /** On the monotonic clock. */
  readonly renewAtMs: number;
}

export function createControlLink(deps: {
  readonly controlUrl: string;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
}): ControlLink {
  const { identity, clock } = deps;
  const send = createSender(deps.controlUrl, deps.fetch ?? globalThis.fetch);
  let session: Session | undefined;
  let opening: Promise<Session> | undefined;

  const open = async (epoch: number | undefined): Promise<Session> => {
    const startedMs = clock.monotonic();
    const answer = await send('session', { assertion: await identity.assert(epoch) }, {});
    return { ...answer, renewAtMs: startedMs + answer.expiresInMs * SESSION_RENEWED_AT };
  };
  const current = async (): Promise<Session> => {
    if (session === undefined) throw new Fault('NotAuthenticated', 'The agent has no session.');
    if (clock.monotonic() < session.renewAtMs) return session;
    const { epoch } = session;
    opening ??= open(epoch).finally(() => {
      opening = undefined;
    });
    session = await opening;
    return session;
  };

  return {
    async begin() {
      session = await open(undefined);
    },
    async call(name, body, job) {
      const { token } = await current();
      try {
        return await send(name, body, { token, ...(job === undefined ? {} : { job }) });
      } catch (error) {
        // The gateway forgot the session (a restore, a clock): the next call proves the key again.
        if (isFault(error, 'NotAuthenticated') && session?.token === token) session = { ...session, renewAtMs: 0 };
        throw error;
      }
    },
    epoch: () => session?.epoch ?? 0,
    kinds: () => session?.kinds ?? [],
  };
}

/** Calls that need no session. */
export function createSender(controlUrl: string, fetch: typeof globalThis.fetch) {
  const base = controlUrl.replace(/\/+$/, '');
  return async function send<C extends WireCall>(
    name: C,
    body: Request<C>,
    { token, job = '' }: { readonly token?: string; readonly job?: string },
  ): Promise<Answer<C>> {
    let response: Response;
    try {
      response = await fetch(base + wirePaths[name].replace(':job', encodeURIComponent(job)), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
        // A redirect could carry the session elsewhere.
        redirect: 'error',
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
    } catch (cause) {
      throw new Fault('GatewayUnreachable', 'The control listener cannot be reached.', { cause });
    }
    const text = await bounded(response);
    if (!response.ok) throw faultOf(response.status, text);
    const parsed = wire[name].answer.safeParse(parse(text));
    if (!parsed.success)
      throw new Fault('InternalError', 'The gateway gave an answer that is none.', { cause: parsed.error });
    return parsed.data as Answer<C>;
  };
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Fault('InternalError', 'The gateway gave too long an answer.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const problem = z.object({ code: z.string(), detail: z.string() }).partial();

function faultOf(status: number, text: string): Fault {
  const { code, detail } = problem.safeParse(parse(text)).data ?? {};
  const known = code !== undefined && Object.hasOwn(faultTable, code) ? (code as FaultCode) : undefined;
  return new Fault(
    known ?? (status < 500 ? 'InvalidRequest' : 'InternalError'),
    detail ?? `The gateway answered ${status}.`,
  );
}
