import { type BucketSettings, type Discretion, TAG_NAMES_MAX } from '@sealgate/core/discovery';
import {
  parseRemoteEncryption,
  parseRemoteObjectLock,
  parseRemoteTagNames,
  parseVersioningStatus,
  type RemoteObjectLock,
} from '@sealgate/s3';
import type { S3Calls } from '../calls.ts';
import { readAnswer } from '../delete-object.ts';
import { remoteCode } from '../faults.ts';
import { unreadOf } from './trouble.ts';

interface Question<Answer> {
  /** The subresource. */
  readonly of: 'versioning' | 'encryption' | 'object-lock' | 'tagging';
  readonly read: (body: Buffer) => Answer;
  /** The code that says that the bucket has none. */
  readonly none: string;
  readonly ifNone: Answer;
}

const VERSIONING: Question<BucketSettings['versioning']> = {
  of: 'versioning',
  read(body) {
    const status = parseVersioningStatus(body);
    return status === 'Enabled' ? 'enabled' : status === 'Suspended' ? 'suspended' : 'off';
  },
  none: '',
  ifNone: 'off',
};

const ENCRYPTION: Question<BucketSettings['encryption']> = {
  of: 'encryption',
  read(body) {
    const said = parseRemoteEncryption(body);
    if (said === undefined) return 'none';
    return said === 'AES256' || said === 'aws:kms' || said === 'aws:kms:dsse' ? said : 'other';
  },
  none: 'ServerSideEncryptionConfigurationNotFoundError',
  ifNone: 'none',
};

const OBJECT_LOCK: Question<RemoteObjectLock> = {
  of: 'object-lock',
  read: parseRemoteObjectLock,
  none: 'ObjectLockConfigurationNotFoundError',
  ifNone: { enabled: false, retention: null },
};

const TAGGING: Question<readonly string[]> = {
  of: 'tagging',
  read: parseRemoteTagNames,
  none: 'NoSuchTagSet',
  ifNone: [],
};

/** Asks for each setting by itself: keys that may list often may not read these. @throws the signal's reason */
export async function readSettings(
  calls: S3Calls,
  wanted: { readonly bucket: string; readonly signal: AbortSignal },
  discretion: Pick<Discretion, 'tagName'>,
): Promise<BucketSettings> {
  const [versioning, encryption, lock, tags] = await Promise.all([
    ask(calls, wanted, VERSIONING),
    ask(calls, wanted, ENCRYPTION),
    ask(calls, wanted, OBJECT_LOCK),
    ask(calls, wanted, TAGGING),
  ]);
  const names = typeof tags === 'string' ? [] : tags;
  return {
    versioning,
    encryption,
    objectLock: typeof lock === 'string' ? lock : lock.enabled ? 'enabled' : 'off',
    defaultRetention: typeof lock === 'string' ? null : lock.retention,
    tagging: typeof tags === 'string' ? tags : tags.length > 0 ? 'tagged' : 'none',
    tagNames: names.slice(0, TAG_NAMES_MAX).flatMap((name) => discretion.tagName(name) ?? []),
  };
}

async function ask<Answer>(
  calls: S3Calls,
  { bucket, signal }: { readonly bucket: string; readonly signal: AbortSignal },
  { of, read, none, ifNone }: Question<Answer>,
): Promise<Answer | ReturnType<typeof unreadOf>> {
  try {
    const query = [[of, null]] as const;
    const { body } = await calls.fetch({ method: 'GET', bucket, query, signal, idempotent: true });
    return readAnswer(() => read(body));
  } catch (error) {
    signal.throwIfAborted();
    return none !== '' && remoteCode(error) === none ? ifNone : unreadOf(error);
  }
}
