import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, run, startGateway } from '../support/gateway.ts';
import { hasTool, titleWith } from '../support/tools.ts';
import { type ClientRound, newRound } from './environment.ts';

describe.skipIf(!hasTool('aws'))(titleWith('aws cli', 'aws'), () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 'awscli');
  });
  afterAll(async () => {
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });
  /** Runs `aws --endpoint-url … ARGS`, which must succeed. */
  const aws = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('aws', ['--endpoint-url', gateway.credentials.s3Endpoint, ...args], {
      env: round.env,
    });
    expect({ args, code, stderr: stderr.slice(-500) }).toMatchObject({ code: 0 });
    return stdout;
  };

  test('put, get, list, copy, multipart, presign, delete', async () => {
    const { bucket, files, dir } = round;
    for (const [name, file] of Object.entries(files)) {
      await aws('s3', 'cp', '--only-show-errors', file, `s3://${bucket}/dir/${name}`);
      const back = join(dir, `${name}.back`);
      await aws('s3', 'cp', '--only-show-errors', `s3://${bucket}/dir/${name}`, back);
      expect(readFileSync(back).equals(readFileSync(file))).toBe(true);
    }
    expect(await aws('s3', 'ls', `s3://${bucket}`)).toContain('PRE dir/');
    expect((await aws('s3', 'ls', '--recursive', `s3://${bucket}`)).trim().split('\n')).toHaveLength(3);

    await aws('s3', 'cp', '--only-show-errors', `s3://${bucket}/dir/large`, `s3://${bucket}/copy of large`);
    await aws('s3', 'cp', '--only-show-errors', `s3://${bucket}/copy of large`, join(dir, 'copy'));
    expect(readFileSync(join(dir, 'copy')).equals(readFileSync(files.large))).toBe(true);

    const head = JSON.parse(await aws('s3api', 'head-object', '--bucket', bucket, '--key', 'dir/large')) as {
      ETag: string;
    };
    expect(head.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);

    const range = join(dir, 'range');
    await aws('s3api', 'get-object', '--bucket', bucket, '--key', 'dir/large', '--range', 'bytes=-100', range);
    expect(readFileSync(range).equals(readFileSync(files.large).subarray(-100))).toBe(true);

    const url = (await aws('s3', 'presign', `s3://${bucket}/dir/middle`)).trim();
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(files.middle))).toBe(true);

    await aws('s3', 'rm', '--only-show-errors', '--recursive', `s3://${bucket}`);
    expect(await aws('s3', 'ls', '--recursive', `s3://${bucket}/dir/`).catch(() => '')).toBe('');
  });

  test('sync both ways moves only what changed', async () => {
    const { bucket, dir } = round;
    await aws('s3', 'sync', '--only-show-errors', dir, `s3://${bucket}/sync/`, '--exclude', '*', '--include', '*.bin');
    const again = await aws('s3', 'sync', dir, `s3://${bucket}/sync/`, '--exclude', '*', '--include', '*.bin');
    expect(again.trim()).toBe('');
    await aws('s3', 'sync', '--only-show-errors', `s3://${bucket}/sync/`, join(dir, 'down'));
    expect(readFileSync(join(dir, 'down/large.bin')).equals(readFileSync(round.files.large))).toBe(true);
  });
});
