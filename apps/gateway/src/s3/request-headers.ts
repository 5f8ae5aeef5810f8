import { Fault } from '@sealgate/core/faults';
import { USER_METADATA_BYTES_MAX } from '@sealgate/core/limits';
import type { StoredHeaders } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '@sealgate/s3';
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
 * System headers and user metadata to be kept with an object.
 * @throws Fault MetadataTooLarge when the user metadata, without an envelope, has more than 2 KiB
 */
export function storedHeaders(headers: RequestHeaders): StoredHeaders {
  const user: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(metadataHeaders(headers))) {
    const short = name.slice(USER_PREFIX.length);
    user[short] = value ?? '';
    if (!isEnvelopeHeader(name)) bytes += short.length + (value ?? '').length;
  }
  if (bytes > USER_METADATA_BYTES_MAX) {
    throw new Fault('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      detail: { Size: bytes, MaxSizeAllowed: USER_METADATA_BYTES_MAX },
    });
  }
  const encoding = withoutChunked(headerValue(headers, 'content-encoding'));
  const kept = {
    contentType: headerValue(headers, 'content-type'),
    contentEncoding: encoding,
    contentDisposition: headerValue(headers, 'content-disposition'),
    contentLanguage: headerValue(headers, 'content-language'),
    cacheControl: headerValue(headers, 'cache-control'),
    expires: headerValue(headers, 'expires'),
    websiteRedirectLocation: headerValue(headers, 'x-amz-website-redirect-location'),
  };
  const present = Object.entries(kept).filter(([, value]) => value !== undefined && value !== '');
  return { ...Object.fromEntries(present), ...(Object.keys(user).length === 0 ? {} : { user }) };
}

/** aws-chunked is how the body travelled, not what it is. */
function withoutChunked(encoding: string | undefined): string | undefined {
  const left = encoding
    ?.split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked');
  return left === undefined || left.length === 0 ? undefined : left.join(',');
}

/** The class a client names: our header first, then S3's. */
export function requestedClass(headers: RequestHeaders): string | undefined {
  return headerValue(headers, 'x-sealgate-redundancy-class') ?? headerValue(headers, 'x-amz-storage-class');
}
