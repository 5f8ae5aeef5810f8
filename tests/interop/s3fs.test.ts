import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, run, startGateway } from '../support/gateway.ts';
import { hasTool, titleWith } from '../support/tools.ts';
import { type ClientRound, newRound } from './environment.ts';

/** A file system in user space needs its device, which not every container has. */
const canMount = existsSync('/dev/fuse') && process.getuid?.() === 0;
const title = canMount ? titleWith('s3fs', 's3fs') : 's3fs (skipped: no /dev/fuse here, or not root)';

describe.skipIf(!canMount || !hasTool('s3fs'))(title, () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  let mount: string;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 's3fs');
    mount = join(round.dir, 'mount');
    mkdirSync(mount);
    const { accessKeyId, secretAccessKey, s3Endpoint, region } = gateway.credentials;
    const passwd = join(round.dir, 'passwd');
    writeFileSync(passwd, `${accessKeyId}:${secretAccessKey}\n`, { mode: 0o600 });
    const options = [
      `passwd_file=${passwd}`,
      `url=${s3Endpoint}`,
      `endpoint=${region}`,
      'use_path_request_style',
      'multipart_size=5',
      'stat_cache_expire=1',
    ];
    const { code, stderr } = await run('s3fs', [round.bucket, mount, ...options.flatMap((option) => ['-o', option])], {
      env: { HOME: round.dir, NO_PROXY: '*' },
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await run('umount', [mount]);
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });

  // Not by calls that stand still: on a slow machine whoever runs the tests would hear nothing of this process for too long.
  test('files are written, read, listed, renamed and removed', async () => {
    const large = readFileSync(round.files.large);
    await mkdir(join(mount, 'folder'));
    await writeFile(join(mount, 'folder/ä.txt'), 'twenty bytes of text');
    await writeFile(join(mount, 'large.bin'), large);
    expect((await stat(join(mount, 'large.bin'))).size).toBe(large.length);
    expect((await readFile(join(mount, 'large.bin'))).equals(large)).toBe(true);
    expect(await readFile(join(mount, 'folder/ä.txt'), 'utf8')).toBe('twenty bytes of text');

    await rename(join(mount, 'large.bin'), join(mount, 'folder/renamed.bin'));
    expect(await readdir(mount)).toEqual(['folder']);
    expect((await readdir(join(mount, 'folder'))).sort()).toEqual(['renamed.bin', 'ä.txt']);
    expect((await readFile(join(mount, 'folder/renamed.bin'))).equals(large)).toBe(true);

    await rm(join(mount, 'folder'), { recursive: true });
    expect(await readdir(mount)).toEqual([]);
  });
});
