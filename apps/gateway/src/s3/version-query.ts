import { Fault } from '@sealgate/core/faults';
import { decodeVersionId, type VersionId } from '@sealgate/core/names';
import type { ObjectVersion } from '@sealgate/core/ports';
import { type VersionPlace, versionAt } from './access/versions.ts';
import type { S3Context } from './context.ts';

/** A `versionId` as a client sent it. @throws Fault InvalidArgument when it can be no version id */
export function toVersionId(text: string): VersionId | 'null' {
  if (text === 'null') return 'null';
  if (decodeVersionId(text) === undefined) {
    throw new Fault('InvalidArgument', 'Invalid version id specified', {
      detail: { ArgumentName: 'versionId', ArgumentValue: text.slice(0, 128) },
    });
  }
  return text as VersionId;
}

/**
 * The request's `versionId`, or undefined. An empty one is refused: taken for none, it would delete or read another
 * version than the caller thinks.
 * @throws Fault InvalidArgument
 */
export function parseVersionId(context: S3Context): VersionId | 'null' | undefined {
  const text = context.query.get('versionId');
  if (text === '') {
    throw new Fault('InvalidArgument', 'Version id cannot be the empty string', {
      detail: { ArgumentName: 'versionId', ArgumentValue: '' },
    });
  }
  return text === undefined ? undefined : toVersionId(text);
}

/**
 * The version that a read means.
 * @throws Fault NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker by its id)
 */
export async function findVersion(context: S3Context, place: VersionPlace): Promise<ObjectVersion> {
  const { key, versionId } = place;
  const { response } = context;
  if (versionId === undefined) {
    const current = await versionAt(context, place);
    if (current !== undefined && !current.deleteMarker) return current;
    if (current !== undefined) {
      response.setHeader('x-amz-delete-marker', 'true');
      response.setHeader('x-amz-version-id', current.versionId);
    }
    throw new Fault('NoSuchKey', 'The specified key does not exist.', { detail: { Key: key } });
  }
  const version = await versionAt(context, place);
  if (version === undefined) {
    throw new Fault('NoSuchVersion', 'The specified version does not exist.', {
      detail: { Key: key, VersionId: versionId },
    });
  }
  if (!version.deleteMarker) return version;
  response.setHeader('x-amz-delete-marker', 'true');
  response.setHeader('x-amz-version-id', version.versionId);
  response.setHeader('allow', 'DELETE');
  throw new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    detail: { ResourceType: 'DeleteMarker' },
  });
}
