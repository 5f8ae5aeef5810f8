import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, run, startGateway } from '../support/gateway.ts';
import { hasTool, titleWith } from '../support/tools.ts';
import { type ClientRound, newRound } from './environment.ts';

describe.skipIf(!hasTool('restic'))(titleWith('restic', 'restic'), () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 'restic');
  });
  afterAll(async () => {
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });
  const restic = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('restic', args, {
      env: {
        ...round.env,
        RESTIC_REPOSITORY: `s3:${gateway.credentials.s3Endpoint}/${round.bucket}`,
        RESTIC_PASSWORD: 'only for this test',
      },
    });
    expect({ args, code, stderr: stderr.slice(-800) }).toMatchObject({ code: 0 });
    return stdout;
  };

  test('init, backup, check, restore, forget and prune', async () => {
    const { files, dir } = round;
    const source = join(dir, 'source');
    mkdirSync(join(source, 'deep'), { recursive: true });
    cpSync(files.middle, join(source, 'ä & b.bin'));
    cpSync(files.large, join(source, 'deep/large.bin'));
    await restic('init');
    await restic('backup', source);
    writeFileSync(join(source, 'later.txt'), 'later');
    rmSync(join(source, 'ä & b.bin'));
    await restic('backup', source);
    expect(await restic('check', '--read-data')).toContain('no errors were found');

    const target = join(dir, 'restored');
    await restic('restore', 'latest', '--target', target);
    expect(readFileSync(join(target, source, 'deep/large.bin')).equals(readFileSync(files.large))).toBe(true);
    expect(readFileSync(join(target, source, 'later.txt'), 'utf8')).toBe('later');

    await restic('forget', '--keep-last', '1', '--prune');
    expect(JSON.parse(await restic('snapshots', '--json'))).toHaveLength(1);
    expect(await restic('check', '--read-data')).toContain('no errors were found');
  });
});
