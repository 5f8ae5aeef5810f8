import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent, startAgent } from '../support/agent.ts';
import { untilStored } from '../support/copies.ts';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow, removeFolder } from '../support/stored-files.ts';

interface JobAnswer {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly progress: { readonly done: number; readonly total: number };
  readonly target_backends: readonly string[];
  readonly last_error: string | null;
}
interface StatAnswer {
  readonly blobs: readonly {
    readonly blobId: string;
    readonly replicas: readonly { readonly backend: string; readonly state: string }[];
  }[];
}

const EUROPE = ['demo-hel', 'demo-tmp', 'demo-fra', 'demo-par', 'demo-ams', 'demo-sto'];
const dataDir = newDataDir();
let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway({ dataDir });
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(dataDir);
});

const stat = (bucket: string, key: string) =>
  admin<StatAnswer>(gateway, 'GET', `/admin/stat/${gateway.credentials.tenant}/${bucket}?key=${key}`);
const job = (id: string) => admin<JobAnswer>(gateway, 'GET', `/proxy/jobs/${id}`);
const over = (answer: JobAnswer) => answer.state !== 'waiting' && answer.state !== 'active';

/** Whether a file named after the blob lies below the backend's folder. */
const holds = (backend: string, blobId: string) =>
  filesBelow(join(dataDir, 'backends', backend)).some((path) => path.includes(blobId));

async function put(bucket: string, key: string): Promise<{ readonly free: string; readonly blobId: string }> {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'the same bytes everywhere' }));
  await untilStored(gateway, bucket, [key]);
  const [blob] = (await stat(bucket, key)).blobs;
  const taken = blob?.replicas.map(({ backend }) => backend) ?? [];
  const free = EUROPE.find((id) => !taken.includes(id));
  return { free: free ?? '', blobId: blob?.blobId ?? '' };
}

test('a replication makes a copy where it was asked for, and says when it is verified', async () => {
  await createBucket(gateway, 'spread', { encryption: 'off', regionLock: ['EU'] });
  const { free, blobId } = await put('spread', 'report');
  const made = await sealgate(gateway, ['job', 'create', 's3://spread/report', '--to', free, '--json']);
  expect(made).toMatchObject({ code: 0 });
  const { id } = JSON.parse(made.stdout) as JobAnswer;
  const done = await until(() => job(id), over, { what: 'the job' });
  expect(done).toMatchObject({ state: 'done', kind: 'replicate', progress: { done: 1, total: 1 }, last_error: null });
  expect((await stat('spread', 'report')).blobs[0]?.replicas).toContainEqual(
    expect.objectContaining({ backend: free, state: 'stored' }),
  );
  expect(holds(free, blobId)).toBe(true);
  const listed = await sealgate(gateway, ['job', 'list', '--kind', 'replicate']);
  expect(listed.stdout).toContain(`s3://spread/report`);
  expect(listed.stdout).toContain('done');
});

test('a target that the policy does not admit is refused with the rule, and nothing is owed', async () => {
  await createBucket(gateway, 'at-home', { encryption: 'off', regionLock: ['EU'] });
  await put('at-home', 'report');
  const before = (await stat('at-home', 'report')).blobs;
  const refused = await sealgate(gateway, ['job', 'create', 's3://at-home/report', '--to', 'demo-iad', '--json']);
  expect(refused.code).toBe(3);
  expect(refused.stderr + refused.stdout).toMatch(/region/);
  expect((await stat('at-home', 'report')).blobs).toEqual(before);
});

test('a target outside of what the object itself asked for is refused, at a job and at the registration of an upload', async () => {
  await createBucket(gateway, 'wishes', { encryption: 'off' });
  await s3.send(
    new PutObjectCommand({ Bucket: 'wishes', Key: 'report', Body: 'x', Tagging: 'residency=FI%20DE%20FR' }),
  );
  await untilStored(gateway, 'wishes', ['report']);
  const before = (await stat('wishes', 'report')).blobs;
  const refused = await sealgate(gateway, ['job', 'create', 's3://wishes/report', '--to', 'demo-iad', '--json']);
  expect([refused.code, refused.stderr + refused.stdout]).toEqual([3, expect.stringMatching(/region/)]);
  expect((await stat('wishes', 'report')).blobs).toEqual(before);
  const place = { tenant: gateway.credentials.tenant, bucket: 'wishes', object_key: 'direct', residency: 'FI' };
  const targets = { targets: ['demo-iad'], backends: { 'demo-hel': { url: 's3://some-bucket' } } };
  await expect(admin(gateway, 'POST', '/proxy/objects', { ...place, ...targets })).rejects.toThrow(/demo-iad/);
});

