import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import {
  cleanEnv,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { removeFolder } from '../support/stored-files.ts';

const folders: string[] = [];
afterAll(() => folders.forEach(removeDataDir));

function folder(): string {
  const made = newDataDir();
  folders.push(made);
  return made;
}

async function withGateway<T>(
  options: Parameters<typeof startGateway>[0],
  work: (gateway: GatewayProcess) => Promise<T>,
): Promise<T> {
  const gateway = await startGateway(options);
  try {
    return await work(gateway);
  } finally {
    expect(await gateway.stop()).toBe(0);
  }
}

const control = (gateway: GatewayProcess, path: string): Promise<Response> =>
  fetch(`${gateway.credentials.controlEndpoint}${path}`, { headers: { 'x-admin-key': gateway.credentials.adminKey } });

async function openBucket(s3: S3Client, gateway: GatewayProcess, name: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  const { controlEndpoint, adminKey, tenant } = gateway.credentials;
  const changed = await fetch(`${controlEndpoint}/admin/tenants/${tenant}/buckets/${name}`, {
    method: 'PATCH',
    headers: { 'x-admin-key': adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({ encryption: 'off' }),
  });
  expect(changed.status).toBe(200);
}

const textOf = async (s3: S3Client, key: string): Promise<string | undefined> =>
  (await s3.send(new GetObjectCommand({ Bucket: 'plain', Key: key }))).Body?.transformToString();

test('the first start makes everything; the second one finds it', async () => {
  const dataDir = folder();
  const first = await withGateway({ dataDir }, async (gateway) => {
    const file = join(dataDir, 'credentials.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object)).toEqual([
      's3Endpoint',
      'controlEndpoint',
      'region',
      'tenant',
      'accessKeyId',
      'secretAccessKey',
      'adminKey',
    ]);
    const { items } = (await (await control(gateway, '/admin/backends')).json()) as {
      items: { id: string; country: string; region: string; jurisdiction: string; state: string }[];
    };
    const european = items.filter(({ jurisdiction }) => jurisdiction === 'EU');
    expect([items.length, european.length]).toEqual([7, 6]);
    expect(items.filter(({ country }) => country === 'US')).toHaveLength(1);
    expect(new Set(european.map(({ country }) => country)).size).toBeGreaterThanOrEqual(4);
    expect(new Set(european.map(({ region }) => region)).size).toBeGreaterThanOrEqual(4);
    expect(european.length).toBeGreaterThan(new Set(european.map(({ country }) => country)).size);
    await until(async () => {
      const answer = (await (await control(gateway, '/admin/backends')).json()) as { items: { state: string }[] };
      return answer.items.every(({ state }) => state === 'healthy');
    });
    expect(readdirSync(join(dataDir, 'backends')).sort()).toEqual(items.map(({ id }) => id).sort());

    const s3 = newClient(gateway.credentials);
    await openBucket(s3, gateway, 'plain');
    await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'kept', Body: 'across restarts' }));
    expect(gateway.log()).toContain(gateway.credentials.s3Endpoint);
    for (const secret of [gateway.credentials.secretAccessKey, gateway.credentials.adminKey]) {
      expect(gateway.log()).not.toContain(secret);
    }
    return gateway.credentials;
  });
  await withGateway({ dataDir, env: { SEALGATE_LOG_LEVEL: 'trace' } }, async (gateway) => {
    // With the same keys.
    const { s3Endpoint: _s3, controlEndpoint: _control, ...kept } = first;
    expect(gateway.credentials).toMatchObject(kept);
    expect(await textOf(newClient(gateway.credentials), 'kept')).toBe('across restarts');
    const secrets = readFileSync(join(dataDir, 'secrets.json'), 'utf8');
    const { tenantSecretPassphrase } = JSON.parse(secrets) as { tenantSecretPassphrase: string };
    for (const secret of [first.secretAccessKey, first.adminKey, tenantSecretPassphrase]) {
      expect(gateway.log()).not.toContain(secret);
    }
  });
});

test('with two workers a killed one is replaced, and metrics are of all processes', async () => {
  await withGateway({ dataDir: folder(), env: { SEALGATE_WORKERS: '2' } }, async (gateway) => {
    const s3 = newClient(gateway.credentials);
    await openBucket(s3, gateway, 'plain');
    const workers = childrenRunning(gateway.pid, 'worker.ts');
    expect(workers).toHaveLength(2);
    process.kill(workers[0] ?? 0, 'SIGKILL');
    await until(() => {
      const now = childrenRunning(gateway.pid, 'worker.ts');
      return now.length === 2 && !now.includes(workers[0] ?? 0);
    });
    await until(() => gateway.log().includes('worker is back'));
    // One connection a request, so that both workers get some.
    for (let i = 0; i < 8; i += 1) {
      const once = newClient(gateway.credentials);
      await once.send(new PutObjectCommand({ Bucket: 'plain', Key: `k${i}`, Body: 'x' }));
      once.destroy();
    }
    for (let i = 0; i < 8; i += 1) expect(await textOf(s3, `k${i}`)).toBe('x');
    // A request is counted once its answer is out.
    const puts = async () => {
      const metrics = await (await control(gateway, '/metrics')).text();
      const counted = /sealgate_requests_total\{listener="s3",operation="PutObject",status="200"\} (\d+)/.exec(metrics);
      return Number(counted?.[1]);
    };
    await expect.poll(puts).toBe(8);
  });
});

