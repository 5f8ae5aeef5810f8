// Archives of the audit log on backends with object lock, judged by what those backends say themselves.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test } from 'vitest';
import { admin, createBucket, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { addServer, imitatedServer, LOOPBACK, type S3Server } from '../support/s3-backends.ts';
import { newClient } from '../support/s3-client.ts';

const DAY_MS = 24 * 60 * 60_000;
const LOCK_DAYS = 30;
const PATIENCE_MS = 120_000;
const PLACES = [
  { id: 'lock-hel', country: 'FI', jurisdiction: 'EU' },
  { id: 'lock-fra', country: 'DE', jurisdiction: 'EU' },
  { id: 'lock-ams', country: 'NL', jurisdiction: 'EU' },
] as const;
/** A JSON file with three servers, in the form that the fault lab takes: `[{endpoint, region, accessKeyId, secretAccessKey}]`. */
const { SEALGATE_TEST_RGW_SERVERS: rgwFile } = process.env;

interface Listed {
  readonly through: number;
  readonly lockedCopies: number | null;
  readonly warning: string | null;
  readonly archives: readonly {
    readonly id: string;
    readonly backends: readonly string[];
    readonly locked: readonly string[];
    readonly lockedUntil: string | null;
  }[];
}

interface Drain {
  readonly empty: boolean;
  readonly archivesLeft: number;
  readonly archivesLocked: number;
  readonly archivesLockedUntil: string | null;
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const clientOf = ({ endpoint, region, accessKeyId, secretAccessKey }: S3Server): S3Client =>
  new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });

/** Every version and marker in our buckets on a server. */
async function versionsOn(client: S3Client, buckets: ReadonlySet<string>) {
  const all = await Promise.all(
    [...buckets].map(async (Bucket) => {
      const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
      return [...Versions, ...DeleteMarkers].map(({ Key = '', VersionId = '' }) => ({ Bucket, Key, VersionId }));
    }),
  );
  return all.flat();
}

async function bucketsOn(client: S3Client): Promise<ReadonlySet<string>> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand());
  return new Set(Buckets.map(({ Name = '' }) => Name));
}

/** A server with the buckets that were made on it since now, which are emptied in the end. */
async function watched(server: S3Server) {
  const client = clientOf(server);
  const before = await bucketsOn(client);
  const ours = async () => new Set([...(await bucketsOn(client))].filter((name) => !before.has(name)));
  undo.push(async () => {
    for (const version of await versionsOn(client, await ours())) {
      await client.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true }));
    }
    client.destroy();
  });
  const archives = async () =>
    (await versionsOn(client, await ours())).filter(({ Key }) => /^a\/[0-9a-f-]+\//.test(Key));
  return { client, archives };
}

const ARCHIVING = {
  SEALGATE_AUDIT_ARCHIVE_SECONDS: '3',
  SEALGATE_AUDIT_ARCHIVE_LOCK_DAYS: String(LOCK_DAYS),
  SEALGATE_AUDIT_ARCHIVE_LOCKED_COPIES: '2',
  SEALGATE_RECONCILE_INTERVAL_SECONDS: '1',
  SEALGATE_RECOVERY_INTERVAL_SECONDS: '1',
};

