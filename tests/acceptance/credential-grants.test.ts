// A backend whose credentials only its owner has: one agent gets them for one job, through a gateway that cannot read them.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
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
import { type GrantTerms, grantBy, newSigner, OWNER, type Signer, startForeignStorage } from '../support/grants.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow } from '../support/stored-files.ts';

const EUROPE = ['demo-hel', 'demo-tmp', 'demo-fra', 'demo-par', 'demo-ams', 'demo-sto'];
const dataDir = newDataDir();
const folders = Object.fromEntries(EUROPE.map((id) => [id, join(dataDir, 'backends', id)]));
const body = Buffer.from('what the owner wants at home too');
let storage: Awaited<ReturnType<typeof startForeignStorage>>;
let elsewhere: Awaited<ReturnType<typeof startForeignStorage>>;
let gateway: GatewayProcess;
let s3: S3Client;
let owner: Signer;
let agent: AgentProcess;
const signers: string[] = [];
let token: string;

beforeAll(async () => {
  const env = { SEALGATE_BACKGROUND_WORK: 'false', SEALGATE_ALLOW_PRIVATE_ENDPOINTS: 'true' };
  gateway = await startGateway({ dataDir, env });
  storage = await startForeignStorage();
  elsewhere = await startForeignStorage();
  s3 = newClient(gateway.credentials);
  await createBucket(gateway, 'tasks', { encryption: 'off', regionLock: ['EU'] });
  await admin(gateway, 'POST', '/admin/add-storage', {
    ...{ id: 'theirs', type: 's3', endpoint: storage.endpoint, custody: 'client', provider: 'own' },
    ...{ providerRegion: 'eu-test-1', region: 'fi-home', country: 'FI', jurisdiction: 'EU' },
  });
  owner = await newSigner();
  const shown = JSON.parse((await sealgate(gateway, ['job', 'signer', '--json'])).stdout) as { key: string };
  signers.push(owner.publicKey, shown.key);
  token = await createAgent(gateway, 'vault');
});
afterAll(async () => {
  if (agent.child.exitCode === null && agent.child.signalCode === null) await agent.kill();
  s3.destroy();
  await gateway.stop();
  await Promise.all([storage.close(), elsewhere.close()]);
  removeDataDir(dataDir);
});

const begin = async (settings: object, enrolment?: string): Promise<void> => {
  // A grant is good once: a lease that ran out on a busy machine would be the end of its job.
  const options = { backends: folders, settings: { grantSigners: signers, leaseSeconds: 60, ...settings } };
  agent = await startAgent(gateway, 'vault', { ...options, ...(enrolment === undefined ? {} : { token: enrolment }) });
};
const newJob = async (key: string, to: string): Promise<string> => {
  await s3.send(new PutObjectCommand({ Bucket: 'tasks', Key: key, Body: body }));
  const { code, stdout, stderr } = await sealgate(gateway, [
    'job',
    'create',
    `s3://tasks/${key}`,
    '--to',
    to,
    '--json',
  ]);
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { id: string }).id;
};
const stateOf = async (id: string) => (await admin<{ state: string }>(gateway, 'GET', `/proxy/jobs/${id}`)).state;
/** The bytes of an object as the folders of the gateway's own backends have them. */
async function storedOf(key: string): Promise<Buffer> {
  const path = `/admin/stat/${gateway.credentials.tenant}/tasks?key=${key}`;
  const { blobs } = await admin<{ blobs: { blobId: string }[] }>(gateway, 'GET', path);
  const files = Object.values(folders).flatMap((folder) => filesBelow(folder, { temporary: false }));
  return readFileSync(files.find((name) => basename(name).startsWith(blobs[0]?.blobId ?? '?')) ?? '');
}
const termsOf = (id: string) => admin<GrantTerms>(gateway, 'GET', `/proxy/jobs/${id}/grant-terms?agent=vault`);
const post = (id: string, grant: string) =>
  admin(gateway, 'POST', `/proxy/jobs/${id}/grants`, { agent: 'vault', grant });
const untilSaid = (text: RegExp) =>
  until(
    () => Promise.resolve(agent.log()),
    (log) => text.test(log),
    { what: String(text) },
  );
