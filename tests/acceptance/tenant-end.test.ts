// The end of a tenant as an operator and an auditor meet it: refused while it must be, complete, and proved offline.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow } from '../support/stored-files.ts';

/** The test's writes take less on a busy machine too; sweeps run again and again, so that nothing is left to wait for but the tenant. */
const ENV = {
  SEALGATE_ATTEMPT_AGE_SECONDS: '15',
  SEALGATE_SWEEP_INTERVAL_SECONDS: '1',
};
const PATIENCE_MS = 150_000;
const MIB = 1024 * 1024;

let gateway: GatewayProcess;
let s3: S3Client;
let doomed: S3Client;
let keyFile: string;

beforeAll(async () => {
  gateway = await startGateway({ env: ENV });
  s3 = newClient(gateway.credentials);
  const made = await sealgate(gateway, ['tenant', 'create', 'doomed', '--default-encryption', 'off', '--json']);
  const { credentials } = JSON.parse(made.stdout) as {
    credentials: readonly [{ accessKeyId: string; secretAccessKey: string }];
  };
  doomed = newClient({ ...gateway.credentials, ...credentials[0] });
  keyFile = join(gateway.dataDir, 'audit.pub');
  writeFileSync(keyFile, (await sealgate(gateway, ['audit', 'key'])).stdout);
});
afterAll(async () => {
  s3.destroy();
  doomed.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const until = (what: () => unknown) => expect.poll(what, { timeout: PATIENCE_MS, interval: 100 });
const tenant = (...args: readonly string[]) => sealgate(gateway, ['tenant', ...args]);

/** Files on all backends, without folders. */
function files(): string[] {
  return filesBelow(join(gateway.dataDir, 'backends')).filter((file) => file.includes('/s3gw-'));
}

const bucketDirs = (): string[] =>
  readdirSync(join(gateway.dataDir, 'backends')).flatMap((backend) =>
    readdirSync(join(gateway.dataDir, 'backends', backend)).filter((name) => name.startsWith('s3gw-')),
  );

interface Shown {
  readonly state: string;
  readonly physicalBucketsLeft: number;
  readonly trouble: string | null;
  readonly found: { readonly buckets: number; readonly versions: number };
  readonly backends: readonly { readonly confirmedCopies: number; readonly waitingCopies: number }[];
}

const erasure = () => admin<Shown>(gateway, 'GET', '/admin/tenants/doomed/erasure');

test('a tenant goes with everything it has, and an auditor can check that it did', async () => {
  await createBucket(gateway, 'stays', { encryption: 'off' });
  await s3.send(new PutObjectCommand({ Bucket: 'stays', Key: 'kept', Body: 'kept' }));
  await until(() => files().filter((file) => file.includes('/b@/')).length).toBe(3);
  const before = bucketDirs();
  // Versions, markers, an upload that nobody ends, and something locked.
  await doomed.send(new CreateBucketCommand({ Bucket: 'doomed-a' }));
  await doomed.send(
    new PutBucketVersioningCommand({ Bucket: 'doomed-a', VersioningConfiguration: { Status: 'Enabled' } }),
  );
  for (const Key of ['a', 'b', 'a']) {
    await doomed.send(new PutObjectCommand({ Bucket: 'doomed-a', Key, Body: Buffer.alloc(100_000, Key) }));
  }
  await doomed.send(new DeleteObjectCommand({ Bucket: 'doomed-a', Key: 'b' }));
  const upload = { Bucket: 'doomed-a', Key: 'open' };
  const { UploadId } = await doomed.send(new CreateMultipartUploadCommand(upload));
  await doomed.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: Buffer.alloc(5 * MIB) }));
  await doomed.send(new CreateBucketCommand({ Bucket: 'doomed-b', ObjectLockEnabledForBucket: true }));
  const governed = {
    ObjectLockMode: 'GOVERNANCE',
    ObjectLockRetainUntilDate: new Date(Date.now() + 3_600_000),
  } as const;
  await doomed.send(new PutObjectCommand({ Bucket: 'doomed-b', Key: 'governed', Body: 'y', ...governed }));
  const ObjectLockRetainUntilDate = new Date(Math.ceil(Date.now() / 1000) * 1000 + 8000);
  const strict = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate } as const;
  await doomed.send(new PutObjectCommand({ Bucket: 'doomed-b', Key: 'strict', Body: 'x', ...strict }));

  // Not by mistake, not while it is used, not what the law keeps. By the API, before the lock is over on any machine.
  const locked = admin(gateway, 'DELETE', '/admin/tenants/doomed?confirm=doomed');
  await expect(locked).rejects.toThrow(/Object lock keeps 1 versions/);
  await until(() => Date.now() > ObjectLockRetainUntilDate.getTime()).toBe(true);
  const theirs = new Set<string>();
  for (const bucket of ['doomed-a', 'doomed-b']) {
    const { backends } = await admin<{ backends: object }>(gateway, 'GET', `/proxy/buckets/doomed/${bucket}`);
    for (const name of Object.values(backends)) theirs.add(String(name));
  }
  // Five versions, three copies each, and those of the part.
  await until(() => files().filter((file) => file.includes('/b@/')).length).toBe(3 + 18);
  expect(bucketDirs().filter((name) => theirs.has(name)).length).toBeGreaterThanOrEqual(6);
  expect(await tenant('delete', 'doomed')).toMatchObject({ code: 2 });
  expect((await tenant('delete', 'doomed', '--yes')).stderr).toContain('Suspend the tenant first');
  expect(await tenant('update', 'doomed', '--state', 'suspended')).toMatchObject({ code: 0 });

  const report = join(gateway.dataDir, 'doomed.erasure');
  const gone = await tenant('delete', 'doomed', '--yes', '--wait', '--out', report, '--json');
  expect(gone).toMatchObject({ code: 0, stderr: '' });
  const shown = JSON.parse(gone.stdout) as Shown;
  expect(shown).toMatchObject({ found: { buckets: 2, versions: 5 }, trouble: null });
  const sum = (of: 'confirmedCopies' | 'waitingCopies') => shown.backends.reduce((all, one) => all + one[of], 0);
  expect([sum('confirmedCopies'), sum('waitingCopies')]).toEqual([18, 0]);
  expect(files().filter((file) => file.includes('/b@/')).length).toBe(3);
  await expect(doomed.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
  expect(await sealgate(gateway, ['evidence', 'verify', report, '--key', keyFile])).toMatchObject({ code: 0 });

  // Once no write that was under way can leave anything, the physical buckets go too, with their recovery manifests.
  await until(async () => (await erasure()).state).toBe('done');
  expect(await erasure()).toMatchObject({ physicalBucketsLeft: 0 });
  await until(() => bucketDirs().filter((name) => theirs.has(name))).toEqual([]);
  expect(bucketDirs()).toEqual(expect.arrayContaining(before));
  await until(async () => (await tenant('erasure', 'doomed', '--out', report)).code).toBe(0);
  expect(readFileSync(report, 'utf8')).toContain('"state":"done"');
  const exported = join(gateway.dataDir, 'log');
  mkdirSync(exported);
  expect((await sealgate(gateway, ['audit', 'export', '--out', exported])).code).toBe(0);
  const verify = (...args: readonly string[]) => sealgate(gateway, ['evidence', 'verify', ...args, '--key', keyFile]);
  const verified = await verify(report, '--export', exported, '--json');
  expect(verified).toMatchObject({ code: 0 });
  expect(JSON.parse(verified.stdout)).toMatchObject({ verified: true, complete: true, report: { state: 'done' } });
  const changed = join(gateway.dataDir, 'changed.erasure');
  writeFileSync(changed, readFileSync(report, 'utf8').replace('"copies":', '"copies":1'));
  expect(await verify(changed)).toMatchObject({ code: 4 });

  // Others are as they were, and the name is not given again.
  const kept = await s3.send(new GetObjectCommand({ Bucket: 'stays', Key: 'kept' }));
  expect(await kept.Body?.transformToString()).toBe('kept');
  expect((await tenant('create', 'doomed')).stderr).toContain('There is a tenant of this name already');
  expect(existsSync(report)).toBe(true);
});
