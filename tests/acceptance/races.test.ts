// Many clients at once on few keys, over two gateway processes: whatever they saw must be explainable by one order.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { checkRegister } from '@sealgate/testkit/history';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { brokenKeys, createRaceHistory, type RaceHistory, staleRead } from '../support/race/history.ts';
import { type Racer, race } from '../support/race/racer.ts';
import { createRandom } from '../support/random.ts';
import { newClient } from '../support/s3-client.ts';

const CLIENTS = 64;
/** Without SEALGATE_RACE_SECONDS each client does so many requests. */
const REQUESTS = 12;
const KEYS = ['a', 'b/c', 'b/d', 'ü'];
const UPLOADS = 24;

const seconds = Number(process.env['SEALGATE_RACE_SECONDS'] ?? 0);
const seed = Number(process.env['SEED'] ?? 1);

let gateway: GatewayProcess;
let clients: S3Client[];
beforeAll(async () => {
  gateway = await startGateway({ env: { SEALGATE_WORKERS: '2' } });
  // A connection each, so that both workers have about half of them.
  clients = Array.from({ length: CLIENTS }, () => newClient(gateway.credentials, { maxAttempts: 1 }));
  for (const bucket of ['plain', 'versioned', 'uploads']) await createBucket(gateway, bucket, { encryption: 'off' });
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await anyClient().send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const anyClient = (): S3Client => clients[0] as S3Client;

async function runRace(bucket: string): Promise<RaceHistory> {
  const history = createRaceHistory(KEYS);
  const deadline = performance.now() + seconds * 1000;
  await Promise.all(
    clients.map(async (s3, index) => {
      const random = createRandom(seed + index);
      const racer: Racer = { s3, bucket, name: `c${index}`, random, history, seen: new Map(), made: 0 };
      for (let i = 0; seconds > 0 ? performance.now() < deadline : i < REQUESTS; i += 1) await race(racer);
    }),
  );
  return history;
}

test.each(['plain', 'versioned'])(
  'conditional writes, deletions, completions, reads and listings are linearizable (%s)',
  async (bucket) => {
    const history = await runRace(bucket);
    console.info(`races in ${bucket}: ${history.size} operations, SEED=${seed}`);
    expect(history.size).toBeGreaterThanOrEqual(CLIENTS);
    expect(brokenKeys(history), `replay with SEED=${seed}`).toEqual([]);
    if (bucket === 'versioned') await checkOrderOfVersions(bucket, history);
    // The checker is not blind: a value that was provably replaced, read once more, is found out.
    const planted = history.keys.filter((key) => {
      const stale = staleRead(history.operations(key));
      return stale !== undefined && !checkRegister([...history.operations(key), stale]).ok;
    });
    const plantable = history.keys.filter((key) => staleRead(history.operations(key)) !== undefined);
    expect(planted).toEqual(plantable);
    // In a short race all operations of a key may overlap, and then nothing is provably stale.
    if (seconds > 0) expect(plantable.length).toBeGreaterThan(0);
  },
  600_000 + 4 * seconds * 1000,
);

/** Every acknowledged write is a version, and of two the one that began after the other had ended is the newer one. */
async function checkOrderOfVersions(bucket: string, history: RaceHistory): Promise<void> {
  for (const key of history.keys) {
    const listed = await versionsOf(bucket, key);
    const place = new Map(listed.map((etag, at) => [etag, at]));
    let newestEnded = { ended: -1, place: listed.length, label: '' };
    const writes = history
      .operations(key)
      .filter((op) => op.kind === 'write')
      .filter((op) => op.value !== null && op.ended !== Infinity)
      .map((op) => ({ ...op, place: place.get(op.value ?? '') ?? -1 }));
    expect(writes.filter((op) => op.place < 0).map((op) => op.label)).toEqual([]);
    const byEnd = [...writes].sort((a, b) => a.ended - b.ended);
    let next = 0;
    for (const op of [...writes].sort((a, b) => a.began - b.began)) {
      for (let other = byEnd[next]; other !== undefined && other.ended < op.began; other = byEnd[next]) {
        if (other.place < newestEnded.place) newestEnded = { ...other, label: other.label ?? '' };
        next += 1;
      }
      expect(op.place, `${op.label ?? ''} came after ${newestEnded.label}`).toBeLessThan(newestEnded.place);
    }
  }
}

/** ETags of a key's versions, newest first. */
async function versionsOf(bucket: string, key: string): Promise<string[]> {
  const etags: string[] = [];
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await anyClient().send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, ...marker }));
    for (const version of page.Versions ?? []) {
      if (version.Key === key) etags.push((version.ETag ?? '').replaceAll('"', ''));
    }
    if (page.IsTruncated !== true) return etags;
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

test('of completions and an abortion of one upload at one moment one side wins', async () => {
  const Bucket = 'uploads';
  const outcomes = await Promise.all(
    Array.from({ length: UPLOADS }, async (_, index) => {
      const address = { Bucket, Key: `key ${index}` };
      const pick = (offset: number): S3Client => clients[(index * 3 + offset) % CLIENTS] as S3Client;
      const { UploadId } = await pick(0).send(new CreateMultipartUploadCommand(address));
      const part = await pick(0).send(new UploadPartCommand({ ...address, UploadId, PartNumber: 1, Body: 'body' }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
      const complete = (offset: number) =>
        pick(offset)
          .send(new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload }))
          .then(
            ({ ETag }) => ETag,
            (error: unknown) => (error as Error).name,
          );
      const abort = pick(2)
        .send(new AbortMultipartUploadCommand({ ...address, UploadId }))
        .then(
          () => 'aborted',
          (error: unknown) => (error as Error).name,
        );
      const [first, second, third] = await Promise.all([complete(0), complete(1), abort]);
      const found = await pick(1)
        .send(new HeadObjectCommand(address))
        .then(
          ({ ETag }) => ETag,
          () => 'nothing',
        );
      return { first, second, third, found };
    }),
  );
  for (const outcome of outcomes) {
    const won = outcome.third === 'aborted' ? 'NoSuchUpload' : outcome.found;
    expect(outcome).toEqual({
      first: won,
      second: won,
      third: outcome.third === 'aborted' ? 'aborted' : 'NoSuchUpload',
      found: outcome.third === 'aborted' ? 'nothing' : won,
    });
  }
});
