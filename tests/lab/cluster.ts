// What the lab runs: PostgreSQL, Redis, storage locations, gateways and agents, each a process that can come to harm.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@sealgate/metadata/embedded';
import { admin, type Credentials, cleanEnv } from '../support/gateway.ts';
import { createWire, type Wire } from './cut-proxy.ts';
import { ON_SMALL_DISK, PLACES, type Place } from './places.ts';
import { createProgram, freePort, type Program } from './processes.ts';

export interface Gateway {
  readonly program: Program;
  /** Of the lab's tenant. */
  readonly credentials: Credentials;
}

export interface Storage {
  readonly place: Place;
  /** Of an S3 server of the lab's own, which keeps nothing when it dies. */
  readonly program?: Program;
  /** Of somebody else's S3 server: it is not the lab's to kill. */
  readonly foreign?: ForeignServer;
  readonly wire?: Wire;
  /** Where a folder's bytes are. */
  readonly folder?: string;
}

export interface Cluster {
  readonly dir: string;
  readonly databaseUrl: string;
  readonly database: { pids(): number[] };
  readonly redis: Program | undefined;
  readonly gateways: readonly Gateway[];
  readonly agents: readonly Program[];
  readonly storages: readonly Storage[];
  /** The folder that lies on a small disk of its own; undefined where none could be mounted. */
  readonly smallDisk: string | undefined;
  /** Ends everything; the folder with its logs goes too unless it is kept. */
  close(options: { readonly keepFiles: boolean }): Promise<void>;
}

/** An S3 server on this machine that takes the place of one of the lab's, Ceph's RGW for example. */
export interface ForeignServer {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of the process that answers, if it may be stopped for some seconds. */
  readonly pid?: number;
}

export interface ClusterPlan {
  readonly gateways: number;
  readonly agents: number;
  readonly foreign: readonly ForeignServer[];
}

const bin = fileURLToPath(new URL('../../apps/cli/bin/sealgate.mjs', import.meta.url));
const storageProcess = fileURLToPath(new URL('./storage-process.ts', import.meta.url));
const SMALL_DISK_MIB = 48;
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

interface Site {
  readonly dir: string;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly undo: (() => unknown)[];
}

export async function openCluster(plan: ClusterPlan): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), 'sealgate-lab-'));
  const keys = { accessKeyId: 'LABSTORAGE', secretAccessKey: randomBytes(20).toString('hex') };
  const site: Site = { dir, keys, undo: [] };
  const close = async ({ keepFiles }: { readonly keepFiles: boolean }): Promise<void> => {
    for (const step of site.undo.splice(0).reverse()) await step();
    if (!keepFiles) rmSync(dir, { recursive: true, force: true });
  };
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir: join(dir, 'database'),
      logger: QUIET,
      transport: 'loopback',
    });
    site.undo.push(() => postgres.stop());
    const redis = await openRedis(site);
    const smallDisk = mountSmallDisk(site);
    const servers = PLACES.filter(({ kind }) => kind === 's3');
    const storages = await Promise.all(
      PLACES.map((place) => openStorage(site, place, plan.foreign[servers.indexOf(place)])),
    );
    const env = environmentOf(site, postgres.databaseUrl, redis?.url);
    const gateways = await openGateways(site, env, plan.gateways);
    for (const storage of storages) await register(gateways[0] as Gateway, storage, site);
    for (const gateway of gateways) await knowsAll(gateway);
    const agents = await openAgents(site, { gateways, storages }, plan.agents);
    return {
      dir,
      databaseUrl: postgres.databaseUrl,
      database: { pids: () => processesOfPostgres(join(dir, 'database')) },
      redis: redis?.program,
      gateways: await withTenant(gateways),
      agents,
      storages,
      smallDisk,
      close,
    };
  } catch (error) {
    await close({ keepFiles: false });
    throw error;
  }
}

async function openRedis(site: Site): Promise<{ readonly program: Program; readonly url: string } | undefined> {
  const found = spawnSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' });
  if (found.status !== 0) return undefined;
  const port = await freePort();
  const program = createProgram({
    name: 'redis',
    command: found.stdout.trim(),
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    env: cleanEnv(),
    cwd: site.dir,
    logFile: join(site.dir, 'redis.log'),
    isReady: () => answersPing(port),
  });
  await program.start();
  site.undo.push(() => program.kill());
  return { program, url: `redis://127.0.0.1:${port}` };
}

async function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString().startsWith('+PONG');
  } finally {
    socket.destroy();
  }
}