async function scene(servers: readonly S3Server[]) {
  const first = await startGateway({ env: LOOPBACK });
  undo.push(() => removeDataDir(first.dataDir));
  const stores = new Map<string, Awaited<ReturnType<typeof watched>>>();
  for (const [at, place] of PLACES.entries()) {
    const server = servers[at];
    if (server === undefined) throw new Error('Three servers are needed.');
    stores.set(place.id, await watched(server));
    await addServer(first, place, server);
  }
  await first.stop();
  // Now that there is where to lock them.
  const gateway = await startGateway({ dataDir: first.dataDir, env: { ...LOOPBACK, ...ARCHIVING } });
  undo.push(() => gateway.stop());
  const listed = () => admin<Listed>(gateway, 'GET', '/admin/audit/archives');
  let marks = 0;
  /**
   * What the log has by now is archived, so that nothing but what was archived is left: one that is just being made is
   * listed on a place and not yet on the next.
   */
  const untilQuiet = async (): Promise<void> => {
    marks += 1;
    const tenant = `/admin/tenants/${gateway.credentials.tenant}`;
    await admin(gateway, 'PATCH', tenant, { displayName: `mark ${marks}` });
    const look = async (): Promise<boolean> => {
      const { items } = await admin<{ items: { leaf: number }[] }>(gateway, 'GET', '/admin/audit?action=tenantChanged');
      const { through } = await listed();
      return items.length === marks && items.every(({ leaf }) => leaf < through);
    };
    await expect.poll(look, { timeout: PATIENCE_MS }).toBe(true);
  };
  /** The places of all servers but one, as an auditor has them. */
  const placesFile = (lost: string): string => {
    const file = join(gateway.dataDir, `places-without-${lost}.json`);
    const backends = PLACES.flatMap(({ id }, at) => (id === lost ? [] : [{ name: id, ...servers[at] }]));
    writeFileSync(file, JSON.stringify({ backends }));
    return file;
  };
  return { gateway, stores, listed, placesFile, untilQuiet };
}