test('background work keeps to the limits of a backend, clients do not, and a change of them holds at once', async () => {
  await createBucket(gateway, 'held', { encryption: 'off', regionLock: ['EU'] });
  const body = randomBytes(16 * 1024 * 1024);
  await s3.send(new PutObjectCommand({ Bucket: 'held', Key: 'large', Body: body }));
  const before = await until(
    () => stat('held', 'large'),
    ({ blobs }) => blobs[0]?.replicas.every(({ state }) => state === 'stored') === true,
    { what: 'all copies' },
  );
  const taken = before.blobs[0]?.replicas.map(({ backend }) => backend) ?? [];
  const free = EUROPE.find((id) => !taken.includes(id)) ?? '';
  // A second for each 256 KiB: the copy would take more than a minute.
  const slow = { bytesPerSecond: 256 * 1024 };
  for (const id of EUROPE) await admin(gateway, 'PUT', `/admin/backends/${id}/background-limits`, slow);
  const made = await sealgate(gateway, ['job', 'create', 's3://held/large', '--to', free, '--json']);
  const { id } = JSON.parse(made.stdout) as JobAnswer;
  await until(
    () => job(id),
    ({ state }) => state === 'active',
    { what: 'the job at work' },
  );
  await s3.send(new PutObjectCommand({ Bucket: 'held', Key: 'other', Body: body }));
  const read = await s3.send(new GetObjectCommand({ Bucket: 'held', Key: 'large' }));
  expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
  expect(await job(id)).toMatchObject({ state: 'active' });

  const limits = ['--background-bandwidth', 'none', '--background-concurrency', '4'];
  for (const each of EUROPE) expect((await sealgate(gateway, ['backend', 'limit', each, ...limits])).code).toBe(0);
  const shown = await sealgate(gateway, ['backend', 'show', free]);
  expect(shown.stdout).toMatch(/background +4 at once/);
  expect((await sealgate(gateway, ['backend', 'list'])).stdout).toContain('4 at once');
  expect(await until(() => job(id), over, { what: 'the job without a bound' })).toMatchObject({ state: 'done' });
  const refused = await sealgate(gateway, ['backend', 'limit', free, '--background-bandwidth', '1KiB']);
  expect(refused.code).not.toBe(0);
});

test('a backend in the custody of an agent is as the agent finds it', async () => {
  const folder = join(dataDir, 'kept');
  mkdirSync(folder);
  await admin(gateway, 'POST', '/admin/add-storage', {
    ...{ id: 'kept', type: 'filesystem', endpoint: folder, custody: 'agent', provider: 'own' },
    ...{ region: 'fi-kept', country: 'FI', jurisdiction: 'EU' },
  });
  const untilState = (wanted: string, what: string) =>
    until(
      () => admin<{ state: string }>(gateway, 'GET', '/admin/backends/kept'),
      ({ state }) => state === wanted,
      { what },
    );
  await untilState('unhealthy', 'that nobody has it');
  const agent = await startAgent(gateway, 'keeper', {
    token: await createAgent(gateway, 'keeper'),
    backends: { kept: folder },
  });
  try {
    await untilState('healthy', 'that its agent is there');
    removeFolder(folder);
    await untilState('unhealthy', 'that its agent cannot use it');
  } finally {
    await agent.stop();
  }
});

test('without workers a job waits, can be cancelled and tried again; repairs stand in the same list', async () => {
  const dir = newDataDir();
  const idle = await startGateway({ dataDir: dir, env: { SEALGATE_BACKGROUND_WORK: 'false' } });
  try {
    const { tenant } = idle.credentials;
    await createBucket(idle, 'later', { encryption: 'off' });
    await newClient(idle.credentials).send(new PutObjectCommand({ Bucket: 'later', Key: 'report', Body: 'bytes' }));
    const copies = async () =>
      (await admin<StatAnswer>(idle, 'GET', `/admin/stat/${tenant}/later?key=report`)).blobs[0]?.replicas ?? [];
    const before = await until(copies, (all) => all.every(({ state }) => state === 'stored'), { what: 'three copies' });
    const free = ['demo-hel', 'demo-fra', 'demo-par', 'demo-ams'].find(
      (id) => !before.some(({ backend }) => backend === id),
    );
    const create = ['job', 'create', 's3://later/report', '--to', free ?? '', '--json'];
    const sealed = await sealgate(idle, [...create, '--encryption-required']);
    expect(sealed.code).not.toBe(0);
    const { id } = JSON.parse((await sealgate(idle, create)).stdout) as JobAnswer;
    // The same request is the same job.
    expect(JSON.parse((await sealgate(idle, create)).stdout)).toMatchObject({ id, state: 'waiting' });
    expect(await copies()).toHaveLength(before.length + 1);
    await sealgate(idle, ['job', 'cancel', id]);
    expect(await copies()).toEqual(before);
    expect((await sealgate(idle, ['job', 'retry', id])).code).toBe(0);
    expect(await copies()).toHaveLength(before.length + 1);

    // Every provider of it came back empty; a reader finds out.
    for (const { backend } of before) {
      removeFolder(join(dir, 'backends', backend));
      mkdirSync(join(dir, 'backends', backend));
    }
    const repairs = await until(
      async () => {
        await sealgate(idle, ['get', 's3://later/report', '-']);
        return await admin<{ items: readonly JobAnswer[] }>(idle, 'GET', '/proxy/jobs?kind=repair&limit=10');
      },
      ({ items }) => items.length > 0,
      { what: 'a repair in the list' },
    );
    expect(repairs.items[0]).toMatchObject({ kind: 'repair', state: 'waiting' });
  } finally {
    await idle.stop();
    removeDataDir(dir);
  }
});
