import type { IncomingMessage } from 'node:http';
import type { Bucket, KeyWrapper } from '@sealgate/core/ports';
import type { BucketEncryption, RequestHeaders } from '@sealgate/s3';

/** What the gateway does to objects that their clients did not seal. */
export interface EncryptionSettings {
  readonly objectKeys: KeyWrapper;
  /** Of buckets that say nothing themselves. `none`: backends hold what clients send. */
  readonly byDefault: 'SSE-S3' | 'none';
  /** Clients may send keys (SSE-C) over connections that anybody between can read. */
  readonly customerKeysOverHttp: boolean;
}

/** What decisions on encryption look at, of a request. */
export interface EncryptionContext {
  readonly encryption: EncryptionSettings;
  readonly headers: RequestHeaders;
  /** How clients reach the gateway. */
  readonly publicUrl: string;
  readonly request: Pick<IncomingMessage, 'socket'>;
}

/** What was put with PutBucketEncryption, or undefined. */
export function bucketEncryption(bucket: Pick<Bucket, 'configs'>): BucketEncryption | undefined {
  const { encryption } = bucket.configs;
  return encryption === undefined ? undefined : (JSON.parse(encryption) as BucketEncryption);
}

/**
 * How an object is encrypted whose request says nothing. Objects of strict buckets are sealed by their clients, and nothing
 * is done to them: their owner can read them off a backend without this gateway.
 */
export function defaultEncryption(
  settings: Pick<EncryptionSettings, 'byDefault'>,
  bucket: Pick<Bucket, 'configs' | 'encryption'>,
): 'SSE-S3' | 'none' {
  if (bucket.encryption === 'required') return 'none';
  return bucketEncryption(bucket) === undefined ? settings.byDefault : 'SSE-S3';
}
