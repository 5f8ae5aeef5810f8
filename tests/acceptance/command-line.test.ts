// What scripts and people rely on when they use the command line: exit codes, JSON, pipes, keys, interrupted uploads.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanEnv, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { type HeldRequests, holdRequests } from '../support/held-requests.ts';
import { newClient } from '../support/s3-client.ts';
import { contentOf, filesBelow } from '../support/stored-files.ts';

const bin = fileURLToPath(new URL('../../apps/cli/bin/sealgate.mjs', import.meta.url));
const MIB = 1024 * 1024;

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
  writeFileSync(file('a'), 'a');
  expect((await cli(['bucket', 'create', 'vault'])).code).toBe(0);
});
afterAll(async () => {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const file = (name: string): string => join(gateway.dataDir, name);
const stateDir = (): string => file('state');
type Env = Readonly<Record<string, string>>;

function cli(args: readonly string[], options: { readonly env?: Env; readonly input?: string | Buffer } = {}) {
  return sealgate(gateway, args, { ...options, env: { XDG_STATE_HOME: stateDir(), ...options.env } });
}

/** Expects success and gives what it printed. */
async function done(args: readonly string[], options: { readonly env?: Env; readonly input?: string | Buffer } = {}) {
  const { code, stdout, stderr } = await cli(args, options);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.any(String) as string });
  return { stdout, stderr };
}

describe('exit codes', () => {
  test('1 for what is not there, with a way out', async () => {
    expect(await cli(['get', 's3://vault/none', 'out'])).toMatchObject({ code: 1, stdout: '' });
    const put = await cli(['put', 'a', 's3://no-such-bucket/a']);
    expect(put.code).toBe(1);
    expect(put.stderr).toContain('sealgate bucket create no-such-bucket');
    expect(put.stderr).not.toMatch(/^\s+at /m);
  });

  test('2 for wrong usage', async () => {
    for (const args of [
      ['frob'],
      ['put', 'a'],
      ['put', 'a', 'not-an-address'],
      ['get', 's3://vault/a', '-', '--range', 'x'],
    ]) {
      expect({ args, code: (await cli(args)).code }).toEqual({ args, code: 2 });
    }
  });

  test('3 for what a strict bucket refuses', async () => {
    const put = await cli(['put', '--plain', 'a', 's3://vault/plain']);
    expect({ code: put.code, stderr: put.stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('--plain') as string,
    });
  });

  test('4 for an object that is not sealed, unless plain bytes are asked for', async () => {
    await done(['bucket', 'create', 'open', '--encryption', 'off']);
    await done(['put', '--plain', 'a', 's3://open/a']);
    expect((await cli(['get', 's3://open/a', 'out'])).code).toBe(4);
    expect(existsSync(file('out'))).toBe(false);
    await done(['get', '--plain', 's3://open/a', 'out']);
    expect(readFileSync(file('out'), 'utf8')).toBe('a');
  });

  test('failures are JSON for machines', async () => {
    const { code, stderr } = await cli(['get', '--json', 's3://vault/none', 'out2']);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'NoSuchKey', exitCode: 1 } });
  });
});

test('pipes carry an object both ways', async () => {
  const text = 'line of text\n'.repeat(50_000);
  await done(['put', '-', 's3://vault/dir/piped'], { input: text });
  expect((await done(['get', 's3://vault/dir/piped', '-'])).stdout).toBe(text);
  expect((await done(['get', 's3://vault/dir/piped', '-', '--range', '5-11'])).stdout).toBe('of text');
  expect((await done(['get', 's3://vault/dir/piped', '-', '--range=-5'])).stdout).toBe('text\n');
});

