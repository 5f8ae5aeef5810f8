import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutBucketVersioningCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, createAgent, startAgent } from '../support/agent.ts';
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
import { bringBack, filesBelow, removeFolder } from '../support/stored-files.ts';

interface Replica {
  readonly backend: string;
  readonly state: string;
}
interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly worker: string | null;
  readonly attempts: number;
}
interface AgentAnswer {
  readonly state: string;
  readonly epoch: number;
  readonly holds: readonly { readonly backend: string; readonly ok: boolean }[];
}

const OBJECTS = 30;
const EUROPE = ['demo-hel', 'demo-tmp', 'demo-fra', 'demo-par', 'demo-ams', 'demo-sto'];
const dataDir = newDataDir();
const folderOf = (backend: string) => join(dataDir, 'backends', backend);
const folders = Object.fromEntries(EUROPE.map((id) => [id, folderOf(id)]));
const keys = Array.from({ length: OBJECTS }, (_, index) => `object-${index}`);
/** Facts of backends that a rule asks for. */
const TOLD = { weight: 2, sla: 'gold' };
const running: AgentProcess[] = [];
let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  const probes = { SEALGATE_HEALTH_PROBE_INTERVAL_MS: '500' };
  gateway = await startGateway({ dataDir, env: probes });
  s3 = newClient(gateway.credentials);
  // Agents judge by the same facts as gateways: what they are not told, this rule would refuse them.
  for (const id of EUROPE) await admin(gateway, 'PATCH', `/admin/backends/${id}`, TOLD);
  const told = 'backend.weight == 2.0 && backend.sla == "gold" && bucket.encryption == "off"';
  const metadata = { name: 'told' };
  const rules = [{ name: 'told', allow: `${told} && bucket.versioning == "enabled"` }];
  const document = JSON.stringify({ apiVersion: 'sealgate/v1', kind: 'Policy', metadata, spec: { rules } });
  await admin(gateway, 'PUT', '/admin/policies/told', { document });
  await createBucket(gateway, 'tasks', { encryption: 'off', regionLock: ['EU'] });
  const versioned = { Bucket: 'tasks', VersioningConfiguration: { Status: 'Enabled' } } as const;
  await s3.send(new PutBucketVersioningCommand(versioned));
  await admin(gateway, 'PATCH', `/admin/tenants/${gateway.credentials.tenant}/buckets/tasks`, { policy: 'told' });
  await Promise.all(
    keys.map((key) => s3.send(new PutObjectCommand({ Bucket: 'tasks', Key: key, Body: `bytes of ${key}` }))),
  );
  // What a busy machine was too slow for the gateway makes good; from then on it repairs nothing.
  await until(allStored, (owed) => owed === 0, { what: 'all copies' });
  await until(
    async () => [...(await jobsOf('kind=repair&state=waiting')), ...(await jobsOf('kind=repair&state=active'))].length,
    (left) => left === 0,
    { what: 'the end of its repairs' },
  );
  s3.destroy();
  await gateway.stop();
  gateway = await startGateway({ dataDir, env: { ...probes, SEALGATE_BACKGROUND_WORK: 'false' } });
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  for (const agent of running) if (agent.child.exitCode === null && agent.child.signalCode === null) await agent.kill();
  s3.destroy();
  await gateway.stop();
  removeDataDir(dataDir);
});

async function start(name: string, options: Parameters<typeof startAgent>[2]): Promise<AgentProcess> {
  const agent = await startAgent(gateway, name, options);
  running.push(agent);
  return agent;
}

const replicasOf = async (key: string): Promise<readonly Replica[]> => {
  const path = `/admin/stat/${gateway.credentials.tenant}/tasks?key=${key}`;
  const { blobs } = await admin<{ blobs: readonly { replicas: readonly Replica[] }[] }>(gateway, 'GET', path);
  return blobs[0]?.replicas ?? [];
};
const allStored = async () => {
  const all = await Promise.all(keys.map(replicasOf));
  return all.flat().filter(({ state }) => state !== 'stored').length;
};
const agentOf = (name: string) => admin<AgentAnswer>(gateway, 'GET', `/admin/agents/${name}`);
const jobsOf = async (query: string) =>
  (await admin<{ items: readonly JobAnswer[] }>(gateway, 'GET', `/proxy/jobs?limit=1000&${query}`)).items;

