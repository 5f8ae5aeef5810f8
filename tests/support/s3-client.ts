import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { createPresignedPost, type PresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post';
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

/** A form that whoever has it may upload with. */
export function presignPost(client: S3Client, options: PresignedPostOptions): Promise<PresignedPost> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the package brings a client of its own version; it reads the configuration of ours only
  return createPresignedPost(client, options);
}
