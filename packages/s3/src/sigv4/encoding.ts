/**
 * The percent-encoding of SigV4: everything but `A-Z a-z 0-9 - . _ ~` becomes `%XX` in upper case.
 * Nothing here needs Node, so that the browser signs with the same code.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */

/** Encodes text as UTF-8, slashes too. Throws URIError for lone surrogates. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Encodes an object key or a path: as {@link uriEncode}, but slashes stay. */
export function uriEncodePath(text: string): string {
  return CANONICAL_PATH.test(text) ? text : uriEncode(text).replaceAll('%2F', '/');
}

const CANONICAL_PATH = /^[A-Za-z0-9\-._~/]*$/;
const PATH_PIECE = /%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~/]/g;
const CANONICAL_QUERY_PIECE = /^[A-Za-z0-9\-._~]*$/;
const QUERY_PIECE = /%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~]/g;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

const byteEscape = (byte: number): string => `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;

function recodeEscape(hex: string, keep: string): string {
  const byte = Number.parseInt(hex, 16);
  const letter = String.fromCharCode(byte);
  return byte < 128 && (UNRESERVED.test(letter) || letter === keep) ? letter : byteEscape(byte);
}

/**
 * The canonical form of a path as it came over the wire (one character a byte): decoded once, encoded once, no dot
 * segments removed, empty segments kept.
 */
export function canonicalPath(rawPath: string): string {
  if (CANONICAL_PATH.test(rawPath)) return rawPath;
  return rawPath.replace(PATH_PIECE, (piece, hex?: string) =>
    hex === undefined ? byteEscape(piece.charCodeAt(0) & 0xff) : recodeEscape(hex, '/'),
  );
}

function canonicalQueryPiece(raw: string): string {
  if (CANONICAL_QUERY_PIECE.test(raw)) return raw;
  return raw.replace(QUERY_PIECE, (piece, hex?: string) => {
    if (hex !== undefined) return recodeEscape(hex, '');
    return piece === '+' ? '%20' : byteEscape(piece.charCodeAt(0) & 0xff);
  });
}

/** How the pieces of a query enter the canonical request: re-encoded, or `literal`, exactly as they were sent. */
export type QueryForm = 'canonical' | 'literal';

/** The canonical query string: pairs sorted by name, then value; `X-Amz-Signature` left out. */
export function canonicalQuery(rawQuery: string, form: QueryForm = 'canonical'): string {
  if (rawQuery === '') return '';
  const recode = form === 'canonical' ? canonicalQueryPiece : (piece: string): string => piece;
  const pairs: [string, string][] = [];
  for (const piece of rawQuery.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = recode(equals === -1 ? piece : piece.slice(0, equals));
    if (name === 'X-Amz-Signature') continue;
    pairs.push([name, equals === -1 ? '' : recode(piece.slice(equals + 1))]);
  }
  pairs.sort(byNameThenValue);
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function byNameThenValue(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}
