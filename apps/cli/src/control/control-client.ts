import { Fault, type FaultCode, faultTable } from '@sealgate/core/faults';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import type { ControlConnection, TenantConnection } from '../settings/connection.ts';
import { type Operations, operations } from './generated/operations.ts';

/** A probe of a far backend takes longest. */
const TIMEOUT_MS = 120_000;
/** Pages of one list: 1000 items each. */
const PAGES_MAX = 1000;

/** The parts of a call's input that it has: what may be empty may be left out. */
type Part<Name extends string, T> = T extends undefined
  ? unknown
  : Partial<T> extends T
    ? { readonly [N in Name]?: T }
    : { readonly [N in Name]: T };
export type CallInput<Name extends keyof Operations> = Part<'params', Operations[Name]['params']> &
  Part<'query', Operations[Name]['query']> &
  Part<'body', Operations[Name]['body']>;

interface CallOptions {
  readonly timeoutMs?: number;
}

/** The REST interface of the control listener. https://www.rfc-editor.org/rfc/rfc9457 for its errors. */
export interface ControlClient {
  /** A call by the name that it has in the OpenAPI document, which its types are made from. */
  call<Name extends keyof Operations>(
    name: Name,
    input: CallInput<Name>,
    options?: CallOptions,
  ): Promise<Operations[Name]['answer']>;
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<JsonObject>;
  send(method: 'POST' | 'PUT' | 'PATCH', path: string, body: JsonObject): Promise<JsonObject>;
  delete(path: string): Promise<void>;
  /** All items of a paged list. */
  list(path: string, query?: Readonly<Record<string, string>>): AsyncGenerator<JsonObject, void, undefined>;
}

export function createControlClient(deps: {
  readonly connection: ControlConnection | TenantConnection;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
}): ControlClient {
  const { connection, signal } = deps;
  const prove = createProof(connection);

  async function call(
    method: string,
    path: string,
    body?: JsonObject,
    { timeoutMs = TIMEOUT_MS }: CallOptions = {},
  ): Promise<JsonObject> {
    const url = `${connection.endpoint.replace(/\/+$/, '')}${path}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = await prove({ method, url: new URL(url), text });
    let response: Response;
    try {
      response = await deps.fetch(url, {
        method,
        headers,
        ...(text === undefined ? {} : { body: text }),
        // A redirect could carry the operator's key elsewhere.
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
    } catch (cause) {
      signal.throwIfAborted();
      throw new Fault('GatewayUnreachable', `The control listener ${connection.endpoint} cannot be reached.`, {
        cause,
      });
    }
    const document = parse(await response.text());
    if (!response.ok) throw faultOf(response.status, document);
    return document ?? {};
  }

  async function get(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<JsonObject> {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const search = new URLSearchParams(given).toString();
    return call('GET', search === '' ? path : `${path}?${search}`);
  }

  return {
    async call(name, input, options) {
      const { method, path, body } = placed(operations[name], input as LooseInput);
      // The gateway cuts its answers to the schemas that these types are made from.
      return await call(method, path, body, options);
    },
    get,
    send: (method, path, body) => call(method, path, body),
    async delete(path) {
      await call('DELETE', path);
    },
    async *list(path, query = {}) {
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const { items, next } = await get(path, { ...query, cursor, limit: '1000' });
        if (Array.isArray(items)) yield* items.filter(isJsonObject);
        if (typeof next !== 'string' || next === cursor) return;
        cursor = next;
      }
    },
  };
}

type Prove = (request: {
  readonly method: string;
  readonly url: URL;
  readonly text: string | undefined;
}) => Promise<Record<string, string>>;

/** The headers that say who calls: the operator's key or a token, or a signature of the tenant's, which covers the body. */
function createProof(connection: ControlConnection | TenantConnection): Prove {
  if ('proof' in connection) {
    const { proof } = connection;
    return ({ text }) =>
      Promise.resolve(text === undefined ? { ...proof } : { ...proof, 'content-type': 'application/json' });
  }
  const { credentials, region } = connection;
  return async ({ method, url, text }) => {
    const { createSign } = await import('@sealgate/client');
    const sign = createSign({ credentials, region, now: Date.now });
    const headers = text === undefined ? {} : { 'content-type': 'application/json' };
    const body = text === undefined ? undefined : new TextEncoder().encode(text);
    return { ...(await sign({ method, url, headers, body })) };
  };
}

/** What every `CallInput` is at least. */
interface LooseInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: JsonObject;
}

/** An input of a call as its request. */
function placed([method, template]: readonly [method: string, path: string], input: LooseInput) {
  const { params = {}, query = {}, body } = input;
  const path = template.replaceAll(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(params[part] ?? ''));
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  const search = new URLSearchParams(given).toString();
  return { method, path: search === '' ? path : `${path}?${search}`, body };
}

/** A path of the REST interface with its parameters encoded. */
export function controlPath(strings: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: strings }, ...values.map((value) => encodeURIComponent(value)));
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function faultOf(status: number, problem: JsonObject | undefined): Fault {
  const named = problem?.['code'];
  const code: FaultCode =
    typeof named === 'string' && Object.hasOwn(faultTable, named)
      ? (named as FaultCode)
      : status === 404
        ? 'NotFound'
        : status < 500
          ? 'InvalidRequest'
          : 'InternalError';
  const said = problem?.['detail'];
  const rule = problem?.['rule'];
  const requestId = problem?.['requestId'];
  return new Fault(code, typeof said === 'string' ? said : `The control listener answered ${status}.`, {
    ...(typeof rule === 'string' ? { rule } : {}),
    detail: { status, ...(typeof requestId === 'string' ? { requestId } : {}) },
  });
}
