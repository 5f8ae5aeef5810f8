// `sealgate put --direct`: sealed here, put to the backends by the command itself, published by the gateway.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { addStore, LOOPBACK, type Store } from '../support/s3-backends.ts';

interface Put {
  readonly ackedBy: readonly string[];
  readonly plaintextBytes: number;
  readonly keyIds: readonly string[];
  readonly signedBy?: string;
}

let gateway: GatewayProcess;
const stores: Store[] = [];

beforeAll(async () => {
  gateway = await startGateway({ env: LOOPBACK });
  await createBucket(gateway, 'vault', { encryption: 'required', regionLock: ['EU'] });
});
afterAll(async () => {
  await gateway.stop();
  for (const { fake } of stores) await fake.close();
  removeDataDir(gateway.dataDir);
});

const file = (name: string): string => join(gateway.dataDir, name);
/** Remarks are for people: with --json there are none. */
const told = (name: string) => sealgate(gateway, ['put', '--direct', file(name), `s3://vault/${name}`]);
async function put(name: string, ...more: string[]) {
  const { code, stdout, stderr } = await sealgate(gateway, [
    'put',
    '--json',
    '--direct',
    file(name),
    `s3://vault/${name}`,
    ...more,
  ]);
  return { code, stderr, result: code === 0 ? (JSON.parse(stdout) as Put) : undefined };
}
async function fetched(name: string): Promise<Buffer> {
  expect(await sealgate(gateway, ['get', `s3://vault/${name}`, file(`${name}.back`)])).toMatchObject({ code: 0 });
  return readFileSync(file(`${name}.back`));
}
/** Bytes that stores got by somebody who signed nothing himself. */
const presigned = (): number =>
  stores.flatMap(({ fake }) => fake.requests.filter((line) => /^PUT .*X-Amz-Signature=/.test(line))).length;

test('without backends that take uploads it says so, and goes through the gateway', async () => {
  writeFileSync(file('fallback'), randomBytes(200_000));
  const { code, stdout, stderr } = await told('fallback');
  expect(code).toBe(0);
  expect(stderr).toMatch(/No direct upload: .*presigned/s);
  expect(stdout).toContain('held by demo-');
  expect((await fetched('fallback')).equals(readFileSync(file('fallback')))).toBe(true);
});

test('sealed bytes go to all planned backends at once, and come back opened', async () => {
  for (const [id, country] of Object.entries({ 'store-fi': 'FI', 'store-de': 'DE', 'store-fr': 'FR' })) {
    stores.push(await addStore(gateway, { id, country, jurisdiction: 'EU' }));
  }
  const key = await sealgate(gateway, ['keys', 'create', '--use', 'sign', '--name', 'ada', '--no-passphrase']);
  expect(key).toMatchObject({ code: 0 });
  // More than the sockets and the sealer hold.
  writeFileSync(file('large'), randomBytes(6 * 1024 * 1024 + 5));
  const { code, stderr, result } = await put('large');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect([...(result?.ackedBy ?? [])].sort()).toEqual(['store-de', 'store-fi', 'store-fr']);
  expect(presigned()).toBe(3);
  expect(result?.keyIds).toHaveLength(1);
  // The gateway held what the writer signed to the bytes that it read, and readers may ask for it.
  expect(result?.signedBy).toMatch(/^urn:/);
  expect(await sealgate(gateway, ['writer', 'require', 's3://vault'])).toMatchObject({ code: 0 });
  expect((await fetched('large')).equals(readFileSync(file('large')))).toBe(true);
  const stat = await sealgate(gateway, ['stat', '--json', 's3://vault/large']);
  expect(stat.stdout).toContain('sealed:sgo1');
  const again = await put('large', '--if-absent');
  expect(again.code).toBe(1);
});

test('a backend that fails is left behind; too many, and nothing is published', async () => {
  writeFileSync(file('limping'), randomBytes(3 * 1024 * 1024));
  const [first, second] = stores;
  const broken = { method: 'PUT', trouble: { kind: 'answer', status: 503 } } as const;
  first!.fake.trouble.add(broken);
  const one = await told('limping');
  expect(one).toMatchObject({ code: 0 });
  expect(one.stdout).toMatch(/held by (store-de, store-fr|store-fr, store-de)/);
  expect(one.stderr).toContain(`${first!.id} has no copy yet`);
  second!.fake.trouble.add(broken);
  writeFileSync(file('lame'), randomBytes(3 * 1024 * 1024));
  const two = await put('lame');
  expect(two.code).not.toBe(0);
  expect(two.stderr).toContain('ack rule');
  for (const { fake } of stores) fake.trouble.clear();
  expect((await sealgate(gateway, ['stat', 's3://vault/lame'])).code).not.toBe(0);
});