/** The agent ends one that it can do: by then it has looked at whatever else there was. */
const untilOtherWorkIsDone = async (key: string): Promise<void> => {
  await s3.send(new PutObjectCommand({ Bucket: 'tasks', Key: key, Body: body }));
  const path = `/admin/stat/${gateway.credentials.tenant}/tasks?key=${key}`;
  const { blobs } = await admin<{ blobs: { replicas: { backend: string }[] }[] }>(gateway, 'GET', path);
  const free = EUROPE.find((id) => !blobs[0]?.replicas.some(({ backend }) => backend === id)) ?? '';
  const made = await sealgate(gateway, ['job', 'create', `s3://tasks/${key}`, '--to', free, '--json']);
  const { id } = JSON.parse(made.stdout) as { id: string };
  await until(
    () => stateOf(id),
    (state) => state === 'done',
    { what: 'other work' },
  );
};

test('grants that are not good are of no use, and a good one is good once', async () => {
  const job = await newJob('kept', 'theirs');
  await begin({ allowPrivateEndpoints: false }, token);
  const terms = await termsOf(job);
  // Sealed for another job, or by a form that none is: told to who sends it.
  await expect(post(await newJob('other', 'theirs'), await grantBy(owner, terms))).rejects.toThrow(/another job/);
  await expect(post(job, 'no grant')).rejects.toThrow(/no compact JWE/);
  const otherKey = Buffer.alloc(32, 9).toString('base64');
  await expect(post(job, await grantBy(owner, { ...terms, encryptionKey: otherKey }))).rejects.toThrow(
    /the key of this agent/,
  );

  await post(job, await grantBy(await newSigner(), terms));
  await untilSaid(/unknown-signer/);
  // The agent's own rules for endpoints hold for granted ones too.
  const good = await grantBy(owner, terms);
  await post(job, good);
  await untilSaid(/its endpoint is not allowed here/);
  expect(storage.requests).toEqual([]);

  // What was used is used for the next process too.
  expect(await agent.stop()).toBe(0);
  await begin({ allowPrivateEndpoints: true });
  await post(job, good);
  await untilSaid(/refused.*used|used.*refused/);
  await post(job, await grantBy(owner, terms, { endpoint: elsewhere.endpoint }));
  await untilSaid(/it is for another endpoint/);
  await untilOtherWorkIsDone('first');
  expect(await stateOf(job)).toBe('waiting');
  expect([storage.requests, elsewhere.requests]).toEqual([[], []]);

  // Only the bucket that the owner meant.
  await post(job, await grantBy(owner, terms, { bucket: 'another-bucket' }));
  await untilSaid(/credentials were granted/);
  await untilOtherWorkIsDone('second');
  expect(await stateOf(job)).not.toBe('done');
  expect(storage.buckets.size).toBe(0);
});

test('the owner hands credentials to one agent for one job, and nobody else ever has them', async () => {
  const job = await newJob('mine', 'theirs');
  const next = await newJob('next', 'theirs');
  const [, agentKey = ''] = /encryptionKey"?[:=]\s*"?([\w-]{43})/.exec(agent.log()) ?? [];
  expect(agentKey).not.toBe('');
  const asked = ['job', 'grant', job, '--agent', 'vault', '--access-key-id', OWNER.accessKeyId];
  const env = { SEALGATE_BACKEND_SECRET_ACCESS_KEY: OWNER.secretAccessKey };
  const wrong = await sealgate(gateway, [...asked, '--agent-key', 'A'.repeat(43)], { env });
  expect(wrong).toMatchObject({ code: 4 });
  const elsewhereMeant = [...asked, '--agent-key', agentKey, '--endpoint', elsewhere.endpoint];
  expect(await sealgate(gateway, elsewhereMeant, { env })).toMatchObject({ code: 4 });

  const granted = await sealgate(gateway, [...asked, '--agent-key', agentKey, '--endpoint', storage.endpoint], { env });
  expect(granted.stderr).toBe('');
  expect(granted).toMatchObject({ code: 0 });
  await until(
    () => stateOf(job),
    (state) => state === 'done',
    { what: 'the copy at its owner' },
  );
  const kept = [...storage.buckets.values()].flatMap(({ objects }) => [...objects.values()]).flat();
  expect(kept.map(({ data }) => data?.toString('hex'))).toEqual([(await storedOf('mine')).toString('hex')]);
  await untilSaid(/granted credentials are forgotten/);
  // Another job for the same backend waits for a grant of its own.
  await untilOtherWorkIsDone('third');
  expect(await stateOf(next)).toBe('waiting');
  for (const log of [gateway.log(), agent.log()]) expect(log).not.toContain(OWNER.secretAccessKey);
  const over = await sealgate(gateway, [...asked, '--agent-key', agentKey], { env });
  expect(over.code).not.toBe(0);
  expect(over.stderr).toMatch(/over/);
});
