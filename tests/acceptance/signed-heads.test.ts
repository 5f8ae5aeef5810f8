// What a client can prove about a gateway that served it something old: here the row is changed behind the log.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { createBucket, newDataDir, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

test('a gateway that serves an old version has signed the proof of it', async () => {
  const dataDir = newDataDir();
  const path = (name: string): string => join(dataDir, name);
  let gateway = await startGateway({ dataDir });
  try {
    writeFileSync(path('audit.pub'), (await sealgate(gateway, ['audit', 'key'])).stdout);
    await createBucket(gateway, 'vault', { encryption: 'off' });
    let s3 = newClient(gateway.credentials);
    const put = (Body: string) => s3.send(new PutObjectCommand({ Bucket: 'vault', Key: 'a', Body }));
    const stat = (out: string) =>
      sealgate(gateway, ['stat', 's3://vault/a', '--verify-head', 'audit.pub', '--head-out', path(out)]);
    const heads = (...more: readonly string[]) => sealgate(gateway, ['audit', 'heads', ...more, '--key', 'audit.pub']);
    let exports = 0;
    const exported = async (): Promise<string> => {
      exports += 1;
      const dir = path(`log-${exports}`);
      mkdirSync(dir);
      expect((await sealgate(gateway, ['audit', 'export', '--out', dir])).code).toBe(0);
      return dir;
    };
    /** Until the log has what came some seconds after the last head. */
    const judged = async (...files: readonly string[]) => {
      let last = await heads(...files.map(path), '--export', await exported());
      const deadline = Date.now() + 180_000;
      while (last.code === 1 && last.stderr.includes('ends too early') && Date.now() < deadline) {
        // Somebody else goes on using it.
        await s3.send(new PutObjectCommand({ Bucket: 'vault', Key: 'other', Body: 'x' }));
        last = await heads(...files.map(path), '--export', await exported());
      }
      return last;
    };
    await put('first');
    expect(await stat('one.head')).toMatchObject({ code: 0 });
    const folder = path('postgres');
    const { password } = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')) as { password: string };
    const database = new Client({ host: join(folder, 'cluster'), user: 'sealgate', password, database: 'sealgate' });
    await database.connect();
    const where = "WHERE key = 'a'";
    await database.query(`CREATE TABLE kept AS SELECT * FROM sealgate.objects ${where}`);
    await put('second');
    expect(await stat('two.head')).toMatchObject({ code: 0 });
    // Without anything asked for, nothing is signed, and a head is of the current version only.
    const plain = await s3.send(new HeadObjectCommand({ Bucket: 'vault', Key: 'a' }));
    expect(plain.ETag).toBeDefined();
    expect(await judged('one.head', 'two.head')).toMatchObject({ code: 0 });

    await database.query(`DELETE FROM sealgate.objects ${where}`);
    await database.query('INSERT INTO sealgate.objects SELECT * FROM kept');
    await database.end();
    s3.destroy();
    // Nothing is left in its cache.
    await gateway.stop();
    gateway = await startGateway({ dataDir });
    s3 = newClient(gateway.credentials);
    expect(await stat('lie.head')).toMatchObject({ code: 0 });
    const refuted = await judged('one.head', 'two.head', 'lie.head');
    expect(refuted.code).toBe(4);
    expect(refuted.stderr).toContain('By its own log that was not the current one then');
    s3.destroy();
  } finally {
    await gateway.stop();
    removeDataDir(dataDir);
  }
});