/** The provider comes back with nothing, and readers find out: while the others are away, only it can be asked. */
async function empty(backend: string): Promise<void> {
  const others = EUROPE.filter((id) => id !== backend && existsSync(folderOf(id)));
  removeFolder(folderOf(backend));
  mkdirSync(folderOf(backend));
  for (const id of others) renameSync(folderOf(id), `${folderOf(id)}.away`);
  try {
    const unnoticed = async () => {
      const all = await Promise.all(keys.map(async (key) => ({ key, replicas: await replicasOf(key) })));
      return all.filter(({ replicas }) => replicas.some((r) => r.backend === backend && r.state === 'stored'));
    };
    const read = async () => {
      const left = await unnoticed();
      await Promise.all(
        // To the end of the body, which keeps its connection until then.
        left.map(({ key }) =>
          s3
            .send(new GetObjectCommand({ Bucket: 'tasks', Key: key }))
            .then(({ Body }) => Body?.transformToByteArray())
            .catch(() => undefined),
        ),
      );
      return (await unnoticed()).length;
    };
    await until(read, (left) => left === 0, { what: 'readers that miss their copies' });
  } finally {
    for (const id of others) bringBack(`${folderOf(id)}.away`, folderOf(id));
  }
}

const filesIn = (folder: string): number => filesBelow(folder, { temporary: false }).length;

test('two agents restore an emptied backend, and none does what another did', async () => {
  const victim = 'demo-hel';
  const lost = (await Promise.all(keys.map(replicasOf))).flat().filter(({ backend }) => backend === victim).length;
  expect(lost).toBeGreaterThan(0);
  await empty(victim);
  // On a busy machine there may have been repairs before: copies that came in late.
  const owed = new Set((await jobsOf('kind=repair&state=waiting')).map(({ id }) => id));
  expect(owed.size).toBe(lost);

  const tokens = await Promise.all(['one', 'two'].map((name) => createAgent(gateway, name)));
  // Each repair in a batch of its own, so that both get some; a lease that a busy machine does not outlast.
  const settings = { batch: 1, concurrency: 1, leaseSeconds: 60 };
  const [one, two] = await Promise.all([
    start('one', { token: tokens[0] ?? '', backends: folders, settings }),
    start('two', { token: tokens[1] ?? '', backends: folders, settings }),
  ]);
  await until(allStored, (left) => left === 0, { what: 'everything restored' });
  expect(filesIn(folderOf(victim))).toBeGreaterThanOrEqual(lost);

  // Every job was tried once, and every copy was marked once: the log has as many changes to `stored` as were lost.
  const done = await until(
    async () => (await jobsOf('kind=repair&state=done')).filter(({ id }) => owed.has(id)),
    (jobs) => jobs.length >= owed.size,
    { what: 'ended jobs' },
  );
  expect(done).toHaveLength(owed.size);
  expect(done.map(({ attempts }) => attempts)).toEqual(done.map(() => 1));
  const fingerprints = await sealgate(gateway, ['agent', 'list']);
  expect(fingerprints.stdout.match(/SHA256:/g)).toHaveLength(2);
  // It tells what it holds now and then.
  await until(
    () => agentOf('one'),
    ({ holds }) => EUROPE.every((id) => holds.some(({ backend }) => backend === id)),
    { what: 'what agent one holds' },
  );
  // Each says what it did, and is asked over a port of its own. What was done is seen before it is counted.
  const metricsOf = async (agent: AgentProcess) => (await agent.ask('/metrics')).text;
  const repairedBy = async (agent: AgentProcess) =>
    Number(/^sealgate_background_items_total\{loop="repairs"\} (\d+)$/m.exec(await metricsOf(agent))?.[1]);
  for (const agent of [one, two]) {
    await expect.poll(() => agent.ask('/readyz')).toEqual({ status: 200, text: '{"status":"ready"}' });
    await expect
      .poll(() => metricsOf(agent))
      .toContain(`sealgate_backend_state{backend="${victim}",state="healthy"} 1`);
  }
  await expect.poll(async () => (await repairedBy(one)) + (await repairedBy(two))).toBeGreaterThanOrEqual(owed.size);
  // A token is good once.
  const stranger = start('three', { token: tokens[0] ?? '', backends: folders });
  await expect(stranger).rejects.toThrow(/enrolment token is not good/);
  expect(await one.stop()).toBe(0);
  expect(await two.stop()).toBe(0);
  // Where its health cannot be asked, it does not begin.
  const { port } = new URL(gateway.credentials.controlEndpoint);
  const taken = start('two', { backends: folders, env: { SEALGATE_AGENT_METRICS_PORT: port } });
  await expect(taken).rejects.toThrow(/is taken by another program.*SEALGATE_AGENT_METRICS_PORT/);
});

