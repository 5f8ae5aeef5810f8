import type { Bucket, ObjectVersion } from '@sealgate/core/ports';
import { headerValue, parseTaggingHeader, type Tag } from '@sealgate/s3';
import { isAllowed } from './access/ask.ts';
import type { S3Context } from './context.ts';

export type Tags = Readonly<Record<string, string>>;

/** Tags as the metadata keeps them: none is null. */
export function tagRecord(tags: readonly Tag[]): Tags | null {
  return tags.length === 0 ? null : Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

/** Tags as they are shown: by key, bytewise, because a set has no order of its own. */
export function sortedTags(tags: Tags | null): readonly Tag[] {
  return Object.entries(tags ?? {})
    .map(([key, value]) => ({ key, value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What `x-amz-tagging` gives the version to be. @throws Fault InvalidTag, InvalidArgument */
export function requestedTags({ headers }: Pick<S3Context, 'headers'>): Tags | null {
  return tagRecord(parseTaggingHeader(headerValue(headers, 'x-amz-tagging') ?? ''));
}

/** Says how many tags there are to those who may read them. */
export function tagCountHeaders(
  context: S3Context,
  bucket: Bucket,
  version: ObjectVersion,
): Readonly<Record<string, string>> {
  const count = Object.keys(version.tags ?? {}).length;
  if (count === 0) return {};
  const action = context.query.has('versionId') ? 's3:GetObjectVersionTagging' : 's3:GetObjectTagging';
  return isAllowed(context, { action, bucket, key: version.key, version })
    ? { 'x-amz-tagging-count': String(count) }
    : {};
}
