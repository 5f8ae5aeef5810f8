// A new passphrase for secrets at rest: both at first, then the new one alone.
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const FIRST = 'the first passphrase of this test';
const SECOND = 'the second passphrase of this test';

async function read(gateway: GatewayProcess): Promise<string | undefined> {
  const s3 = newClient(gateway.credentials);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }));
  const text = await Body?.transformToString();
  s3.destroy();
  return text;
}

test('secrets are sealed anew while requests are served, and the old passphrase can be dropped', async () => {
  const dataDir = newDataDir();
  let gateway = await startGateway({ dataDir, env: { TENANT_SECRET_PASSPHRASE: FIRST } });
  try {
    await createBucket(gateway, 'kept', { encryption: 'off' });
    const s3 = newClient(gateway.credentials);
    await s3.send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'bytes' }));
    s3.destroy();
    await gateway.stop();

    const second = { TENANT_SECRET_PASSPHRASE: SECOND, TENANT_SECRET_PASSPHRASE_VERSION: '2' };
    gateway = await startGateway({ dataDir, env: { ...second, TENANT_SECRET_PASSPHRASE_PREVIOUS: FIRST } });
    expect(await read(gateway)).toBe('bytes');
    const status = async () =>
      await admin<{ versions: { version: number; sealed: number }[] }>(gateway, 'GET', '/admin/secrets');
    await expect.poll(async () => (await status()).versions.find(({ version }) => version === 1)?.sealed).toBe(0);
    expect((await sealgate(gateway, ['secret', 'status'])).stdout).toMatch(/^1 +0 +may be retired/m);
    expect((await sealgate(gateway, ['secret', 'retire', '2'])).code).toBe(1);
    expect((await sealgate(gateway, ['secret', 'retire', '1'])).code).toBe(0);
    await gateway.stop();

    gateway = await startGateway({ dataDir, env: second });
    expect(await read(gateway)).toBe('bytes');
    await gateway.stop();

    const wrong = { TENANT_SECRET_PASSPHRASE: FIRST, TENANT_SECRET_PASSPHRASE_VERSION: '2' };
    await expect(startGateway({ dataDir, env: wrong })).rejects.toThrow(/ended before it was ready[^]*passphrase/);
  } finally {
    await gateway.stop();
    removeDataDir(dataDir);
  }
});
