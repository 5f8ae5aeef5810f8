// Writes at the same time share transactions of the database; each is answered for itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow } from '../support/stored-files.ts';

const WRITES = 64;
/** What the client has connections for at once. */
const UNDER_WAY = 50;
/** Both waits of a stall together stay below the time that the gateway gives a statement. */
const [WRITTEN_MS, STALLED_MS] = [20_000, 8000];
const Bucket = 'together';

let gateway: GatewayProcess;
let s3: S3Client;
beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials, { maxAttempts: 1 });
  await createBucket(gateway, Bucket, { encryption: 'off' });
  await s3.send(new PutObjectCommand({ Bucket, Key: 'taken', Body: 'first' }));
  // What only first writes wait for is no part of the stalls, which have a bound.
  await Promise.all(
    Array.from({ length: WRITES }, (_, i) => s3.send(new PutObjectCommand({ Bucket, Key: `first/${i}`, Body: 'x' }))),
  );
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

/** Round trips to the database in which versions were published so far. */
async function commits(): Promise<number> {
  const { controlEndpoint, adminKey } = gateway.credentials;
  const answer = await fetch(`${controlEndpoint}/metrics`, { headers: { 'x-admin-key': adminKey } });
  const lines = (await answer.text()).matchAll(
    /^sealgate_database_statements_total\{statement="commit-versions?"\} (\d+)$/gm,
  );
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** How many copies there are of each blob on the backends. */
function copiesOfBlobs(): ReadonlyMap<string, number> {
  const copies = new Map<string, number>();
  for (const file of filesBelow(join(gateway.dataDir, 'backends'))) {
    const [, blob] = /\/b@\/.*\/([^/]+)\.\d+$/.exec(file) ?? [];
    if (blob !== undefined) copies.set(blob, (copies.get(blob) ?? 0) + 1);
  }
  return copies;
}

/** While nobody can publish anything, as when the disk of the database stands still. */
async function whileStalled(work: (database: Client) => Promise<void>): Promise<void> {
  const root = join(gateway.dataDir, 'postgres');
  const { password } = JSON.parse(readFileSync(join(root, 'identity.json'), 'utf8')) as { password: string };
  const database = new Client({ host: join(root, 'cluster'), user: 'sealgate', database: 'sealgate', password });
  await database.connect();
  try {
    await database.query('BEGIN');
    await database.query('LOCK TABLE sealgate.blobs IN EXCLUSIVE MODE');
    await work(database);
    await database.query('COMMIT');
  } finally {
    await database.end();
  }
}

/** Sends all writes while nobody can publish, and `then` goes on once their bytes are on backends. */
async function writeStalled(name: string, then: (database: Client) => Promise<void>): Promise<readonly string[]> {
  const before = copiesOfBlobs();
  const written = (): number =>
    [...copiesOfBlobs()].filter(([blob, copies]) => copies >= 2 && !before.has(blob)).length;
  const writes: Promise<string>[] = [];
  await whileStalled(async (database) => {
    for (let index = 0; index < WRITES; index += 1) {
      const own = { Bucket, Key: `${name}/${index}`, Body: `${name} ${index}` };
      const taken = { Bucket, Key: 'taken', Body: `${name} ${index}`, IfNoneMatch: '*' };
      writes.push(
        s3.send(new PutObjectCommand(index % 8 === 7 ? taken : own)).then(
          () => 'ok',
          (error: unknown) => (error as Error).name,
        ),
      );
    }
    // Two of three copies are enough for an answer, so that each of these now waits for the database alone.
    await expect.poll(written, { timeout: WRITTEN_MS }).toBeGreaterThanOrEqual(UNDER_WAY);
    await then(database);
  });
  return Promise.all(writes);
}

async function read(Key: string): Promise<string> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return (await Body?.transformToString()) ?? '';
  } catch (error) {
    return (error as Error).name;
  }
}

test('writes that wait for the database share a few round trips, and a refused one is refused alone', async () => {
  const before = await commits();
  expect(before).toBeGreaterThan(0);
  const outcomes = await writeStalled('shared', () => Promise.resolve());
  // Alone come those that found no connection before, and again those of one key that were in different round trips.
  expect((await commits()) - before).toBeLessThan(WRITES / 2);
  expect(outcomes).toEqual(outcomes.map((_, index) => (index % 8 === 7 ? 'PreconditionFailed' : 'ok')));
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome === 'ok') expect(await read(`shared/${index}`)).toBe(`shared ${index}`);
  }
  expect(await read('taken')).toBe('first');
});

test('an answer that is lost is lost to those that shared it, and to nobody else', async () => {
  let cut = 0;
  const outcomes = await writeStalled('cut', async (database) => {
    const stalled = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
      AND query LIKE '%sealgate.commit_version%'`;
    await expect
      .poll(
        async () => {
          // What a transaction sees of other sessions is otherwise what it saw first.
          await database.query('SELECT pg_stat_clear_snapshot()');
          return (await database.query(`SELECT ${stalled}`)).rowCount;
        },
        { timeout: STALLED_MS },
      )
      .toBeGreaterThanOrEqual(2);
    const { rowCount } = await database.query(`SELECT pg_terminate_backend(pid) ${stalled}`);
    cut = rowCount ?? 0;
  });
  const lost = outcomes.filter((outcome) => outcome === 'ServiceUnavailable');
  // More than one of those round trips had several.
  expect(lost.length).toBeGreaterThan(cut + 1);
  expect(lost.length).toBeLessThan(WRITES);
  for (const [index, outcome] of outcomes.entries()) {
    if (index % 8 === 7) expect(['PreconditionFailed', 'ServiceUnavailable']).toContain(outcome);
    else expect(await read(`cut/${index}`)).toBe(outcome === 'ok' ? `cut ${index}` : 'NoSuchKey');
  }
  expect(await read('taken')).toBe('first');
});
