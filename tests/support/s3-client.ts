import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { Credentials } from './gateway.ts';

/** The AWS SDK pointed at a gateway, path-style. */
export function newClient(credentials: Credentials, options: S3ClientConfig = {}): S3Client {
  const { s3Endpoint, region, accessKeyId, secretAccessKey } = credentials;
  return new S3Client({
    endpoint: s3Endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    ...options,
  });
}
