import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, run, startGateway } from '../support/gateway.ts';
import { hasTool, titleWith } from '../support/tools.ts';
import { type ClientRound, newRound } from './environment.ts';

describe.skipIf(!hasTool('rclone'))(titleWith('rclone', 'rclone'), () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 'rclone');
  });
  afterAll(async () => {
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });
  const rclone = async (...args: string[]): Promise<string> => {
    const { accessKeyId, secretAccessKey, region, s3Endpoint } = gateway.credentials;
    const { code, stdout, stderr } = await run('rclone', ['--retries', '1', ...args], {
      env: {
        HOME: round.dir,
        RCLONE_CONFIG_GW_TYPE: 's3',
        RCLONE_CONFIG_GW_PROVIDER: 'Other',
        RCLONE_CONFIG_GW_ACCESS_KEY_ID: accessKeyId,
        RCLONE_CONFIG_GW_SECRET_ACCESS_KEY: secretAccessKey,
        RCLONE_CONFIG_GW_REGION: region,
        RCLONE_CONFIG_GW_ENDPOINT: s3Endpoint,
        RCLONE_CONFIG_GW_UPLOAD_CUTOFF: '8M',
        RCLONE_CONFIG_GW_CHUNK_SIZE: '5M',
        NO_PROXY: '*',
      },
    });
    expect(code, `rclone ${args.join(' ')}: ${stderr.slice(-800)}`).toBe(0);
    return stdout;
  };

  test('copy, check, list, multipart, server-side copy, presign, delete', async () => {
    const { bucket, files, dir } = round;
    const source = join(dir, 'source');
    mkdirSync(join(source, 'deep/er'), { recursive: true });
    cpSync(files.small, join(source, 'ä ü & +%.txt'));
    cpSync(files.middle, join(source, 'deep/middle.bin'));
    cpSync(files.large, join(source, 'deep/er/large.bin'));

    await rclone('sync', source, `gw:${bucket}/tree`);
    await rclone('check', '--download', source, `gw:${bucket}/tree`);
    expect((await rclone('lsf', '-R', '--files-only', `gw:${bucket}`)).trim().split('\n')).toHaveLength(3);

    await rclone('copyto', `gw:${bucket}/tree/deep/er/large.bin`, `gw:${bucket}/copied.bin`);
    await rclone('copyto', `gw:${bucket}/copied.bin`, join(dir, 'copied.bin'));
    expect(readFileSync(join(dir, 'copied.bin')).equals(readFileSync(files.large))).toBe(true);

    const url = (await rclone('link', `gw:${bucket}/tree/deep/middle.bin`)).trim();
    const answer = await fetch(url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(files.middle))).toBe(true);

    await rclone('purge', `gw:${bucket}`);
    expect(await rclone('lsf', 'gw:')).not.toContain(bucket);
  });
});
