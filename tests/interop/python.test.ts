import { fileURLToPath } from 'node:url';
import { PutBucketVersioningCommand, PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, run, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { interopPython, titleWith } from '../support/tools.ts';
import { type ClientRound, newRound } from './environment.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const python = interopPython();
/** Of the tests of versions and locks. */
const Bucket = 'python-locked';

describe.skipIf(python === undefined)(titleWith('clients of Python', python ?? 'python3 with boto3'), () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 'python');
    await createBucket(gateway, Bucket, { encryption: 'off' });
    const s3 = newClient(gateway.credentials);
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
    await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    s3.destroy();
  });
  afterAll(async () => {
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });

  test.each(['boto3-round.py', 'minio-round.py'])('%s', async (name) => {
    const { code, stdout, stderr } = await run(python ?? '', [script(name), round.bucket, Bucket], {
      env: round.env,
    });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