/** As root a tmpfs, so that a full disk can be played; elsewhere the folder lies where the others do. */
function mountSmallDisk(site: Site): string | undefined {
  const folder = join(site.dir, 'storage', ON_SMALL_DISK);
  mkdirSync(folder, { recursive: true });
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_MIB}m`, 'sealgate-lab', folder]);
  if (done.status !== 0) return undefined;
  site.undo.push(() => execFileSync('umount', ['-l', folder]));
  return folder;
}

async function openStorage(site: Site, place: Place, foreign: ForeignServer | undefined): Promise<Storage> {
  if (place.kind === 'folder') {
    const folder = join(site.dir, 'storage', place.id);
    mkdirSync(folder, { recursive: true });
    return { place, folder };
  }
  if (foreign !== undefined) {
    const wire = await createWire(Number(new URL(foreign.endpoint).port));
    site.undo.push(() => wire.close());
    return { place, foreign, wire };
  }
  const port = await freePort();
  const program = createProgram({
    name: place.id,
    command: process.execPath,
    args: [storageProcess, String(port)],
    env: { ...cleanEnv(), LAB_ACCESS_KEY_ID: site.keys.accessKeyId, LAB_SECRET_ACCESS_KEY: site.keys.secretAccessKey },
    cwd: site.dir,
    logFile: join(site.dir, `${place.id}.log`),
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/`)).status > 0,
  });
  await program.start();
  const wire = await createWire(port);
  site.undo.push(
    () => program.kill(),
    () => wire.close(),
  );
  return { place, program, wire };
}

const ADMIN_KEY = randomBytes(16).toString('hex');
const PASSPHRASE = randomBytes(16).toString('hex');
const REGION = 'eu-lab-1';

function environmentOf(site: Site, databaseUrl: string, redisUrl: string | undefined): Record<string, string> {
  return {
    ...cleanEnv(),
    DATABASE_URL: databaseUrl,
    ADMIN_API_KEY: ADMIN_KEY,
    TENANT_SECRET_PASSPHRASE: PASSPHRASE,
    SEALGATE_REGION: REGION,
    SEALGATE_ALLOW_PRIVATE_ENDPOINTS: 'true',
    SEALGATE_FILESYSTEM_ROOTS: join(site.dir, 'storage'),
    SEALGATE_HEALTH_PROBE_INTERVAL_MS: '1000',
    SEALGATE_DELETION_GRACE_SECONDS: '60',
    SEALGATE_RECONCILE_INTERVAL_SECONDS: '10',
    SEALGATE_REHOME_AFTER_SECONDS: '120',
    SEALGATE_SCRUB_INTERVAL_SECONDS: '20',
    SEALGATE_SCRUB_BYTES_PER_SECOND: String(64 * 1024 * 1024),
    SEALGATE_LOG_LEVEL: 'warn',
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
  };
}

/** Before the tenant is there. */
type BareGateway = Omit<Gateway, 'credentials'> & { readonly credentials: Credentials };

async function openGateways(site: Site, env: Record<string, string>, count: number): Promise<BareGateway[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [s3Port, controlPort] = [await freePort(), await freePort()];
      const controlEndpoint = `http://127.0.0.1:${controlPort}`;
      const dataDir = join(site.dir, `gateway-${index}`);
      mkdirSync(dataDir);
      const program = createProgram({
        name: `gateway-${index}`,
        command: process.execPath,
        args: [bin, 'serve'],
        env: {
          ...env,
          SEALGATE_DATA_DIR: dataDir,
          SEALGATE_S3_PORT: String(s3Port),
          SEALGATE_CONTROL_PORT: String(controlPort),
        },
        cwd: dataDir,
        logFile: join(site.dir, `gateway-${index}.log`),
        isReady: async () => (await fetch(`${controlEndpoint}/readyz`)).status === 200,
      });
      await program.start();
      site.undo.push(() => program.end());
      const credentials = {
        s3Endpoint: `http://127.0.0.1:${s3Port}`,
        controlEndpoint,
        region: REGION,
        tenant: 'lab',
        accessKeyId: '',
        secretAccessKey: '',
        adminKey: ADMIN_KEY,
      };
      return { program, credentials };
    }),
  );
}

interface MadeTenant {
  readonly credentials: readonly [{ readonly accessKeyId: string; readonly secretAccessKey: string }];
}

