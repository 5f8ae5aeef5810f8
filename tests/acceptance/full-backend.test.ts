// A backend without room: what it owes goes to others by itself. A small disk of its own, a real gateway and its background work.
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  canMountSmallDisk,
  type GatewayCluster,
  hasRedis,
  ON_SMALL_DISK,
  startGatewayCluster,
} from '../support/cluster.ts';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { bytesOf, filesBelow } from '../support/stored-files.ts';

const lacking = [
  ...(hasRedis() ? [] : ['the program "redis-server" is missing']),
  ...(canMountSmallDisk() ? [] : ['no small disk can be mounted here']),
];
const skipped = lacking.length === 0 ? '' : ` (skipped: ${lacking.join(', ')})`;
const Bucket = 'plain';
const OBJECTS = 12;
const BYTES = 64 * 1024;
const keys = Array.from({ length: OBJECTS }, (_, i) => `object-${i}`);

interface Replica {
  readonly backend: string;
  readonly state: string;
}

describe.skipIf(skipped !== '')(`a backend without room${skipped}`, () => {
  const bodies = new Map(keys.map((key) => [key, randomBytes(BYTES)]));
  let cluster: GatewayCluster;
  let gateway: GatewayProcess;
  let s3: S3Client;
  let small: string;
  let filler: string;

  beforeAll(async () => {
    cluster = await startGatewayCluster({
      gateways: 1,
      smallDisk: true,
      env: (_index, redis) => ({
        REDIS_URL: redis.url,
        SEALGATE_RECONCILE_INTERVAL_SECONDS: '3600',
        SEALGATE_SCRUB_BYTES_PER_SECOND: '1000000000',
        SEALGATE_SCRUB_INTERVAL_SECONDS: '1',
      }),
    });
    [gateway] = cluster.gateways as [GatewayProcess];
    s3 = newClient(gateway.credentials);
    small = cluster.folders.get(ON_SMALL_DISK) ?? '';
    filler = join(small, 'filler');
    mkdirSync(filler);
    await createBucket(gateway, Bucket, { encryption: 'off' });
    for (const [Key, Body] of bodies) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  });
  afterAll(async () => {
    s3.destroy();
    await cluster.stop();
  });

  const replicasOf = async (key: string): Promise<readonly Replica[]> => {
    const path = `/admin/stat/${gateway.credentials.tenant}/${Bucket}?key=${key}`;
    const { blobs } = await admin<{ blobs: readonly { replicas: readonly Replica[] }[] }>(gateway, 'GET', path);
    return blobs[0]?.replicas ?? [];
  };
  const where = async (): Promise<Record<string, number>> => {
    const all = (await Promise.all(keys.map(replicasOf))).flat();
    const counts: Record<string, number> = {};
    for (const { backend, state } of all) {
      const word = `${backend === ON_SMALL_DISK ? 'small disk' : 'others'} ${state}`;
      counts[word] = (counts[word] ?? 0) + 1;
    }
    return counts;
  };
  /** Those of this size: the disk has other files too. */
  const blobFiles = (): string[] =>
    filesBelow(small).filter((path) => !path.startsWith(`${filler}/`) && bytesOf(path) >= BYTES);

  test('keeps nothing owed: every copy that does not fit is made on another one, while the disk is full', async () => {
    await untilStored(gateway, Bucket, keys);
    const lost = blobFiles();
    expect(lost.length).toBeGreaterThan(0);
    try {
      for (;;) writeFileSync(join(filler, 'more'), Buffer.alloc(16 * 1024), { flag: 'a' });
    } catch {
      // Full.
    }
    // Their room stays taken: there is no moment at which one could be made anew here.
    for (const [at, file] of lost.entries()) renameSync(file, join(filler, `lost-${at}`));
    const settled = await until(where, (counts) => counts['others stored'] === 3 * OBJECTS, {
      what: 'three copies of every object beside the full disk',
    });
    expect(settled).not.toHaveProperty('small disk stored');
    expect(settled).not.toHaveProperty('small disk missing');
    expect(blobFiles()).toEqual([]);
    const { state } = await admin<{ state: string }>(gateway, 'GET', `/admin/backends/${ON_SMALL_DISK}`);
    expect(state).toBe('healthy');
    for (const [Key, body] of bodies) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      expect(Buffer.from((await Body?.transformToByteArray()) ?? [])).toEqual(body);
    }
  });
});
