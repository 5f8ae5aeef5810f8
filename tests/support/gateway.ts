// Starts the real program as a user would and talks to it over HTTP and the command line only.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnswerCheck, createAnswerCheck } from '../../apps/gateway/src/control/described-answers.ts';
import { removeFolder } from './stored-files.ts';

const bin = fileURLToPath(new URL('../../apps/cli/bin/sealgate.mjs', import.meta.url));
const READY_MS = 180_000;
const STOP_MS = 120_000;
/** What is left of it may keep its outputs open. */
const LAST_WORDS_MS = 30_000;
/** Of one process: more than any test makes it write, so that what is not to be in it is looked for in all of it. */
const LOG_CHARS_MAX = 16 * 1024 * 1024;

export interface Credentials {
  readonly s3Endpoint: string;
  readonly controlEndpoint: string;
  readonly region: string;
  readonly tenant: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly adminKey: string;
}

export interface GatewayProcess {
  readonly dataDir: string;
  readonly credentials: Credentials;
  readonly pid: number;
  /** What it wrote. */
  log(): string;
  /** SIGTERM and wait; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL and wait. */
  kill(): Promise<void>;
}

/** A fresh folder that `cleanUp` removes. */
export function newDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'sealgate-test-'));
}

/** Also when a server that was killed has children that still end. */
export const removeDataDir = removeFolder;

/** Starts `sealgate serve` on free ports and waits until it is ready. */
export function startGateway(
  options: { readonly dataDir?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<GatewayProcess> {
  const dataDir = options.dataDir ?? newDataDir();
  return spawnGateway(dataDir, options.env ?? {}, () => readCredentials(dataDir));
}

/** Starts one of several gateways on a database that is not its own: nobody writes it a file of credentials. */
export function launchGateway(
  options: { readonly dataDir: string; readonly env: Readonly<Record<string, string>> } & Pick<
    Credentials,
    'region' | 'tenant' | 'accessKeyId' | 'secretAccessKey' | 'adminKey'
  >,
): Promise<GatewayProcess> {
  const { dataDir, env, ...keys } = options;
  return spawnGateway(dataDir, env, (log) => {
    const line = log.split('\n').find((each) => each.startsWith('{') && each.includes('"msg":"ready"'));
    if (line === undefined) return undefined;
    const { s3Endpoint, controlEndpoint } = JSON.parse(line) as Pick<Credentials, 's3Endpoint' | 'controlEndpoint'>;
    return { s3Endpoint, controlEndpoint, ...keys };
  });
}

async function spawnGateway(
  dataDir: string,
  env: Readonly<Record<string, string>>,
  credentialsIn: (log: string) => Credentials | undefined,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [bin, 'serve'], {
    cwd: dataDir,
    env: {
      ...cleanEnv(),
      SEALGATE_DATA_DIR: dataDir,
      SEALGATE_S3_PORT: '0',
      SEALGATE_CONTROL_PORT: '0',
      // Tests count what lies on backends; those of backups ask for them.
      SEALGATE_METADATA_BACKUP_INTERVAL_SECONDS: '0',
      SEALGATE_AUDIT_ARCHIVE_SECONDS: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-LOG_CHARS_MAX);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  // Comes behind its end, once all that it wrote was read.
  const closed = new Promise((resolve) => child.once('close', resolve));
  const credentials = await ready(
    { child, closed },
    () => credentialsIn(log),
    () => log,
  );
  return {
    dataDir,
    credentials,
    pid: child.pid ?? 0,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const [code] = await exited;
      clearTimeout(timer);
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The environment without anything that would point a client or a gateway elsewhere. */
export function cleanEnv(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined &&
      !/^(AWS_|SEALGATE_|DATABASE_URL|REDIS_URL|ADMIN_API_KEY|TENANT_SECRET|VITEST|NODE_ENV)/.test(name),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

async function ready(
  { child, closed }: { readonly child: ChildProcess; readonly closed: Promise<unknown> },
  known: () => Credentials | undefined,
  log: () => string,
): Promise<Credentials> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
      throw new Error(`the gateway ended before it was ready:\n${log()}`);
    }
    const credentials = known();
    if (credentials !== undefined && (await isReady(credentials))) return credentials;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  child.kill('SIGKILL');
  throw new Error(`the gateway was not ready in ${READY_MS} ms:\n${log()}`);
}

function readCredentials(dataDir: string): Credentials | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as Credentials;
  } catch {
    return undefined;
  }
}

async function isReady(credentials: Credentials): Promise<boolean> {
  try {
    const answer = await fetch(`${credentials.controlEndpoint}/readyz`);
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Output is bounded; a run that does not end is killed. */
export async function run(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Buffer;
    readonly timeoutMs?: number;
  } = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...cleanEnv(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString('latin1')).slice(-8 * 1024 * 1024);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-LOG_CHARS_MAX);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 300_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, stdout: Buffer.from(stdout, 'latin1').toString('utf8'), stderr };
}

/** Runs the command line of the project in `gateway`'s folder, with its own home for keys. */
export function sealgate(
  gateway: Pick<GatewayProcess, 'dataDir'>,
  args: readonly string[],
  options: {
    readonly input?: string | Buffer;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  } = {},
): Promise<CommandResult> {
  return run(process.execPath, [bin, ...args], {
    ...options,
    cwd: gateway.dataDir,
    env: {
      SEALGATE_DATA_DIR: gateway.dataDir,
      HOME: gateway.dataDir,
      XDG_CONFIG_HOME: join(gateway.dataDir, 'config'),
      // One for all tests: compiled code is kept there, and compiling it anew takes a command twice as long.
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
      ...options.env,
    },
  });
}

/** Calls the control listener as the operator; fails on any answer but a success. */
export async function admin<T>(
  gateway: Pick<GatewayProcess, 'credentials'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const { controlEndpoint, adminKey } = gateway.credentials;
  const answer = await fetch(controlEndpoint + path, {
    method,
    headers: { 'x-admin-key': adminKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const type = answer.headers.get('content-type')?.split(';')[0];
  (await checkOf(controlEndpoint))({ method, path, status: answer.status, type, text });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text || 'null') as T;
}

const checks = new Map<string, Promise<AnswerCheck>>();

/** All answers to `admin` are held against what the gateway itself says of them. */
function checkOf(controlEndpoint: string): Promise<AnswerCheck> {
  const made =
    checks.get(controlEndpoint) ??
    fetch(`${controlEndpoint}/openapi.json`).then(async (answer) => createAnswerCheck(await answer.json()));
  checks.set(controlEndpoint, made);
  return made;
}

/** A bucket of the first tenant. */
export async function createBucket(
  gateway: Pick<GatewayProcess, 'credentials'>,
  name: string,
  settings: { readonly encryption: 'required' | 'report' | 'off'; readonly regionLock?: readonly string[] },
): Promise<void> {
  await admin(gateway, 'POST', `/admin/tenants/${gateway.credentials.tenant}/buckets`, { name, ...settings });
}
