// What policies demand of what is written, through the S3 listener: who must be able to open it, with which keys, and for
// how long it is kept.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectRetentionCommand,
  type ObjectLockRetentionMode,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  admin,
  type CommandResult,
  type GatewayProcess,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const DAY_MS = 86_400_000;
const Key = 'key';

let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const cli = (...args: readonly string[]): Promise<CommandResult> => sealgate(gateway, args);

/** A bucket under a policy of its own. */
async function bucketUnder(name: string, spec: string, settings: object): Promise<string> {
  const document = `apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
  await admin(gateway, 'PUT', `/admin/policies/${name}`, { document });
  await admin(gateway, 'POST', `/admin/tenants/${gateway.credentials.tenant}/buckets`, {
    ...{ name, policy: name },
    ...settings,
  });
  return name;
}

async function newKey(name: string, kind: string): Promise<string> {
  const made = await cli('keys', 'create', '--name', name, '--kind', kind, '--no-passphrase', '--json');
  expect([made.code, made.stderr]).toEqual([0, '']);
  return (JSON.parse(made.stdout) as { keyId: string }).keyId;
}

/** Puts a file, sealed to these keys. */
async function putSealed(bucket: string, ...keys: readonly string[]): Promise<CommandResult> {
  writeFileSync(join(gateway.dataDir, 'file'), 'kept');
  expect((await cli('keys', 'use', ...keys)).code).toBe(0);
  return cli('put', 'file', `s3://${bucket}/${Key}`, '--json');
}

test('a strict bucket takes what is sealed to the recovery key too, under keys of the kinds that are allowed', async () => {
  const recovery = await newKey('recovery', 'P-384');
  await newKey('mine', 'P-256');
  await newKey('rsa', 'RSA-3072');
  const rules = `{ encryption: { mode: required, keyAlgorithms: [ECDH-ES+A256KW], requiredRecipients: ['${recovery}'] } }`;
  const bucket = await bucketUnder('recoverable', rules, { encryption: 'required' });

  const alone = await putSealed(bucket, 'mine');
  expect([alone.code, alone.stderr]).toEqual([3, expect.stringMatching(/EncryptionRequired.*recipient/)]);
  const foreign = await putSealed(bucket, 'recovery', 'rsa');
  expect([foreign.code, foreign.stderr]).toEqual([
    3,
    expect.stringMatching(/EncryptionRequired.*does not allow this key algorithm/),
  ]);
  const both = await putSealed(bucket, 'mine', 'recovery');
  expect([both.code, both.stderr]).toEqual([0, '']);
  expect((await cli('get', `s3://${bucket}/${Key}`, '-')).stdout).toBe('kept');
});

const daysFromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);

/** The error's code and message, or what the version is kept by: mode and days, rounded. */
async function outcomeOf(write: () => Promise<{ VersionId?: string | undefined }>, Bucket: string): Promise<string> {
  try {
    const { VersionId } = await write();
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key, VersionId }));
    const ms = (Retention?.RetainUntilDate?.getTime() ?? 0) - Date.now();
    return `${Retention?.Mode ?? 'none'} ${Math.round(ms / DAY_MS)}`;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

const put = (Bucket: string, mode?: ObjectLockRetentionMode, days = 0): Promise<string> =>
  outcomeOf(
    () =>
      s3.send(
        new PutObjectCommand({
          ...{ Bucket, Key, Body: 'kept' },
          ...(mode === undefined
            ? {}
            : { ObjectLockMode: mode, ObjectLockRetainUntilDate: daysFromNow(days), ChecksumAlgorithm: 'CRC32' }),
        }),
      ),
    Bucket,
  );

async function upload(Bucket: string, days: number): Promise<string> {
  return outcomeOf(async () => {
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: daysFromNow(days) } as const;
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...lock }));
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'kept' }));
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
    return s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
  }, Bucket);
}

test('retention that nobody asks for is the policy’s, and what is asked for lies within its bounds', async () => {
  const rules =
    '{ objectLock: { retention: { minimumDays: 10, maximumDays: 30, default: { mode: COMPLIANCE, days: 20 } } } }';
  const Bucket = await bucketUnder('bounded', rules, { encryption: 'off', objectLock: true });
  expect(await put(Bucket), 'by default').toBe('COMPLIANCE 20');
  expect(await put(Bucket, 'GOVERNANCE', 15)).toBe('GOVERNANCE 15');
  expect(await put(Bucket, 'COMPLIANCE', 5)).toMatch(/^AccessDenied: .*objectLock\.retention\.minimumDays/);
  expect(await put(Bucket, 'COMPLIANCE', 31)).toMatch(/^AccessDenied: .*objectLock\.retention\.maximumDays/);
  expect(await upload(Bucket, 12)).toBe('COMPLIANCE 12');
  expect(await upload(Bucket, 5)).toMatch(/^AccessDenied: .*objectLock\.retention\.minimumDays/);

  const change = (days: number): Promise<string> =>
    outcomeOf(async () => {
      const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: daysFromNow(days) } as const;
      await s3.send(new PutObjectRetentionCommand({ Bucket, Key, Retention }));
      return {};
    }, Bucket);
  expect(await change(25)).toBe('COMPLIANCE 25');
  expect(await change(31)).toMatch(/^AccessDenied: .*objectLock\.retention\.maximumDays/);

  const byBucket = (Days: number): Promise<unknown> =>
    s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days } },
        },
      }),
    );
  await expect(byBucket(5)).rejects.toThrow(/objectLock\.retention\.minimumDays/);
  await byBucket(11);
  expect(await put(Bucket), 'by the bucket').toBe('GOVERNANCE 11');
});

test('where a policy demands retention, a bucket that cannot retain takes no writes', async () => {
  const Bucket = await bucketUnder('unlocked', '{ objectLock: { retention: { minimumDays: 1 } } }', {
    encryption: 'off',
  });
  expect(await put(Bucket)).toMatch(/^AccessDenied: .*objectLock\.retention\.minimumDays/);
});
