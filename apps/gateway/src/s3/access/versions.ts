import { isObjectOwnersAction } from '@sealgate/core/access';
import type { ObjectKey, VersionId } from '@sealgate/core/names';
import type { Bucket, ObjectVersion } from '@sealgate/core/ports';
import type { OperationAccess } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { accessDenied, ask, isRoot, requireRight } from './ask.ts';
import { valuesOfBody } from './body-values.ts';

type Needed = Omit<Extract<OperationAccess, { on: 'object' }>, 'on'>;

/** What deleting one of several keys needs. */
export const DELETION: Needed = {
  facts: 'deleted',
  action: 's3:DeleteObject',
  ofVersion: 's3:DeleteObjectVersion',
  also: [],
};

export interface VersionPlace {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly versionId: VersionId | 'null' | undefined;
}

/**
 * Rights on a version that exists. Whether one exists is only for those to know who may list the bucket; others hear
 * AccessDenied, as AWS documents.
 * @throws Fault AccessDenied
 */
export async function authorizeVersion(context: S3Context, place: VersionPlace, needed: Needed): Promise<void> {
  const { bucket, key, versionId } = place;
  const actions = [needed, ...needed.also].map((row) => (versionId === undefined ? row.action : row.ofVersion));
  const evident = isRoot(context, bucket) && bucket.configs.policy === undefined;
  if (evident && !actions.some(isObjectOwnersAction)) {
    for (const action of actions) requireRight(context, { action, bucket, key });
    return;
  }
  const version = await versionAt(context, place);
  const values = evident ? {} : await valuesOfBody(context, bucket);
  const missing = needed.facts === 'existing' && (version === undefined || version.deleteMarker);
  for (const action of actions) {
    const decision = ask(context, { action, bucket, key, version, ...values });
    if (decision.allowed || (missing && !decision.why.endsWith('-denies'))) continue;
    throw accessDenied(`${action}: ${decision.why}`);
  }
  if (missing) requireRight(context, { action: 's3:ListBucket', bucket, given: new Map([['s3:prefix', key]]) });
}

/** A version, looked up once in a request: what was decided about is what is read. */
export function versionAt({ metadata, access }: S3Context, place: VersionPlace): Promise<ObjectVersion | undefined> {
  const { bucket, key, versionId } = place;
  const name = `${bucket.id} ${versionId ?? ''} ${key}`;
  const known = access.versions.get(name);
  if (known !== undefined) return known;
  const found =
    versionId === undefined ? metadata.currentVersion(bucket.id, key) : metadata.version(bucket.id, key, versionId);
  access.versions.set(name, found);
  return found;
}
