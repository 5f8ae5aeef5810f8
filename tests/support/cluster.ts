// Several gateways on one PostgreSQL and, when asked for, one Redis: real processes, each of which can be ended, stopped or
// started again.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../packages/metadata/src/embedded/start.ts';
import { hasRedis, type RedisServer, startRedisServer } from '../../packages/testkit/src/redis-server/index.ts';
import { type AgentProcess, launchAgent } from './agent.ts';
import { admin, type GatewayProcess, launchGateway, newDataDir, removeDataDir } from './gateway.ts';

export { hasRedis };

export interface GatewayCluster {
  readonly gateways: readonly GatewayProcess[];
  readonly redis: RedisServer;
  readonly database: DatabaseServer;
  /** The folder of each backend. */
  readonly folders: ReadonlyMap<string, string>;
  /** Starts one more gateway. */
  add(env?: Readonly<Record<string, string>>): Promise<GatewayProcess>;
  /** Starts an agent that works on the database. */
  addAgent(env?: Readonly<Record<string, string>>): Promise<AgentProcess>;
  stop(): Promise<void>;
}

export interface DatabaseServer {
  readonly url: string;
  /** Ends it; what was committed is there after `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** The place whose folder can be a disk of its own. */
export const ON_SMALL_DISK = 'place-ams';
const SMALL_DISK_MIB = 4;

/** Whether a small disk can be mounted here: root may, in most containers nobody may. */
export function canMountSmallDisk(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'sealgate-disk-'));
  try {
    if (!mountSmallDisk(dir)) return false;
    unmount(dir);
    return true;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function mountSmallDisk(folder: string): boolean {
  const args = ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_MIB}m`, 'sealgate-test', folder];
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}

const unmount = (folder: string): void => void execFileSync('umount', ['-l', folder]);

const REGION = 'eu-test-1';
const ADMIN_KEY = 'only-for-tests-of-a-cluster';
const PASSPHRASE = 'only for tests of a cluster';
const PLACES = [
  { id: 'place-hel', region: 'fi-helsinki', country: 'FI' },
  { id: 'place-fra', region: 'de-frankfurt', country: 'DE' },
  { id: 'place-par', region: 'fr-paris', country: 'FR' },
  { id: 'place-ams', region: 'nl-amsterdam', country: 'NL' },
] as const;

export async function startGatewayCluster(options: {
  readonly gateways: number;
  /** One for all, or by the gateway's number. */
  readonly env?: (index: number, redis: RedisServer) => Readonly<Record<string, string>>;
  /** Puts one place on a disk of its own, which a test can fill. */
  readonly smallDisk?: boolean;
}): Promise<GatewayCluster> {
  const dir = newDataDir();
  const undo: (() => Promise<void> | void)[] = [() => removeDataDir(dir)];
  const stop = async (): Promise<void> => {
    for (const each of undo.reverse()) await each();
  };
  try {
    const database = await startDatabase(join(dir, 'database'));
    undo.push(() => database.stop());
    const redis = await startRedisServer();
    undo.push(() => redis.stop());
    const backends = join(dir, 'backends');
    const small = join(backends, ON_SMALL_DISK);
    mkdirSync(small, { recursive: true });
    if (options.smallDisk === true && mountSmallDisk(small)) {
      undo.push(() => {
        unmount(small);
      });
    }
    const gateways: GatewayProcess[] = [];
    const tenant = { accessKeyId: '', secretAccessKey: '' };
    const add = async (env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> => {
      const dataDir = join(dir, `gateway-${gateways.length}`);
      mkdirSync(dataDir);
      const all = {
        DATABASE_URL: database.url,
        ADMIN_API_KEY: ADMIN_KEY,
        TENANT_SECRET_PASSPHRASE: PASSPHRASE,
        SEALGATE_FILESYSTEM_ROOTS: backends,
        SEALGATE_REGION: REGION,
        ...options.env?.(gateways.length, redis),
        ...env,
      };
      const gateway = await launchGateway({
        dataDir,
        env: all,
        region: REGION,
        tenant: 'default',
        adminKey: ADMIN_KEY,
        ...tenant,
      });
      gateways.push(gateway);
      undo.push(async () => {
        await gateway.stop();
      });
      return gateway;
    };
    const addAgent = async (env: Readonly<Record<string, string>> = {}): Promise<AgentProcess> => {
      const own = { DATABASE_URL: database.url, SEALGATE_FILESYSTEM_ROOTS: backends, ...env };
      const agent = await launchDatabaseAgent(join(dir, `agent-${undo.length}`), own);
      undo.push(() => endAgent(agent));
      return agent;
    };
    const first = await add();
    const folders = await addBackends(first, backends);
    Object.assign(tenant, await addTenant(first));
    Object.assign(first.credentials, tenant);
    while (gateways.length < options.gateways) await add();
    return { gateways, redis, database, folders, add, addAgent, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function launchDatabaseAgent(cwd: string, env: Readonly<Record<string, string>>): Promise<AgentProcess> {
  mkdirSync(cwd);
  return await launchAgent(cwd, { TENANT_SECRET_PASSPHRASE: PASSPHRASE, ...env });
}

async function endAgent(agent: AgentProcess): Promise<void> {
  if (agent.child.exitCode === null && agent.child.signalCode === null) await agent.kill();
}

async function addBackends(gateway: GatewayProcess, root: string): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>();
  for (const place of PLACES) {
    const endpoint = join(root, place.id);
    mkdirSync(endpoint, { recursive: true });
    folders.set(place.id, endpoint);
    const law = { jurisdiction: 'EU', operatorJurisdiction: place.country };
    await admin(gateway, 'POST', '/admin/add-storage', {
      ...place,
      ...law,
      type: 'filesystem',
      endpoint,
      provider: 'test',
    });
  }
  return folders;
}

async function addTenant(gateway: GatewayProcess): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const made = await admin<{ credentials: { accessKeyId: string; secretAccessKey: string }[] }>(
    gateway,
    'POST',
    '/admin/tenants',
    { name: 'default', defaultEncryption: 'off' },
  );
  const [pair] = made.credentials;
  if (pair === undefined) throw new Error('the tenant has no key');
  return { accessKeyId: pair.accessKeyId, secretAccessKey: pair.secretAccessKey };
}

/** A PostgreSQL that nobody will miss, on a port that it keeps. */
async function startDatabase(dataDir: string): Promise<DatabaseServer> {
  mkdirSync(dataDir);
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };
  const first = await startCluster({ dataDir, logger: quiet, settings, transport: 'loopback' });
  const port = Number(new URL(first.databaseUrl).port);
  let server = first;
  let running = true;
  return {
    url: first.databaseUrl,
    async stop() {
      if (running) await server.stop();
      running = false;
    },
    async start() {
      server = await startCluster({ dataDir, logger: quiet, settings, transport: 'loopback', port });
      running = true;
    },
  };
}

/** A text that nobody else has. */
export const unique = (prefix: string): string => `${prefix}-${randomBytes(6).toString('hex')}`;
