import type { AuditActor } from '@sealgate/core/ports';
import type { z } from 'zod';
import type { Access, ControlCaller } from './access.ts';

/** What a handler knows besides its input. */
export interface CallContext {
  readonly requestId: string;
  /** For the audit entry of whatever the call changes. */
  readonly actor: AuditActor;
  /** Undefined on calls that are for everybody. */
  readonly caller: ControlCaller | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Who may call it; the server holds every call to it. */
  readonly access: Access;
  /** Of success. 204 has no body. */
  readonly status: number;
  /** Until it answers, where that may take longer than a silent connection is kept. */
  readonly patienceMs?: number;
}

/** One call of the REST interface: its description, its schemas and what it does. OpenAPI is made from it. */
export interface RouteSpec<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> extends RouteFacts {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Whatever the handler returns is cut to this: a member that is not named here never leaves. */
  readonly response?: R;
  readonly handle: (
    input: { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> },
    context: CallContext,
  ) => Promise<z.input<R>>;
}

/** A route whose types have done their work. */
export interface Route extends RouteFacts {
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response?: z.ZodType;
  readonly handle: (
    input: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
    context: CallContext,
  ) => Promise<unknown>;
}

/** A GET without input and without a key, whose answer is not always 200 JSON. */
export interface PlainRoute {
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  /** Media type by status, for the description. */
  readonly answers: Readonly<Record<number, string>>;
  readonly answer: () => Promise<PlainAnswer>;
}

export interface PlainAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Checks a route's handler against its schemas. */
export function route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  spec: RouteSpec<P, Q, B, R>,
): Route {
  // The server parses every input with these very schemas before it calls.
  return spec as unknown as Route;
}