test('a reader that goes away is no failure with a stack', async () => {
  const env = { ...cleanEnv(), SEALGATE_DATA_DIR: gateway.dataDir, HOME: gateway.dataDir };
  const child = spawn(process.execPath, [bin, 'ls', '-r', 's3://vault'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  expect(stderr).toBe('');
});

test('listings, stat and removal', async () => {
  await done(['put', '-', 's3://vault/dir/b'], { input: 'b' });
  const folders = (await done(['ls', '--json', 's3://vault'])).stdout.trim().split('\n');
  expect(folders.map((line) => JSON.parse(line) as object)).toContainEqual({ prefix: 'dir/' });
  const stat = JSON.parse((await done(['stat', '--json', 's3://vault/dir/b'])).stdout) as Record<string, unknown>;
  expect(stat).toMatchObject({
    sealed: true,
    plaintextBytes: 1,
    verdict: 'sealed:sgo1',
    redundancyClass: 'StandardClass',
  });
  expect((await done(['stat', 's3://vault/dir/b'])).stdout).toContain('which you have');
  await done(['put', 'a', 's3://vault/dir/c', '--class', 'RegionalClass', '--content-type', 'text/plain']);
  const other = JSON.parse((await done(['stat', '--json', 's3://vault/dir/c'])).stdout) as Record<string, unknown>;
  expect(other).toMatchObject({ redundancyClass: 'RegionalClass', contentType: 'text/plain' });
  expect((await cli(['put', 'a', 's3://vault/dir/c', '--if-absent'])).code).toBe(1);
  await done(['rm', 's3://vault/dir/b']);
  expect((await done(['ls', '-r', 's3://vault/dir/'])).stdout).not.toContain('dir/b');
  await done(['rm', '-r', 's3://vault/dir/']);
  expect((await done(['ls', '-r', 's3://vault/dir/'])).stdout).toBe('');
});

describe('keys', () => {
  const home = (name: string): Env => ({ XDG_CONFIG_HOME: file(name) });

  test('the first put makes one and says so, the second does not', async () => {
    const first = await done(['put', 'a', 's3://vault/first'], { env: home('keys-first') });
    expect(first.stderr).toContain('Made your first key pair');
    expect((await done(['put', 'a', 's3://vault/first'], { env: home('keys-first') })).stderr).toBe('');
  });

  test('a protected key seals without its passphrase and opens only with it', async () => {
    const env = home('keys-protected');
    await done(['keys', 'create'], { env: { ...env, SEALGATE_PASSPHRASE: 'correct horse' } });
    await done(['put', 'a', 's3://vault/protected'], { env });
    const get = (passphrase: Env) => cli(['get', 's3://vault/protected', 'opened'], { env: { ...env, ...passphrase } });
    expect(await get({})).toMatchObject({ code: 1, stderr: expect.stringContaining('SEALGATE_PASSPHRASE') as string });
    expect((await get({ SEALGATE_PASSPHRASE: 'wrong' })).code).toBe(1);
    expect(existsSync(file('opened'))).toBe(false);
    expect((await get({ SEALGATE_PASSPHRASE: 'correct horse' })).code).toBe(0);
  });

  test('an object sealed to two keys opens with either, and with no other', async () => {
    const [owner, recovery, stranger] = [home('keys-owner'), home('keys-recovery'), home('keys-stranger')];
    await done(['keys', 'create', '--no-passphrase'], { env: owner });
    await done(['keys', 'create', '--kind', 'RSA-3072', '--no-passphrase'], { env: recovery });
    writeFileSync(file('recovery.jwk'), (await done(['keys', 'export'], { env: recovery })).stdout);
    expect(readFileSync(file('recovery.jwk'), 'utf8')).not.toContain('"d"');
    await done(['keys', 'import', 'recovery.jwk', '--name', 'recovery', '--add'], { env: owner });
    await done(['put', 'a', 's3://vault/shared'], { env: owner });
    for (const env of [owner, recovery]) {
      expect((await done(['get', 's3://vault/shared', '-'], { env })).stdout).toBe('a');
    }
    await done(['keys', 'create', '--no-passphrase'], { env: stranger });
    expect((await cli(['get', 's3://vault/shared', 'stolen'], { env: stranger })).code).toBe(4);
    expect(existsSync(file('stolen'))).toBe(false);
  });
});

test('another tenant needs its S3 keys only: the gateway tells whose bucket it is', async () => {
  const created = await done(['tenant', 'create', 'acme', '--json']);
  const tenant = JSON.parse(created.stdout) as { credentials: { accessKeyId: string; secretAccessKey: string }[] };
  expect(tenant).toMatchObject({
    name: 'acme',
    id: expect.any(String) as string,
    ownerId: expect.any(String) as string,
  });
  const { accessKeyId, secretAccessKey } = tenant.credentials[0]!;
  const env = {
    AWS_ENDPOINT_URL: gateway.credentials.s3Endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    SEALGATE_DATA_DIR: file('nowhere'),
  };
  await done(['bucket', 'create', 'acme-vault', '--region-lock', 'EU'], { env });
  await done(['put', 'a', 's3://acme-vault/a'], { env });
  expect((await done(['get', 's3://acme-vault/a', '-'], { env })).stdout).toBe('a');
  expect((await cli(['get', 's3://vault/first', '-'], { env })).code).toBe(1);
  expect((await cli(['tenant', 'list'], { env })).code).toBe(1);
});

describe('an interrupted upload', () => {
  /** Keys of the uploads that the gateway still knows. */
  async function s3Uploads(): Promise<readonly unknown[]> {
    const s3 = newClient(gateway.credentials);
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'vault' }));
    s3.destroy();
    return Uploads.map(({ Key }) => Key);
  }

  const size = 24 * MIB;
  /** Through which all of it goes, so that an upload is never over before it is interrupted. */
  let proxy: HeldRequests;
  const credentials = () => file('credentials.json');
  let own: string;
  beforeAll(async () => {
    proxy = await holdRequests(
      gateway.credentials.s3Endpoint,
      ({ method, url }) => method === 'PUT' && url?.includes('partNumber=') === true,
    );
    own = readFileSync(credentials(), 'utf8');
    writeFileSync(credentials(), JSON.stringify({ ...(JSON.parse(own) as object), s3Endpoint: proxy.endpoint }));
  });
  afterAll(async () => {
    writeFileSync(credentials(), own);
    await proxy.close();
  });

  const env = (): Env => ({
    ...cleanEnv(),
    SEALGATE_DATA_DIR: gateway.dataDir,
    HOME: gateway.dataDir,
    XDG_CONFIG_HOME: file('config'),
    XDG_STATE_HOME: stateDir(),
  });
  const journals = (): string[] => {
    return filesBelow(join(stateDir(), 'sealgate', 'uploads'), { mayBeMissing: true })
      .filter((path) => path.endsWith('.jsonl'))
      .flatMap((path) => contentOf(path)?.toString() ?? []);
  };

  /** Kills a put when its journal names a stored part, and the others are held. */
  async function interrupt(name: string, signal: NodeJS.Signals): Promise<void> {
    const held = proxy.hold(1);
    const args = [bin, 'put', name, `s3://vault/${name}`];
    const child: ChildProcess = spawn(process.execPath, args, { cwd: gateway.dataDir, env: env(), stdio: 'ignore' });
    const exited = once(child, 'exit');
    await Promise.race([held, exited]);
    await expect.poll(() => journals().map((text) => text.trim().split('\n').length)).toEqual([2]);
    child.kill(signal);
    await exited;
    proxy.release();
    expect(journals()).toHaveLength(1);
  }

  test.each(['SIGKILL', 'SIGINT'] as const)('by %s goes on where it stopped', async (signal) => {
    const name = `big-${signal}`;
    const bytes = randomBytes(size);
    writeFileSync(file(name), bytes);
    await interrupt(name, signal);
    expect((await done(['put', name, `s3://vault/${name}`])).stderr).toMatch(/Going on .* parts are stored/);
    expect(journals()).toEqual([]);
    await done(['get', `s3://vault/${name}`, `${name}.out`]);
    expect(readFileSync(file(`${name}.out`)).equals(bytes)).toBe(true);
  });

  test.skipIf(process.platform === 'win32')('while it waits for the writer of a named pipe it ends', async () => {
    execFileSync('mkfifo', [file('pipe')]);
    const options = { cwd: gateway.dataDir, env: env(), stdio: 'ignore' } as const;
    const child = spawn(process.execPath, [bin, 'put', 'pipe', 's3://vault/pipe'], options);
    const exited = once(child, 'exit');
    // The first signal asks, the second one ends. Before its handlers are there one is enough.
    const timer = setInterval(() => child.kill('SIGINT'), 300);
    const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null];
    clearInterval(timer);
    expect(signal ?? code).toBe('SIGINT');
  });

  test('starts anew when the file has changed', async () => {
    writeFileSync(file('changing'), randomBytes(size));
    await interrupt('changing', 'SIGKILL');
    const bytes = randomBytes(size);
    writeFileSync(file('changing'), bytes);
    expect((await done(['put', 'changing', 's3://vault/changing'])).stderr).not.toContain('Going on');
    await done(['get', 's3://vault/changing', 'changing.out']);
    expect(readFileSync(file('changing.out')).equals(bytes)).toBe(true);
  });

  test('that the gateway refuses for good is forgotten on both sides', async () => {
    const policy = { apiVersion: 'sealgate/v1', kind: 'Policy', metadata: { name: 'rsa-only' } };
    writeFileSync(
      file('rsa.yaml'),
      JSON.stringify({ ...policy, spec: { encryption: { mode: 'required', keyAlgorithms: ['RSA-OAEP-256'] } } }),
    );
    await done(['policy', 'apply', 'rsa.yaml']);
    writeFileSync(file('refused'), randomBytes(size));
    await interrupt('refused', 'SIGKILL');
    await done(['bucket', 'policy', 'vault', '--policy', 'rsa-only']);
    const put = await cli(['put', 'refused', 's3://vault/refused']);
    expect(put).toMatchObject({ code: 3, stderr: expect.stringMatching(/Going on[^]*not a sealed object/) as string });
    expect(put.stderr).not.toContain('goes on where it stopped');
    expect(journals()).toEqual([]);
    expect(await s3Uploads()).toEqual([]);
    await done(['bucket', 'policy', 'vault', '--policy', 'none']);
    expect((await done(['put', 'refused', 's3://vault/refused'])).stderr).not.toContain('Going on');
  });

  test('goes on with no keys but those that objects are sealed to now', async () => {
    const bytes = randomBytes(size);
    writeFileSync(file('rotated'), bytes);
    await interrupt('rotated', 'SIGKILL');
    const { keyId } = JSON.parse((await done(['keys', 'create', '--no-passphrase', '--use', '--json'])).stdout) as {
      keyId: string;
    };
    const put = await done(['put', 'rotated', 's3://vault/rotated']);
    expect(put.stderr).toContain(
      'The keys that objects are sealed to have changed since the upload began. Starting anew.',
    );
    const stat = JSON.parse((await done(['stat', '--json', 's3://vault/rotated'])).stdout) as { keyIds: string[] };
    expect(stat.keyIds).toEqual([keyId]);
    expect(await s3Uploads()).toEqual([]);
    await done(['get', 's3://vault/rotated', 'rotated.out']);
    expect(readFileSync(file('rotated.out')).equals(bytes)).toBe(true);
  });
});