async function withTenant(gateways: readonly BareGateway[]): Promise<Gateway[]> {
  const [first] = gateways;
  if (first === undefined) throw new Error('no gateway');
  const made = await admin<MadeTenant>(first, 'POST', '/admin/tenants', { name: 'lab', defaultEncryption: 'off' });
  return gateways.map((each) => ({ ...each, credentials: { ...each.credentials, ...made.credentials[0] } }));
}

/** What opens a storage location. */
function keysOf({ foreign }: Pick<Storage, 'foreign'>, site: Site): Site['keys'] {
  return foreign === undefined
    ? site.keys
    : { accessKeyId: foreign.accessKeyId, secretAccessKey: foreign.secretAccessKey };
}

async function register(gateway: BareGateway, storage: Storage, site: Site): Promise<void> {
  const { place, wire, folder, foreign } = storage;
  const { kind, ...facts } = place;
  await admin(gateway, 'POST', '/admin/add-storage', {
    ...facts,
    type: kind === 's3' ? 's3' : 'filesystem',
    endpoint: folder ?? `http://127.0.0.1:${wire?.port ?? 0}`,
    provider: place.id,
    operatorJurisdiction: place.country,
    ...(foreign === undefined ? {} : { providerRegion: foreign.region }),
    ...(kind === 's3' ? { credentials: keysOf(storage, site) } : {}),
  });
}

/** Until then a gateway finds fewer places for a blob than there are. Its metrics tell what it knows itself, and not the database. */
async function knowsAll({ credentials }: BareGateway): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const metrics = await (await fetch(`${credentials.controlEndpoint}/metrics`)).text();
    const healthy = metrics.match(/^sealgate_backend_state\{.*state="healthy".*\} 1$/gm) ?? [];
    if (healthy.length === PLACES.length) return;
    await sleep(100);
  }
  throw new Error('a gateway does not know all storage locations');
}

/** Over the control listeners, one each by turns, with keys of their own to the storage locations. */
async function openAgents(
  site: Site,
  scene: { readonly gateways: readonly BareGateway[]; readonly storages: readonly Storage[] },
  count: number,
): Promise<Program[]> {
  const agents: Program[] = [];
  for (let index = 0; index < count; index += 1) {
    const gateway = scene.gateways[index % scene.gateways.length];
    if (gateway === undefined) throw new Error('no gateway');
    const name = `agent-${index}`;
    const made = await admin<{ enrolmentToken: string }>(gateway, 'POST', '/admin/agents', { id: name });
    agents.push(await openAgent(site, { name, token: made.enrolmentToken, gateway, storages: scene.storages }));
  }
  return agents;
}

async function openAgent(
  site: Site,
  plan: {
    readonly name: string;
    readonly token: string;
    readonly gateway: BareGateway;
    readonly storages: readonly Storage[];
  },
): Promise<Program> {
  const dir = join(site.dir, plan.name);
  mkdirSync(dir);
  const backends = plan.storages.map((storage) => {
    const { place, folder } = storage;
    return [place.id, folder === undefined ? keysOf(storage, site) : { folder }];
  });
  // JSON is YAML.
  const settings = { backends: Object.fromEntries(backends) as unknown, allowPrivateEndpoints: true };
  writeFileSync(join(dir, 'agent.yaml'), JSON.stringify(settings));
  const logFile = join(site.dir, `${plan.name}.log`);
  let seen = 0;
  const program = createProgram({
    name: plan.name,
    command: process.execPath,
    args: [bin, 'agent'],
    env: {
      ...cleanEnv(),
      SEALGATE_CONTROL_URL: plan.gateway.credentials.controlEndpoint,
      SEALGATE_AGENT_ENROLMENT_TOKEN: plan.token,
      SEALGATE_LOG_LEVEL: 'info',
    },
    cwd: dir,
    logFile,
    // Each start says so once.
    isReady: () => {
      const times = readFileSync(logFile, 'utf8').split('agent at work').length - 1;
      if (times <= seen) return Promise.resolve(false);
      seen = times;
      return Promise.resolve(true);
    },
  });
  await program.start();
  site.undo.push(() => program.end());
  return program;
}

/** The server of the lab and all its children, from what the kernel says. */
function processesOfPostgres(dataDir: string): number[] {
  const pidFile = readdirSync(join(dataDir, 'postgres'), { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('postmaster.pid'),
  );
  if (pidFile === undefined) return [];
  const postmaster = Number(readFileSync(join(dataDir, 'postgres', pidFile), 'utf8').split('\n', 1)[0]);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === postmaster)
    .map(Number);
  return [postmaster, ...children];
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/\) . (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