test('kill -9 of an agent in the middle loses nothing: another one finishes', async () => {
  await empty('demo-fra');
  const doomed = await start('one', { backends: folders, settings: { batch: 8 } });
  await doomed.kill();
  const other = await start('two', { backends: folders });
  await until(allStored, (left) => left === 0, { what: 'everything restored' });
  const bodies = await Promise.all(
    keys.map(async (key) =>
      (await s3.send(new GetObjectCommand({ Bucket: 'tasks', Key: key }))).Body?.transformToString(),
    ),
  );
  expect(bodies).toEqual(keys.map((key) => `bytes of ${key}`));
  expect(await other.stop()).toBe(0);
});

test('a disabled agent ends and can do nothing; a second process of one name ends the first', async () => {
  const first = await start('one', { backends: folders });
  const { epoch } = await agentOf('one');
  const second = await start('one', { backends: folders });
  expect((await agentOf('one')).epoch).toBe(epoch + 1);
  await until(
    () => Promise.resolve(first.child.exitCode),
    (code) => code !== null,
    { what: 'the end of the first' },
  );
  expect(first.child.exitCode).toBe(1);
  expect(first.log()).toMatch(/Another process works as this agent/);
  await sealgate(gateway, ['agent', 'disable', 'one']);
  await until(
    () => Promise.resolve(second.child.exitCode),
    (code) => code !== null,
    { what: 'the end of a disabled one' },
  );
  expect(second.child.exitCode).toBe(1);
  await sealgate(gateway, ['agent', 'enable', 'one']);
});

test('a backend in the custody of an agent gets its copies through that agent only', async () => {
  const token = await createAgent(
    gateway,
    'keeper',
    '--backends',
    'vault,demo-hel,demo-fra,demo-par,demo-ams,demo-tmp,demo-sto',
  );
  const vault = join(dataDir, 'vault');
  mkdirSync(vault);
  await admin(gateway, 'POST', '/admin/add-storage', {
    ...{ id: 'vault', type: 'filesystem', endpoint: vault, custody: 'agent', agentId: 'keeper', provider: 'own' },
    ...{ region: 'fi-vault', country: 'FI', jurisdiction: 'EU', ...TOLD },
  });
  // New objects never go there: the gateway has no way.
  await s3.send(new PutObjectCommand({ Bucket: 'tasks', Key: 'kept', Body: 'to be kept' }));
  expect((await replicasOf('kept')).map(({ backend }) => backend)).not.toContain('vault');
  const made = await sealgate(gateway, ['job', 'create', 's3://tasks/kept', '--to', 'vault', '--json']);
  const { id } = JSON.parse(made.stdout) as JobAnswer;
  // An agent without the vault cannot take the job.
  // The lease of a job outlasts a busy machine: its attempts are counted.
  const settings = { leaseSeconds: 60 };
  const other = await start('two', { backends: folders, settings });
  const keeper = await start('keeper', { token, backends: { ...folders, vault }, settings });
  const job = await until(
    () => admin<JobAnswer>(gateway, 'GET', `/proxy/jobs/${id}`),
    ({ state }) => state === 'done',
    { what: 'the copy in the vault' },
  );
  expect(job.attempts).toBe(1);
  expect(await replicasOf('kept')).toContainEqual(expect.objectContaining({ backend: 'vault', state: 'stored' }));
  expect(filesIn(vault)).toBeGreaterThan(0);

  // It keeps to the limits of the backend as the gateway tells them, from one moment to the next.
  await s3.send(new PutObjectCommand({ Bucket: 'tasks', Key: 'large', Body: Buffer.alloc(16 * 1024 * 1024, 7) }));
  await sealgate(gateway, ['backend', 'limit', 'vault', '--background-bandwidth', '256KiB']);
  await until(
    () => Promise.resolve(keeper.log()),
    (log) => log.includes('limits of background work changed'),
    { what: 'the limit at the agent' },
  );
  const large = await sealgate(gateway, ['job', 'create', 's3://tasks/large', '--to', 'vault', '--json']);
  const slow = JSON.parse(large.stdout) as JobAnswer;
  const stateOf = () => admin<JobAnswer>(gateway, 'GET', `/proxy/jobs/${slow.id}`);
  const begun = await until(stateOf, ({ state }) => state !== 'waiting', { what: 'the job at work' });
  expect(begun.state).toBe('active');
  await sealgate(gateway, ['backend', 'limit', 'vault', '--background-bandwidth', 'none']);
  await until(stateOf, ({ state }) => state === 'done', { what: 'the copy without a bound' });
  const removed = await sealgate(gateway, ['agent', 'remove', 'keeper']);
  expect(removed.code).not.toBe(0);
  expect(await keeper.stop()).toBe(0);
  expect(await other.stop()).toBe(0);
});
