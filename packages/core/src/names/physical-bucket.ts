import { createHash } from 'node:crypto';
import type { Brand } from './brand.ts';

/** The name of a bucket on a backend. Always a valid S3 name of at most 63 characters. */
export type PhysicalBucketName = Brand<string, 'PhysicalBucketName'>;

export interface PhysicalBucketParts {
  readonly tenant: string;
  readonly region: string;
  readonly bucket: string;
  readonly backend: string;
  /** Grows only when the name is taken by somebody else on that backend. */
  readonly counter: number;
}

/** `s3gw-<hash>-<backend>`: the same logical bucket gets the same name on a backend, and no two tenants ever meet. */
export function physicalBucketName(parts: PhysicalBucketParts): PhysicalBucketName {
  const { tenant, region, bucket, backend, counter } = parts;
  const hash = createHash('sha256')
    .update(`${tenant}:${region}:${bucket}:${backend}:${counter}`, 'utf8')
    .digest('hex')
    .slice(0, 16);
  const readable = backend.toLowerCase().replaceAll('_', '-').slice(0, 8) || 'backend';
  return `s3gw-${hash}-${readable.replace(/[^a-z0-9-]/g, '-')}`.replace(/-+$/, '') as PhysicalBucketName;
}
