// The two flows that Sealgate began with, walked with curl, openssl and jq alone: no SDK, nothing of ours.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, run, startGateway } from '../support/gateway.ts';
import { addStore, LOOPBACK, type Store } from '../support/s3-backends.ts';
import { hasTool } from '../support/tools.ts';

const TOOLS = ['bash', 'curl', 'openssl', 'jq'];
const missing = TOOLS.filter((tool) => !hasTool(tool));
const title = missing.length === 0 ? 'walk-throughs' : `walk-throughs (skipped: missing ${missing.join(', ')})`;
const script = (name: string): string => fileURLToPath(new URL(`../../examples/walkthroughs/${name}`, import.meta.url));

describe.skipIf(missing.length > 0)(title, () => {
  let gateway: GatewayProcess;
  const stores: Store[] = [];

  beforeAll(async () => {
    gateway = await startGateway({ env: LOOPBACK });
    for (const [id, country] of Object.entries({ 'store-fi': 'FI', 'store-de': 'DE', 'store-fr': 'FR' })) {
      stores.push(await addStore(gateway, { id, country, jurisdiction: 'EU' }));
    }
  });
  afterAll(async () => {
    await gateway.stop();
    for (const { fake } of stores) await fake.close();
    removeDataDir(gateway.dataDir);
  });

  const walk = (name: string) => {
    const { controlEndpoint, s3Endpoint, region, tenant, accessKeyId, secretAccessKey, adminKey } = gateway.credentials;
    return run('bash', [script(name)], {
      env: {
        ...{ CONTROL: controlEndpoint, S3: s3Endpoint, REGION: region, TENANT: tenant, ADMIN_KEY: adminKey },
        ...{ ACCESS_KEY: accessKeyId, SECRET_KEY: secretAccessKey, REPLICATE_TO: 'demo-hel' },
      },
    });
  };

  test('inline: encrypted by its customer, acknowledged by quorum, opened by its customer', async () => {
    const { code, stdout, stderr } = await walk('inline.sh');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/acknowledged by \S+,\S+/);
    expect(stdout.trim().endsWith('== done')).toBe(true);
  });

  test('direct: put to backends, registered with its wrapped key, replicated by a worker', async () => {
    const { code, stdout, stderr } = await walk('direct.sh');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('verdict sealed:openssl-salted');
    expect(stdout).toMatch(/demo-hel {2}s3:\/\/s3gw-[0-9a-f]{16}-demo-hel\/b\/\S+ {2}stored/);
    expect(stdout.trim().endsWith('== done')).toBe(true);
  });
});
