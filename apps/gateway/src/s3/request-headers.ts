import type { StoredHeaders } from '@sealgate/core/ports';
import { headerValue, parseStoredHeaders, type RequestHeaders } from '@sealgate/s3';
import { isEnvelopeHeader, type MetadataHeaders, manifestHeader } from '@sealgate/sealed/inspect';

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
 * System headers and user metadata to be kept with an object. What belongs to a seal does not count against the limit: an
 * envelope lives in columns of its own, a manifest apart from the user's metadata.
 * @throws Fault MetadataTooLarge
 */
export function storedHeaders(headers: RequestHeaders): StoredHeaders {
  const isOfSeal = (name: string): boolean =>
    isEnvelopeHeader(USER_PREFIX + name) || USER_PREFIX + name === manifestHeader;
  const { user, ...system } = parseStoredHeaders(headers, { uncounted: isOfSeal });
  const kept = Object.entries(user ?? {}).filter(([name]) => !isOfSeal(name));
  const manifest = headerValue(headers, manifestHeader);
  return {
    ...system,
    ...(manifest === undefined ? {} : { manifest }),
    ...(kept.length === 0 ? {} : { user: Object.fromEntries(kept) }),
  };
}

/** The class a client names: our header first, then S3's. */
export function requestedClass(headers: RequestHeaders): string | undefined {
  return headerValue(headers, 'x-sealgate-redundancy-class') ?? headerValue(headers, 'x-amz-storage-class');
}
