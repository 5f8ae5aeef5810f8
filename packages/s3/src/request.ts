import { Fault } from '@sealgate/core/faults';

/**
 * Request headers by lower-case name; a header that came several times is a list in order of arrival. Values are as on
 * the wire, one character a byte (Latin-1), which is what node:http gives. Fits `IncomingMessage.headersDistinct` and
 * {@link collectHeaders}; `IncomingMessage.headers` joins repeated ones with `, `, which breaks signatures.
 */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a signature covers, as it came over the wire. */
export interface SignedRequest {
  /** Upper case. */
  readonly method: string;
  /** From the first slash to the question mark, not decoded. */
  readonly rawPath: string;
  /** Behind the question mark, not decoded; empty when there is none. */
  readonly rawQuery: string;
  readonly headers: RequestHeaders;
}

/** Headers out of node:http's flat `rawHeaders` list. */
export function collectHeaders(rawHeaders: readonly string[]): RequestHeaders {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (typeof before === 'string') headers[name] = [before, value];
    else before.push(value);
  }
  return headers;
}

/** One header's value, repeated ones joined with a comma; undefined when it is absent. */
export function headerValue(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === 'string' ? value : value.join(',');
}

/**
 * Path and query of a request target. Knows the absolute form (`GET http://host/path`) that proxies send.
 * @throws Fault InvalidURI for anything that has no path (`*`, an authority).
 */
export function splitTarget(target: string): { readonly rawPath: string; readonly rawQuery: string } {
  let start = 0;
  if (!target.startsWith('/')) {
    const authority = /^https?:\/\/[^/?#]+/i.exec(target);
    if (authority === null) throw new Fault('InvalidURI', "Couldn't parse the specified URI.");
    start = authority[0].length;
  }
  const mark = target.indexOf('?', start);
  const path = mark === -1 ? target.slice(start) : target.slice(start, mark);
  return { rawPath: path === '' ? '/' : path, rawQuery: mark === -1 ? '' : target.slice(mark + 1) };
}