test('a lost provider is noticed, writes go elsewhere, and everything still reads', async () => {
  const dataDir = folder();
  const env = { SEALGATE_HEALTH_PROBE_INTERVAL_MS: '200' };
  await withGateway({ dataDir, env }, async (gateway) => {
    const s3 = newClient(gateway.credentials);
    await openBucket(s3, gateway, 'plain');
    await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'before', Body: 'three copies' }));
    // A copy that is still written where the folder goes would be another test.
    await untilStored(gateway, 'plain', ['before']);
    const stat = await sealgate(gateway, ['stat', 's3://plain/before', '--json']);
    expect(stat.code, stat.stderr).toBe(0);
    const [lost] = /demo-[a-z]{3}/.exec(stat.stdout) ?? [];
    removeFolder(join(dataDir, 'backends', lost ?? ''));
    await until(async () => {
      const { state } = (await (await control(gateway, `/admin/backends/${lost}`)).json()) as { state: string };
      return state === 'unhealthy';
    });
    expect(await textOf(s3, 'before')).toBe('three copies');
    await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'after', Body: 'on the others' }));
    expect(await textOf(s3, 'after')).toBe('on the others');
    expect(existsSync(join(dataDir, 'backends', lost ?? ''))).toBe(false);
  });
});

test('SIGTERM lets a request under way finish, refuses new ones and says so', async () => {
  const gateway = await startGateway({ dataDir: folder() });
  const s3 = newClient(gateway.credentials, { requestChecksumCalculation: 'WHEN_REQUIRED' });
  await openBucket(s3, gateway, 'plain');
  const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket: 'plain', Key: 'slow' }));
  const put = request(url, { method: 'PUT', headers: { 'content-length': 600_000 } });
  const answered = once(put, 'response') as Promise<[IncomingMessage]>;
  put.write(Buffer.alloc(300_000));
  await until(async () => (await (await control(gateway, '/metrics')).text()).includes('in_flight{listener="s3"} 1'));
  const stopped = gateway.stop();
  await until(async () => (await control(gateway, '/readyz')).status === 503);
  await expect(newClient(gateway.credentials, { maxAttempts: 1 }).send(new ListBucketsCommand({}))).rejects.toThrow();
  put.end(Buffer.alloc(300_000));
  const [response] = await answered;
  expect(response.statusCode).toBe(200);
  response.resume();
  expect(await stopped).toBe(0);
});

test('who ends `npm start` ends the gateway', async () => {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const ports = { SEALGATE_S3_PORT: '0', SEALGATE_CONTROL_PORT: '0' };
  const env = { ...cleanEnv(), SEALGATE_DATA_DIR: folder(), ...ports };
  const npm = spawn('npm', ['start'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  // They close when the last process that writes to them is gone, whoever its parent is by then.
  const writers = { gone: false };
  npm.once('close', () => {
    writers.gone = true;
  });
  try {
    await expect.poll(() => log, { timeout: 180_000 }).toContain('Sealgate is ready');
    npm.kill('SIGTERM');
    await expect.poll(() => writers.gone, { timeout: 120_000 }).toBe(true);
  } finally {
    if (!writers.gone) process.kill(Number(/"process":(\d+)/.exec(log)?.[1] ?? npm.pid), 'SIGKILL');
  }
});

test('a start that cannot be says why and what to do', async () => {
  const dataDir = folder();
  const wrong = await serve(dataDir, { SEALGATE_S3_PROT: '1', SEALGATE_WORKERS: 'many' });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('did you mean SEALGATE_S3_PORT?');
  expect(wrong.stderr).toContain('SEALGATE_WORKERS must be a whole number');
  expect(wrong.stderr).not.toMatch(/\n\s+at /);

  await withGateway({ dataDir }, async () => {
    const second = await serve(dataDir, {});
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/in use/i);
    expect(second.stderr).toContain(dataDir);
    expect(second.stderr).not.toMatch(/\n\s+at /);
  });

  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const port = String((taken.address() as { port: number }).port);
  const refused = await serve(dataDir, { SEALGATE_S3_PORT: port });
  taken.close();
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`127.0.0.1:${port} is taken`);
});

test.each([
  [{ SEALGATE_HOST: '999.1.1.1' }, 'Set SEALGATE_HOST to an address of this machine.'],
  [{ SEALGATE_DATA_DIR: import.meta.filename }, 'it is not a directory. Set SEALGATE_DATA_DIR to another one.'],
  // Nothing can be made there, and the system says of what is there that it is not.
  [{ SEALGATE_DATA_DIR: '/proc/sealgate/data' }, '/proc/sealgate/data cannot be used'],
  [
    {
      DATABASE_URL: 'postgres://ada:secret-word@127.0.0.1:1/sealgate',
      ADMIN_API_KEY: 'an admin key of this test',
      TENANT_SECRET_PASSPHRASE: 'a passphrase of this test',
    },
    'The database that DATABASE_URL names cannot be used: connect ECONNREFUSED 127.0.0.1:1. Start it, or correct the setting.',
  ],
])('a start with %j ends and says what to do', async (env, message) => {
  const { code, stderr } = await serve(folder(), env);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) as string });
  expect(stderr).not.toMatch(/\n\s+at |secret-word/);
});

function serve(dataDir: string, env: Readonly<Record<string, string>>) {
  return new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) => {
    const bin = new URL('../../apps/cli/bin/sealgate.mjs', import.meta.url).pathname;
    const ports = { SEALGATE_S3_PORT: '0', SEALGATE_CONTROL_PORT: '0', SEALGATE_DATA_DIR: dataDir };
    const child = spawn(process.execPath, [bin, 'serve'], {
      cwd: dataDir,
      env: { ...cleanEnv(), ...ports, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('close', (code) => resolve({ code, stderr }));
  });
}

/** Pids below `pid` whose command line has this word. Linux only, like the tests that need it. */
function childrenRunning(pid: number, word: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = /^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return Number(parent) === pid && command.includes(word) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to be in 120 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
