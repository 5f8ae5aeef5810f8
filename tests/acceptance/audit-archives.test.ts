// Archives of the audit log as an auditor meets them: opened and verified from backends alone.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
import { filesBelow } from '../support/stored-files.ts';

interface Listed {
  readonly through: number;
  readonly archives: readonly {
    readonly id: string;
    readonly from: number;
    readonly to: number;
    readonly backends: readonly string[];
  }[];
}

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({ env: { SEALGATE_AUDIT_ARCHIVE_SECONDS: '1' } });
});
afterAll(async () => {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const listed = () => admin<Listed>(gateway, 'GET', '/admin/audit/archives');
const path = (...names: readonly string[]): string => join(gateway.dataDir, ...names);

/** Files of archives below a copy of the backends, as backend and path. */
function archiveFiles(dir: string): string[] {
  return filesBelow(dir).filter((file) => /\/a@?\//.test(file));
}

test('archives lie sealed on two backends, and prove the log without the gateway', async () => {
  const keyFile = path('audit.pub');
  writeFileSync(keyFile, (await sealgate(gateway, ['audit', 'key'])).stdout);
  await createBucket(gateway, 'watched', { encryption: 'off' });
  const s3 = newClient(gateway.credentials);
  for (let i = 0; i < 3; i += 1) {
    const known = (await listed()).through;
    await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: `a-telling-name-${i}`, Body: 'x' }));
    await expect.poll(async () => (await listed()).through).toBeGreaterThan(known);
  }
  s3.destroy();
  expect((await sealgate(gateway, ['audit', 'archives'])).stdout).toContain('ARCHIVE');
  const { archives } = await listed();
  expect(archives.length).toBeGreaterThanOrEqual(3);
  for (const { backends } of archives) expect(new Set(backends).size).toBe(2);
  const kept = path('kept.checkpoint');
  writeFileSync(kept, (await sealgate(gateway, ['audit', 'checkpoint'])).stdout);
  await gateway.stop();

  const files = archiveFiles(path('backends'));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(readFileSync(file).includes('a-telling-name')).toBe(false);

  const verify = (place: string, ...more: readonly string[]) =>
    sealgate(gateway, [
      ...[
        'audit',
        'verify',
        '--archive',
        place,
        '--archive-key',
        path('recovery-key.json'),
        '--key',
        keyFile,
        '--json',
      ],
      ...more,
    ]);
  const whole = await verify(path('backends'));
  expect(whole).toMatchObject({ code: 0 });
  expect(JSON.parse(whole.stdout)).toMatchObject({ verified: true, from: 0 });

  let copies = 0;
  const copy = (change: (dir: string) => void): string => {
    copies += 1;
    const dir = path(`copy-${copies}`);
    cpSync(path('backends'), dir, { recursive: true });
    change(dir);
    return dir;
  };
  const of = (dir: string, id: string): string[] => archiveFiles(dir).filter((file) => file.includes(id));
  const sorted = archives.toSorted((a, b) => a.from - b.from);
  const [first, middle] = sorted;
  if (first === undefined || middle === undefined) throw new Error('too few');

  // One backend lost: the other has it all. Both without one: found. A changed byte on both: found.
  const lost = copy((dir) => rmSync(join(dir, first.backends[0] ?? ''), { recursive: true }));
  expect(await verify(lost)).toMatchObject({ code: 0 });
  const missing = copy((dir) => of(dir, middle.id).forEach((file) => rmSync(file)));
  expect(await verify(missing)).toMatchObject({ code: 4 });
  const damaged = copy((dir) => {
    for (const file of of(dir, middle.id).filter((name) => !name.includes('index-'))) {
      const bytes = readFileSync(file);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
      writeFileSync(file, bytes);
    }
  });
  expect(await verify(damaged)).toMatchObject({ code: 4 });
  // Cut at its end: what was kept elsewhere shows it.
  const cut = copy((dir) => {
    // Also those that were made after the list was read.
    const later = archiveFiles(dir).filter((file) => !file.includes(first.id));
    expect(later.length).toBeGreaterThanOrEqual(of(dir, middle.id).length);
    later.forEach((file) => rmSync(file));
  });
  expect(await verify(cut)).toMatchObject({ code: 0 });
  expect(await verify(cut, '--checkpoint', kept)).toMatchObject({ code: 4 });
});

/** Two installations that share their places: each one's archives verify, and those of the other are named and counted. */
async function expectEachItsOwn(other: GatewayProcess): Promise<void> {
  const keyOfOther = join(other.dataDir, 'audit.pub');
  writeFileSync(keyOfOther, (await sealgate(other, ['audit', 'key'])).stdout);
  await other.stop();
  const shared = join(other.dataDir, 'shared');
  for (const { dataDir } of [gateway, other]) cpSync(join(dataDir, 'backends'), shared, { recursive: true });
  for (const [keys, key] of [
    [gateway.dataDir, path('audit.pub')],
    [other.dataDir, keyOfOther],
  ] as const) {
    const place = ['--archive', shared, '--archive-key', join(keys, 'recovery-key.json'), '--json'];
    const told = await sealgate({ dataDir: keys }, ['audit', 'verify', ...place, '--key', key]);
    expect(told).toMatchObject({ code: 0 });
    const { archives } = JSON.parse(told.stdout) as { archives: { count: number; others: number } };
    expect([archives.count > 0, archives.others > 0]).toEqual([true, true]);
  }
  // Opened with the key of one, held against the log of the other: nothing of it is verified.
  const mixed = ['--archive', shared, '--archive-key', path('recovery-key.json'), '--key', keyOfOther];
  expect((await sealgate(gateway, ['audit', 'verify', ...mixed])).code).toBe(1);
}

test('a backend that is emptied is not retired before its archives lie elsewhere', async () => {
  const dataDir = newDataDir();
  const again = await startGateway({
    dataDir,
    env: {
      SEALGATE_AUDIT_ARCHIVE_SECONDS: '1',
      SEALGATE_RECONCILE_INTERVAL_SECONDS: '1',
      SEALGATE_RECOVERY_INTERVAL_SECONDS: '1',
    },
  });
  try {
    const archives = async () => (await admin<Listed>(again, 'GET', '/admin/audit/archives')).archives;
    await expect.poll(async () => (await archives()).length).toBeGreaterThan(0);
    const [first] = await archives();
    const [drained = ''] = first?.backends ?? [];
    const folder = join(dataDir, 'backends', drained);
    expect(archiveFiles(folder).length).toBeGreaterThan(0);
    await sealgate(again, ['backend', 'drain', drained]);
    const retire = () => sealgate(again, ['backend', 'retire', drained]);
    // Refused for as long as there is something on it, which may be over before the first try.
    await expect.poll(async () => (await retire()).code, { timeout: 240_000, interval: 500 }).toBe(0);
    expect(archiveFiles(folder)).toEqual([]);
    const left = await archives();
    expect(left.map(({ id }) => id)).toContain(first?.id);
    for (const { id, backends } of left) {
      expect(new Set(backends).size).toBe(2);
      expect(backends).not.toContain(drained);
      for (const backend of backends) {
        const files = archiveFiles(join(dataDir, 'backends', backend)).filter((file) => file.includes(id));
        expect(files.some((file) => file.includes('index-'))).toBe(true);
      }
    }
    await expectEachItsOwn(again);
  } finally {
    await again.stop();
    removeDataDir(dataDir);
  }
});
