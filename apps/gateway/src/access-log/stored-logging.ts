import type { Acl, Bucket } from '@sealgate/core/ports';
import type { LoggingConfiguration } from '@sealgate/s3';

/** A bucket's `logging` document: what was put, and the list that its grants make for log objects. */
export interface StoredLogging extends LoggingConfiguration {
  readonly acl: Acl | null;
}

export function loggingOf({ configs }: Pick<Bucket, 'configs'>): StoredLogging | undefined {
  return configs.logging === undefined ? undefined : (JSON.parse(configs.logging) as StoredLogging);
}
