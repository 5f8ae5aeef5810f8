import { createHash, randomBytes } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { createBucket, newDataDir, removeDataDir, startGateway } from '../support/gateway.ts';
import { createRandom } from '../support/random.ts';
import { newClient } from '../support/s3-client.ts';

/** More by command: `SEALGATE_KILL_ROUNDS=200 npx vitest run tests/acceptance/kill.test.ts`. */
const ROUNDS = Number(process.env.SEALGATE_KILL_ROUNDS ?? '6');
const SEED = Number(process.env.SEALGATE_KILL_SEED ?? '1');
const BUCKET = 'mixed-load';
const WRITERS = 6;
const MIB = 1024 * 1024;

/** What each writer knows of its keys: the digest of the last acknowledged state, and whether one is under way. */
interface KeyState {
  /** SHA-256 of the acknowledged bytes, or null for acknowledged absence. */
  acked: string | null;
  /** States that an unacknowledged request may have left. */
  possible: Set<string | null>;
}

const dataDir = newDataDir();
afterAll(() => removeDataDir(dataDir));

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test(`after each of ${ROUNDS} kill -9 every acknowledged object is there, identical, and nothing half-written shows (seed ${SEED})`, {
  timeout: 600_000 + ROUNDS * 20_000,
}, async () => {
  const random = createRandom(SEED);
  const states = new Map<string, KeyState>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const gateway = await startGateway({ dataDir });
    const s3 = newClient(gateway.credentials, { maxAttempts: 1 });
    if (round === 0) await createBucket(gateway, BUCKET, { encryption: 'off' });
    await verify(s3, states, round);
    let running = true;
    const writers = Array.from({ length: WRITERS }, (_, i) =>
      write({ s3, states, random, writer: i, on: () => running }),
    );
    await new Promise((resolve) => setTimeout(resolve, 200 + random.below(1200)));
    await gateway.kill();
    running = false;
    await Promise.all(writers);
    s3.destroy();
  }
  const gateway = await startGateway({ dataDir });
  const s3 = newClient(gateway.credentials, { maxAttempts: 1 });
  await verify(s3, states, ROUNDS);
  expect([...states.values()].filter((s) => s.acked !== null).length).toBeGreaterThan(0);
  s3.destroy();
  expect(await gateway.stop()).toBe(0);
});

interface Writer {
  readonly s3: S3Client;
  readonly states: Map<string, KeyState>;
  readonly random: ReturnType<typeof createRandom>;
  readonly writer: number;
  readonly on: () => boolean;
}

/** Puts, overwrites, deletes and multipart uploads on the writer's own keys until the gateway dies. */
async function write({ s3, states, random, writer, on }: Writer): Promise<void> {
  while (on()) {
    const key = `w${writer}/k${random.below(12)}`;
    const state = states.get(key) ?? { acked: null, possible: new Set<string | null>() };
    states.set(key, state);
    const kind = random.below(10);
    try {
      if (kind < 2) {
        state.possible.add(null);
        await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
        settle(state, null);
      } else if (kind === 9) {
        await multipart(s3, key, state);
      } else {
        const body = randomBytes(1 + random.below(kind < 8 ? 40_000 : 2 * MIB));
        state.possible.add(digest(body));
        await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
        settle(state, digest(body));
      }
    } catch {
      // The gateway died under this request: it may or may not have been committed.
    }
  }
}

async function multipart(s3: S3Client, key: string, state: KeyState): Promise<void> {
  const parts = [randomBytes(5 * MIB), randomBytes(100_000)];
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: key }));
  const done = [];
  for (const [index, Body] of parts.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket: BUCKET, Key: key, UploadId, PartNumber, Body }));
    done.push({ PartNumber, ETag });
  }
  const whole = digest(Buffer.concat(parts));
  state.possible.add(whole);
  await s3.send(
    new CompleteMultipartUploadCommand({ Bucket: BUCKET, Key: key, UploadId, MultipartUpload: { Parts: done } }),
  );
  settle(state, whole);
}

function settle(state: KeyState, acked: string | null): void {
  state.acked = acked;
  state.possible.clear();
}

/** Every key reads as its acknowledged state, or as one that a request under way may have left; the listing agrees. */
async function verify(s3: S3Client, states: Map<string, KeyState>, round: number): Promise<void> {
  const listed = new Map<string, number>();
  for (let token: string | undefined; ; ) {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken: token }));
    for (const { Key, Size } of page.Contents ?? []) listed.set(Key!, Size!);
    token = page.NextContinuationToken;
    if (token === undefined) break;
  }
  for (const key of listed.keys()) expect(states.has(key)).toBe(true);
  for (const [key, state] of states) {
    const seen = await readDigest(s3, key);
    const allowed = new Set([state.acked, ...state.possible]);
    expect({ round, key, legal: allowed.has(seen?.digest ?? null) }).toEqual({ round, key, legal: true });
    expect({ key, listed: listed.get(key) }).toEqual({ key, listed: seen?.bytes });
    settle(state, seen?.digest ?? null);
  }
}

async function readDigest(s3: S3Client, key: string): Promise<{ digest: string; bytes: number } | undefined> {
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    const bytes = await answer.Body!.transformToByteArray();
    return { digest: digest(bytes), bytes: bytes.length };
  } catch (error) {
    if ((error as { name?: string }).name === 'NoSuchKey') return undefined;
    throw error;
  }
}
