import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, run, startGateway } from '../support/gateway.ts';
import { hasTool, titleWith } from '../support/tools.ts';
import { type ClientRound, newRound } from './environment.ts';

describe.skipIf(!hasTool('s3cmd'))(titleWith('s3cmd', 's3cmd'), () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  let config: string;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 's3cmd');
    config = join(round.dir, 's3cfg');
    const { host } = new URL(gateway.credentials.s3Endpoint);
    const { accessKeyId, secretAccessKey, region } = gateway.credentials;
    writeFileSync(
      config,
      [
        '[default]',
        `access_key = ${accessKeyId}`,
        `secret_key = ${secretAccessKey}`,
        `bucket_location = ${region}`,
        `host_base = ${host}`,
        `host_bucket = ${host}`,
        'use_https = False',
        'signature_v2 = False',
        'multipart_chunk_size_mb = 5',
      ].join('\n'),
    );
  });
  afterAll(async () => {
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });
  const s3cmd = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('s3cmd', ['-c', config, '--no-progress', ...args], {
      env: { HOME: round.dir },
    });
    expect({ args, code, stderr: stderr.slice(-500) }).toMatchObject({ code: 0 });
    return stdout;
  };

  test('put, get, list, copy, multipart, presign, delete', async () => {
    const { bucket, files, dir } = round;
    for (const [name, file] of Object.entries(files)) {
      await s3cmd('put', file, `s3://${bucket}/${name}`);
      const back = join(dir, `${name}.back`);
      await s3cmd('get', '--force', `s3://${bucket}/${name}`, back);
      expect(readFileSync(back).equals(readFileSync(file))).toBe(true);
    }
    expect((await s3cmd('ls', `s3://${bucket}`)).trim().split('\n')).toHaveLength(3);
    expect(await s3cmd('info', `s3://${bucket}/middle`)).toContain('307200');

    await s3cmd('cp', `s3://${bucket}/middle`, `s3://${bucket}/a copy`);
    await s3cmd('get', '--force', `s3://${bucket}/a copy`, join(dir, 'copy'));
    expect(readFileSync(join(dir, 'copy')).equals(readFileSync(files.middle))).toBe(true);

    await s3cmd('mv', `s3://${bucket}/a copy`, `s3://${bucket}/moved`);
    expect(await s3cmd('ls', `s3://${bucket}`)).not.toContain('a copy');

    const url = (await s3cmd('signurl', `s3://${bucket}/small`, '+600')).trim();
    expect(url).toContain(bucket);

    await s3cmd('del', '--recursive', '--force', `s3://${bucket}`);
    expect((await s3cmd('ls', `s3://${bucket}`)).trim()).toBe('');
    await s3cmd('rb', `s3://${bucket}`);
  });
});
