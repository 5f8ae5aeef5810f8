import { hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { headerValue, type RequestHeaders } from '../request.ts';
import { trailerStringToSign } from '../sigv4/canonical.ts';
import { computeSignature } from '../sigv4/signing-keys.ts';
import type { ChunkSigning } from '../sigv4/types.ts';
import { signatureEquals } from '../sigv4/verify.ts';

/** Trailing headers by lower-case name. */
export type Trailers = ReadonlyMap<string, string>;

export interface TrailerOptions {
  /** What `x-amz-trailer` announced, lower case: exactly these must come. */
  readonly names: readonly string[];
  readonly signing: ChunkSigning | undefined;
  readonly previousSignature: string;
}

const SIGNATURE_NAME = 'x-amz-trailer-signature';
const LINE = /^([A-Za-z0-9-]+):[ \t]*([\x20-\x7e]*?)[ \t]*$/;

function malformed(): Fault {
  return new Fault(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  );
}

/**
 * Reads everything behind the last chunk header. Lines end with LF or CR LF, and empty ones may stand between the
 * checksum and its signature: SDKs differ there.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 * @throws Fault MalformedTrailerError, SignatureDoesNotMatch, IncompleteBody
 */
export function parseTrailer(text: string, options: TrailerOptions): Trailers {
  if (!text.endsWith('\n')) throw new Fault('IncompleteBody', 'The request body terminated unexpectedly');
  const trailers = new Map<string, string>();
  let signature: string | undefined;
  let canonical = '';
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') continue;
    const match = LINE.exec(line);
    if (match === null || signature !== undefined) throw malformed();
    const [name, value] = [(match[1] ?? '').toLowerCase(), match[2] ?? ''];
    if (name === SIGNATURE_NAME) {
      signature = value;
      continue;
    }
    if (!options.names.includes(name) || trailers.has(name)) throw malformed();
    trailers.set(name, value);
    canonical += `${name}:${value}\n`;
  }
  if (trailers.size !== options.names.length) throw malformed();
  requireTrailerSignature(signature, canonical, options);
  return trailers;
}

function requireTrailerSignature(signature: string | undefined, canonical: string, options: TrailerOptions): void {
  const { signing, previousSignature } = options;
  if (signing === undefined) {
    if (signature !== undefined) throw malformed();
    return;
  }
  const toSign = trailerStringToSign(signing, previousSignature, hash('sha256', canonical, 'hex'));
  if (signature === undefined) throw malformed();
  if (!signatureEquals(computeSignature(signing.signingKey, toSign), signature)) {
    throw new Fault(
      'SignatureDoesNotMatch',
      'The trailer signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
}

/** The names that `x-amz-trailer` announces, in lower case. */
export function announcedTrailers(headers: RequestHeaders): readonly string[] {
  const names = (headerValue(headers, 'x-amz-trailer') ?? '').split(',').map((name) => name.trim().toLowerCase());
  return [...new Set(names.filter((name) => name !== ''))];
}
