import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newDataDir, removeDataDir, run, sealgate } from '../support/gateway.ts';

// Buckets as they lay on backends once (`tools/recovery-vectors.ts`): whatever is released later must still give them back.

interface Vectors {
  readonly tenant: string;
  readonly ownerKey: object;
  readonly gatewayKey: string;
  readonly objects: readonly { readonly bucket: string; readonly key: string; readonly sha256: string }[];
  readonly signed: Readonly<Record<string, string>>;
  readonly unsigned: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../packages/engine/vectors/recovery/buckets.json', import.meta.url), 'utf8'),
) as Vectors;
const dataDir = newDataDir();
const at = (...names: string[]): string => join(dataDir, ...names);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(() => {
  for (const kind of ['signed', 'unsigned'] as const) {
    for (const [path, name] of Object.entries(vectors[kind])) {
      const bytes = Buffer.from(vectors.files[name] ?? '', 'base64');
      expect(sha256(bytes), path).toBe(name);
      mkdirSync(dirname(at(kind, path)), { recursive: true });
      writeFileSync(at(kind, path), bytes);
    }
  }
  writeFileSync(at('owner.jwk'), JSON.stringify(vectors.ownerKey));
  writeFileSync(at('gateway.pub'), `${vectors.gatewayKey}\n`);
});
afterAll(() => removeDataDir(dataDir));

const recover = (from: string, to: string, ...more: string[]) =>
  sealgate({ dataDir }, ['recover', '--from', from, '--to', to, '--key', 'owner.jwk', '--json', ...more]);

describe.each(['signed', 'unsigned'] as const)('frozen buckets with %s manifests', (kind) => {
  test('come back whole by the command line', async () => {
    const { code, stdout } = await recover(kind, `out-${kind}`);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { restored: vectors.objects.length, warnings: [] }]);
    for (const { bucket, key, sha256: wanted } of vectors.objects) {
      expect(sha256(readFileSync(at(`out-${kind}`, vectors.tenant, bucket, key))), key).toBe(wanted);
    }
  });

  test('come back with the key of the gateway given only when it signed them', async () => {
    const result = await recover(kind, `pinned-${kind}`, '--gateway-key', 'gateway.pub');
    if (kind === 'signed') expect(result).toMatchObject({ code: 0 });
    else expect(result).toMatchObject({ code: 4, stderr: expect.stringMatching(/none is signed/) as string });
    expect(existsSync(at(`pinned-${kind}`, vectors.tenant))).toBe(kind === 'signed');
  });

  const missing =
    spawnSync('python3', ['-c', 'import cryptography']).status === 0 ? '' : ' (missing: python3 with cryptography)';
  test.skipIf(missing !== '')(`come back by the script that has nothing of ours${missing}`, async () => {
    const script = fileURLToPath(new URL('../../packages/sealed/python/restore_object.py', import.meta.url));
    for (const { bucket, key, sha256: wanted } of vectors.objects) {
      rmSync(at('restored'), { force: true });
      const args = [script, '--key', at('owner.jwk'), at(kind), vectors.tenant, bucket, key, at('restored')];
      expect(await run('python3', args), key).toMatchObject({ code: 0 });
      expect(sha256(readFileSync(at('restored'))), key).toBe(wanted);
    }
  });
});