function describeLockedArchives(servers: () => Promise<readonly S3Server[]>): void {
  test('are locked on two of them, open without the gateway, survive the loss of one, and leave a drained one', {
    timeout: 6 * PATIENCE_MS,
  }, async () => {
    const { gateway, stores, listed, placesFile, untilQuiet } = await scene(await servers());
    const keyFile = join(gateway.dataDir, 'audit.pub');
    writeFileSync(keyFile, (await sealgate(gateway, ['audit', 'key'])).stdout);
    await createBucket(gateway, 'watched', { encryption: 'off' });
    const s3 = newClient(gateway.credentials);
    undo.push(() => s3.destroy());
    await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: 'key', Body: 'x' }));
    await expect.poll(async () => (await listed()).archives.length, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    const { archives, lockedCopies, warning } = await listed();
    expect([lockedCopies, warning]).toEqual([2, null]);
    const [newest] = archives;
    if (newest === undefined) throw new Error('There is no archive.');
    const { id, locked } = newest;
    expect(new Set(locked).size).toBe(2);
    expect(locked.every((place) => stores.has(place))).toBe(true);

    for (const place of locked) {
      const { client, archives: keysOn } = stores.get(place) ?? {};
      if (client === undefined || keysOn === undefined) throw new Error('It is none of ours.');
      const keys = (await keysOn()).filter(({ Key }) => Key.startsWith(`a/${id}/`));
      expect(keys.length).toBeGreaterThanOrEqual(2);
      for (const version of keys) {
        const { Retention } = await client.send(new GetObjectRetentionCommand(version));
        expect(Retention?.Mode).toBe('GOVERNANCE');
        // Some servers keep whole seconds.
        const until = Retention?.RetainUntilDate?.getTime() ?? 0;
        expect(Math.abs(until - Date.parse(newest.lockedUntil ?? ''))).toBeLessThan(1000);
        await expect(client.send(new DeleteObjectCommand(version))).rejects.toMatchObject({
          $metadata: { httpStatusCode: 403 },
        });
        const shorter = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + DAY_MS) } as const;
        await expect(
          client.send(new PutObjectRetentionCommand({ ...version, Retention: shorter })),
        ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
      }
      expect((await keysOn()).filter(({ Key }) => Key.startsWith(`a/${id}/`))).toHaveLength(keys.length);
    }

    const verify = async (places: string, ...more: readonly string[]) => {
      const key = ['--archive-key', join(gateway.dataDir, 'recovery-key.json'), '--key', keyFile];
      return await sealgate(gateway, ['audit', 'verify', '--archive', places, ...key, ...more, '--json']);
    };
    const lost = placesFile(locked[1] ?? '');
    expect(await verify(lost)).toMatchObject({ code: 0 });
    expect(await verify(lost, '--locked', '2')).toMatchObject({ code: 4 });

    // Whoever has the gateway's keys can hide an archive on both, and not from who verifies.
    for (const place of locked) {
      const { client, archives: keysOn } = stores.get(place) ?? {};
      for (const { Bucket, Key } of (await keysOn?.()) ?? []) {
        if (!Key.startsWith(`a/${id}/`)) continue;
        if (!Key.includes('index-')) await client?.send(new PutObjectCommand({ Bucket, Key, Body: 'another' }));
        await client?.send(new DeleteObjectCommand({ Bucket, Key }));
      }
    }
    await untilQuiet();
    const hidden = await verify(placesFile('none'), '--locked', '2');
    expect(hidden.code).toBe(0);
    const { archives: seen } = JSON.parse(hidden.stdout) as { archives: { covered: number } };
    expect(seen.covered).toBeGreaterThanOrEqual(4);
    // What lies over it is locked by nobody.
    for (const place of locked) {
      const { client, archives: keysOn } = stores.get(place) ?? {};
      const laid = ((await keysOn?.()) ?? []).filter(({ Key }) => Key.startsWith(`a/${id}/`));
      const removed = laid.map(async (version) => client?.send(new DeleteObjectCommand(version)));
      expect((await Promise.allSettled(removed)).some(({ status }) => status === 'rejected')).toBe(true);
    }

    const [drained = ''] = locked;
    await admin(gateway, 'POST', `/admin/backends/${drained}/drain`, {});
    const retire = () => sealgate(gateway, ['backend', 'retire', drained]);
    const drain = async () =>
      (await admin<{ maintenance: { drain: Drain } }>(gateway, 'GET', `/admin/backends/${drained}`)).maintenance.drain;
    await expect.poll(async () => (await drain()).empty, { timeout: 2 * PATIENCE_MS }).toBe(true);
    const { archivesLeft, archivesLocked, archivesLockedUntil: until } = await drain();
    expect(archivesLeft).toBe(0);
    expect(archivesLocked).toBeGreaterThan(0);
    expect(Date.parse(until ?? '')).toBeGreaterThan(Date.now() + (LOCK_DAYS - 1) * DAY_MS);
    expect((await sealgate(gateway, ['backend', 'show', drained])).stdout).toContain(`until ${until}`);
    const retired = await retire();
    expect(retired.code).toBe(0);
    expect(retired.stdout).toContain(`${archivesLocked} archives of the audit log stay there`);
    expect(retired.stdout).toContain(`until ${until}`);
    for (const one of (await listed()).archives) {
      expect(one.backends).not.toContain(drained);
      expect(new Set(one.locked).size).toBe(2);
    }
    // Nobody could remove what is locked there, the gateway neither.
    const kept = (await stores.get(drained)?.archives()) ?? [];
    expect(kept.filter(({ Key }) => Key.startsWith(`a/${id}/`)).length).toBeGreaterThanOrEqual(2);
    await untilQuiet();
    const after = await verify(placesFile(drained), '--locked', '2');
    expect(after.code).toBe(0);
    expect(JSON.parse(after.stdout)).toMatchObject({ verified: true, archives: { places: 2, locked: 2 } });
  });
}

describe('archives on imitated S3 servers with object lock', () => {
  describeLockedArchives(async () => {
    const imitated = await Promise.all(PLACES.map(() => imitatedServer()));
    undo.push(() => Promise.all(imitated.map((one) => one.close())));
    return imitated.map(({ server }) => server);
  });
});

describe.skipIf(rgwFile === undefined)(
  `archives on Ceph RGW${rgwFile === undefined ? ' (skipped: SEALGATE_TEST_RGW_SERVERS names no file of servers)' : ''}`,
  () => {
    describeLockedArchives(() => Promise.resolve(JSON.parse(readFileSync(rgwFile ?? '', 'utf8')) as S3Server[]));
  },
);
