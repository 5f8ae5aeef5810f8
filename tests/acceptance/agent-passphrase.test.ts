// An agent whose credentials lie under a passphrase: real gateway, real agent, an imitated S3 server that only the agent can use.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { createAgent, launchAgent } from '../support/agent.ts';
import { admin, createBucket, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { imitatedServer, LOOPBACK } from '../support/s3-backends.ts';
import { newClient } from '../support/s3-client.ts';

interface Job {
  readonly id: string;
  readonly state: string;
}

test('an agent works with credentials that are nowhere in the clear, and does not start without the passphrase', async () => {
  const gateway = await startGateway({ env: LOOPBACK });
  const store = await imitatedServer();
  const s3 = newClient(gateway.credentials);
  const { accessKeyId, secretAccessKey, endpoint, region } = store.server;
  const dir = join(gateway.dataDir, 'agent-keeper');
  mkdirSync(dir);
  const config = join(dir, 'agent.yaml');
  const url = { SEALGATE_CONTROL_URL: gateway.credentials.controlEndpoint };
  const start = (env: Readonly<Record<string, string>>) => launchAgent(dir, { ...url, ...env });
  const refused = (env: Readonly<Record<string, string>>) =>
    sealgate(gateway, ['agent', '--config', config], { env: { ...url, ...env } });
  try {
    const token = await createAgent(gateway, 'keeper');
    await admin(gateway, 'POST', '/admin/add-storage', {
      ...{
        id: 'theirs',
        type: 's3',
        endpoint,
        addressing: 'path',
        custody: 'agent',
        agentId: 'keeper',
        provider: 'own',
      },
      ...{ providerRegion: region, region: 'fi-own', country: 'FI', jurisdiction: 'EU' },
    });
    const places = join(gateway.dataDir, 'backends');
    const { items } = await admin<{ items: { id: string; type: string }[] }>(gateway, 'GET', '/admin/backends');
    const folders = items
      .filter(({ type }) => type === 'filesystem')
      .map(({ id }) => `  ${id}: { folder: ${join(places, id)} }\n`);
    writeFileSync(
      config,
      `# kept\nstateDir: ${join(dir, 'state')}\nallowPrivateEndpoints: true\nbackends:\n  theirs: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }\n${folders.join('')}`,
      { mode: 0o600 },
    );
    expect(await (await start({ SEALGATE_AGENT_ENROLMENT_TOKEN: token })).stop()).toBe(0);
    const keyFile = join(dir, 'state', 'agent-key.json');
    expect(readFileSync(keyFile, 'utf8')).toContain('PRIVATE KEY');

    const protect = ['agent', 'protect', '--config', config, '--json'];
    const unasked = await sealgate(gateway, protect, { env: url });
    expect(unasked.code).not.toBe(0);
    const env = { SEALGATE_AGENT_PASSPHRASE: 'a passphrase of the keeper' };
    const done = await sealgate(gateway, protect, { env: { ...url, ...env } });
    expect(done).toMatchObject({ code: 0 });
    expect(JSON.parse(done.stdout)).toMatchObject({ backends: ['theirs'], identity: true, passphrase: 'new' });
    expect(readFileSync(config, 'utf8')).not.toContain(secretAccessKey);
    expect(readFileSync(config, 'utf8')).toContain('# kept');
    expect(readFileSync(keyFile, 'utf8')).not.toContain('PRIVATE KEY');

    const none = await refused({});
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('SEALGATE_AGENT_PASSPHRASE');
    const wrong = await refused({ SEALGATE_AGENT_PASSPHRASE: 'another one' });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('does not open');

    const passphraseFile = join(dir, 'passphrase');
    writeFileSync(passphraseFile, `${env.SEALGATE_AGENT_PASSPHRASE}\n`);
    const agent = await start({ SEALGATE_AGENT_PASSPHRASE_FILE: passphraseFile });
    await createBucket(gateway, 'kept', { encryption: 'off' });
    await s3.send(new PutObjectCommand({ Bucket: 'kept', Key: 'key', Body: 'to be kept' }));
    const made = await sealgate(gateway, ['job', 'create', 's3://kept/key', '--to', 'theirs', '--json']);
    const { id } = JSON.parse(made.stdout) as Job;
    await until(
      () => admin<Job>(gateway, 'GET', `/proxy/jobs/${id}`),
      ({ state }) => state === 'done',
      { what: 'the copy that only the agent can make' },
    );
    expect(agent.log()).not.toContain(secretAccessKey);
    expect(await agent.stop()).toBe(0);
  } finally {
    s3.destroy();
    await store.close();
    await gateway.stop();
    removeDataDir(gateway.dataDir);
  }
});
