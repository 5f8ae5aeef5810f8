import { ownerOfObject } from '@sealgate/core/access';
import type { Bucket, UploadRecord } from '@sealgate/core/ports';
import type { S3Context } from '../context.ts';
import type { ShownOwner } from './directory.ts';

/** How the owner of an object in a bucket is shown, by what its row says. */
export type ShowOwner = (ownerId: string | null) => ShownOwner;

/** Looks up the owners of a page; most pages have one, the bucket's, whose name comes with the bucket. */
export async function ownersOf(
  { access }: S3Context,
  bucket: Bucket,
  ownerIds: readonly (string | null)[],
): Promise<ShowOwner> {
  const { ownership } = access.readBucketAccess(bucket);
  const idOf = (ownerId: string | null): string => ownerOfObject({ ownerId: bucket.ownerId, ownership }, ownerId);
  const shown = await access.directory.shown(ownerIds.map(idOf).filter((id) => id !== bucket.ownerId));
  const own: ShownOwner = { id: bucket.ownerId, displayName: bucket.ownerDisplayName };
  return (ownerId) => shown.get(idOf(ownerId)) ?? own;
}

/** Who began uploads: the account that the access key belongs to, or the bucket's owner when it is known no more. */
export async function initiatorsOf(
  { access }: S3Context,
  bucket: Bucket,
  uploads: readonly Pick<UploadRecord, 'initiator'>[],
): Promise<(upload: Pick<UploadRecord, 'initiator'>) => ShownOwner> {
  const shown = new Map<string, ShownOwner>();
  for (const initiator of new Set(uploads.map((upload) => upload.initiator))) {
    const tenant = await access.directory.holder(initiator);
    if (tenant !== undefined) shown.set(initiator, { id: tenant.ownerId, displayName: tenant.displayName });
  }
  const own: ShownOwner = { id: bucket.ownerId, displayName: bucket.ownerDisplayName };
  return ({ initiator }) => shown.get(initiator) ?? own;
}
