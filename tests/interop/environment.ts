import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBucket, type GatewayProcess } from '../support/gateway.ts';

/** What one client needs: a bucket with encryption off and some files. */
export interface ClientRound {
  readonly bucket: string;
  readonly dir: string;
  /** 20 bytes, 300 KiB, and 17 MiB, which clients send in parts. */
  readonly files: { readonly small: string; readonly middle: string; readonly large: string };
  readonly env: Readonly<Record<string, string>>;
}

const MIB = 1024 * 1024;

export async function newRound(gateway: GatewayProcess, name: string): Promise<ClientRound> {
  const bucket = `${name}-round`;
  await createBucket(gateway, bucket, { encryption: 'off' });
  const dir = mkdtempSync(join(tmpdir(), `sealgate-${name}-`));
  const files = { small: join(dir, 'small.txt'), middle: join(dir, 'middle.bin'), large: join(dir, 'large.bin') };
  writeFileSync(files.small, 'twenty bytes of text');
  writeFileSync(files.middle, randomBytes(300 * 1024));
  writeFileSync(files.large, randomBytes(17 * MIB + 123));
  const { accessKeyId, secretAccessKey, region, s3Endpoint } = gateway.credentials;
  return {
    bucket,
    dir,
    files,
    env: {
      HOME: dir,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: region,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: s3Endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
      NO_PROXY: '*',
    },
  };
}
