import type { StoredHeaders } from '@sealgate/core/ports';
import { headerValue, parseStoredHeaders, type RequestHeaders } from '@sealgate/s3';
import { isEnvelopeHeader, type MetadataHeaders } from '@sealgate/sealed/inspect';

const USER_PREFIX = 'x-amz-meta-';

/** All `x-amz-meta-*` headers by their whole lower-case name. */
export function metadataHeaders(headers: RequestHeaders): MetadataHeaders {
  const metadata: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = name.startsWith(USER_PREFIX) ? headerValue(headers, name) : undefined;
    if (value !== undefined) metadata[name] = value;
  }
  return metadata;
}

/**
 * System headers and user metadata to be kept with an object, without the headers that carry an envelope: those live in
 * columns of their own and do not count against the limit.
 * @throws Fault MetadataTooLarge
 */
export function storedHeaders(headers: RequestHeaders): StoredHeaders {
  const isEnvelope = (name: string): boolean => isEnvelopeHeader(USER_PREFIX + name);
  const { user, ...system } = parseStoredHeaders(headers, { uncounted: isEnvelope });
  const kept = Object.entries(user ?? {}).filter(([name]) => !isEnvelope(name));
  return kept.length === 0 ? system : { ...system, user: Object.fromEntries(kept) };
}

/** The class a client names: our header first, then S3's. */
export function requestedClass(headers: RequestHeaders): string | undefined {
  return headerValue(headers, 'x-sealgate-redundancy-class') ?? headerValue(headers, 'x-amz-storage-class');
}
