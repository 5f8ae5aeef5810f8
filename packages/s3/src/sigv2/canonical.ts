import { headerValue, type SignedRequest } from '../request.ts';

/**
 * Sub-resources and overrides that a version 2 signature covers: those AWS documents and those its own SDKs sign.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#ConstructingTheCanonicalizedResourceElement
 */
export const SIGNED_SUBRESOURCES: ReadonlySet<string> = new Set([
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'defaultObjectAcl',
  'delete',
  'inventory',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'select',
  'select-type',
  'storageClass',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
]);

/** Clients differ in whether `?acl=` enters the signature with its sign or, as `?acl`, without. */
export type EmptyForm = 'as-sent' | 'bare';

export interface CanonicalV2Request extends SignedRequest {
  /** The bucket that the Host header names; undefined for a path-style address. */
  readonly hostBucket: string | undefined;
  /** Of a presigned URL: what stands in the place of the date. Headers in its query are signed like headers. */
  readonly expires: string | null;
}

/** The text that a version 2 signature signs, one character a byte. */
export function stringToSignV2(request: CanonicalV2Request, emptyForm: EmptyForm = 'as-sent'): string {
  const hoisted = request.expires === null ? new Map<string, string>() : headersInQuery(request.rawQuery);
  const value = (name: string): string => headerValue(request.headers, name)?.trim() ?? hoisted.get(name) ?? '';
  // x-amz-date takes the place of Date and is signed among its like.
  const date = request.headers['x-amz-date'] === undefined ? value('date') : '';
  const lines = [request.method, value('content-md5'), value('content-type'), request.expires ?? date];
  return `${lines.join('\n')}\n${amzHeaders(request, hoisted)}${canonicalResource(request, emptyForm)}`;
}

/** A piece of a query in front of and behind its sign; without one the value is undefined. */
export function queryPieces(rawQuery: string): [name: string, value: string | undefined][] {
  return rawQuery.split('&').map((piece) => {
    const equals = piece.indexOf('=');
    return equals === -1 ? [piece, undefined] : [piece.slice(0, equals), piece.slice(equals + 1)];
  });
}

/** Undoes percent-encoding byte by byte: what is signed is bytes, UTF-8 or not. */
export function unescapeBytes(raw: string): string {
  return raw
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const HOISTED = /^(?:x-amz-|content-md5$|content-type$)/;

function headersInQuery(rawQuery: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [rawName, rawValue] of queryPieces(rawQuery)) {
    const name = unescapeBytes(rawName).toLowerCase();
    if (HOISTED.test(name) && !found.has(name)) found.set(name, unescapeBytes(rawValue ?? '').trim());
  }
  return found;
}

function amzHeaders(request: CanonicalV2Request, hoisted: ReadonlyMap<string, string>): string {
  const found = new Map([...hoisted].filter(([name]) => name.startsWith('x-amz-')));
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith('x-amz-') || value === undefined) continue;
    const values = typeof value === 'string' ? [value] : value;
    found.set(name, values.map((one) => one.trim()).join(','));
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, value]) => `${name}:${value}\n`).join('');
}

function canonicalResource(request: CanonicalV2Request, emptyForm: EmptyForm): string {
  const bucket = request.hostBucket === undefined ? '' : `/${request.hostBucket}`;
  const signed: [string, string][] = [];
  for (const [name, value] of queryPieces(request.rawQuery)) {
    if (!SIGNED_SUBRESOURCES.has(name)) continue;
    const bare = value === undefined || (emptyForm === 'bare' && value === '');
    signed.push([name, bare ? name : `${name}=${unescapeBytes(value)}`]);
  }
  signed.sort(([a], [b]) => (a < b ? -1 : 1));
  const resource = `${bucket}${request.rawPath}`;
  return signed.length === 0 ? resource : `${resource}?${signed.map(([, text]) => text).join('&')}`;
}
