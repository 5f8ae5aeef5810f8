import { Fault } from '@sealgate/core/faults';
import { objectLockConfiguration, serverSideEncryptionConfiguration, taggingResult } from '@sealgate/s3';
import type { FakeBucket } from './store.ts';

/** Questions of a bucket's settings, by their subresource. They are set in the store itself. */
const ANSWERS: Readonly<Record<string, (bucket: FakeBucket) => string>> = {
  encryption({ encryption }) {
    if (encryption !== undefined) return serverSideEncryptionConfiguration({ algorithm: encryption });
    throw new Fault('ServerSideEncryptionConfigurationNotFoundError', 'There is none.');
  },
  'object-lock'({ objectLock, defaultLock }) {
    const retention = { mode: 'GOVERNANCE', unit: 'days', count: 30 } as const;
    if (objectLock) return objectLockConfiguration(defaultLock === true ? retention : null);
    throw new Fault('ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist');
  },
  tagging({ tags }) {
    if (tags !== undefined) return taggingResult(Object.entries(tags).map(([key, value]) => ({ key, value })));
    throw new Fault('NoSuchTagSet', 'There is none.');
  },
};

/** The document of a setting; undefined when the request asks for something else. */
export function readSetting(bucket: FakeBucket, query: URLSearchParams): string | undefined {
  const asked = Object.entries(ANSWERS).find(([name]) => query.has(name));
  return asked?.[1](bucket);
}
