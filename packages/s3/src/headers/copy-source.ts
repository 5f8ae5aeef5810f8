import { Fault } from '@sealgate/core/faults';
import { type BucketName, type ObjectKey, parseBucketName, parseObjectKey } from '@sealgate/core/names';
import { decodeUri } from '../query.ts';

export interface CopySource {
  readonly bucket: BucketName;
  readonly key: ObjectKey;
  readonly versionId?: string;
}

/**
 * Parses `x-amz-copy-source`: `bucket/key`, with or without a slash in front, percent-encoded, and `?versionId=` behind
 * it. A plus sign means itself.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html#AmazonS3-CopyObject-request-header-CopySource
 * @throws Fault InvalidArgument
 */
export function parseCopySource(header: string): CopySource {
  const mark = header.lastIndexOf('?versionId=');
  const rawPath = mark === -1 ? header : header.slice(0, mark);
  const versionId = mark === -1 ? undefined : decode(header.slice(mark + '?versionId='.length));
  if (versionId === '') throw invalid('Version id cannot be the empty string');
  const path = decode(rawPath.startsWith('/') ? rawPath.slice(1) : rawPath);
  const slash = path.indexOf('/');
  if (slash <= 0 || slash === path.length - 1) throw invalid(FORM);
  try {
    const bucket = parseBucketName(path.slice(0, slash));
    const key = parseObjectKey(path.slice(slash + 1));
    return { bucket, key, ...(versionId === undefined ? {} : { versionId }) };
  } catch (error) {
    throw invalid(FORM, error);
  }
}

const FORM = 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey';

function invalid(message: string, cause?: unknown): Fault {
  return new Fault('InvalidArgument', message, { detail: { ArgumentName: 'x-amz-copy-source' }, cause });
}

function decode(raw: string): string {
  try {
    return decodeUri(raw);
  } catch (error) {
    throw invalid('The x-amz-copy-source header is not valid percent-encoded UTF-8.', error);
  }
}
