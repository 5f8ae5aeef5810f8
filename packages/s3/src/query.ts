import { Fault } from '@sealgate/core/faults';
import { QUERY_PARAMETERS_MAX } from './limits.ts';

/** Decoded query parameters; of a repeated one the first counts. */
export type Query = ReadonlyMap<string, string>;

const invalidUri = (): Fault => new Fault('InvalidURI', "Couldn't parse the specified URI.");

/**
 * Percent-decodes what came over the wire (one character a byte) as strict UTF-8.
 * @throws Fault InvalidURI
 */
export function decodeUri(raw: string): string {
  if (!raw.includes('%') && isAscii(raw)) return raw;
  const ascii = isAscii(raw) ? raw : escapeBytes(raw);
  try {
    return decodeURIComponent(ascii);
  } catch {
    throw invalidUri();
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Bytes above 0x7f that a client did not escape; a character above 0xff cannot come from a socket. */
function escapeBytes(raw: string): string {
  let text = '';
  for (const letter of raw) {
    const code = letter.codePointAt(0) ?? 0;
    if (code > 0xff) throw invalidUri();
    text += code > 0x7f ? `%${code.toString(16)}` : letter;
  }
  return text;
}

/**
 * Parses a query string as S3 reads it: `+` is a space, a name without `=` has the empty value.
 * @throws Fault InvalidURI when it is no UTF-8 or has too many parameters.
 */
export function parseQuery(rawQuery: string): Query {
  const query = new Map<string, string>();
  if (rawQuery === '') return query;
  const pieces = rawQuery.split('&', QUERY_PARAMETERS_MAX + 1);
  if (pieces.length > QUERY_PARAMETERS_MAX) throw new Fault('InvalidURI', 'The query has too many parameters.');
  for (const piece of pieces) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decodeQueryPiece(equals === -1 ? piece : piece.slice(0, equals));
    const value = equals === -1 ? '' : decodeQueryPiece(piece.slice(equals + 1));
    if (!query.has(name)) query.set(name, value);
  }
  return query;
}

function decodeQueryPiece(piece: string): string {
  return decodeUri(piece.includes('+') ? piece.replaceAll('+', ' ') : piece);
}
