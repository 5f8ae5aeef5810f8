import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

  test('files are written, read, listed, renamed and removed', () => {
    const large = readFileSync(round.files.large);
    mkdirSync(join(mount, 'folder'));
    writeFileSync(join(mount, 'folder/ä.txt'), 'twenty bytes of text');
    writeFileSync(join(mount, 'large.bin'), large);
    expect(statSync(join(mount, 'large.bin')).size).toBe(large.length);
    expect(readFileSync(join(mount, 'large.bin')).equals(large)).toBe(true);
    expect(readFileSync(join(mount, 'folder/ä.txt'), 'utf8')).toBe('twenty bytes of text');

    renameSync(join(mount, 'large.bin'), join(mount, 'folder/renamed.bin'));
    expect(readdirSync(mount)).toEqual(['folder']);
    expect(readdirSync(join(mount, 'folder')).sort()).toEqual(['renamed.bin', 'ä.txt']);
    expect(readFileSync(join(mount, 'folder/renamed.bin')).equals(large)).toBe(true);

    rmSync(join(mount, 'folder'), { recursive: true });
    expect(readdirSync(mount)).toEqual([]);
  });
});
