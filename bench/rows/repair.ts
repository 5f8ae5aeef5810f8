import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  startGateway,
} from '../../tests/support/gateway.ts';
import type { FolderOrder } from '../processes/folder.ts';
import { withDatabase } from '../support/database.ts';
import { startHelper } from '../support/helper.ts';
import { type Row, say } from '../support/row.ts';
import { signedPath } from '../support/scene.ts';

const BYTES = 16 * 1024;
const BUCKET = 'bench';
const CONCURRENCY = 32;
const SECONDS_MAX = 1200;
/** Objects that are put with one question to the helper. */
const BATCH = 5000;
const PLACES = [
  { id: 'bench-hel', region: 'fi-helsinki', country: 'FI' },
  { id: 'bench-fra', region: 'de-frankfurt', country: 'DE' },
  { id: 'bench-par', region: 'fr-paris', country: 'FR' },
] as const;
const LOST = 'bench-par';

/** Three folders, one of which comes back empty: every object has a copy to be made anew. */
export const repair: Row = {
  id: 13,
  async run({ options }) {
    const dataDir = newDataDir();
    const [generator, folder] = [startHelper('load'), startHelper('folder')];
    const gateway = await startGateway({
      dataDir,
      env: { SEALGATE_DEMO_BACKENDS: 'false', SEALGATE_DEFAULT_ENCRYPTION: 'none' },
    });
    try {
      await register(gateway, dataDir);
      await createBucket(gateway, BUCKET, { encryption: 'off' });
      const count = options.objects;
      say(`    ${count} objects of 16 KiB`);
      const origin = gateway.credentials.s3Endpoint;
      // In batches: the whole of a long fill would take longer than a helper may take for one answer.
      for (let first = 0; first < count; first += BATCH) {
        const paths = Array.from({ length: Math.min(BATCH, count - first) }, (_, n) =>
          signedPath(gateway, { method: 'PUT', path: `/${BUCKET}/r/${first + n}` }),
        );
        const own = { concurrency: CONCURRENCY, count: paths.length, secondsMax: SECONDS_MAX };
        await generator.ask({ origin, method: 'PUT', paths, bodyBytes: BYTES, ...own });
      }
      const order: FolderOrder = {
        root: join(dataDir, 'alone'),
        bytes: BYTES,
        count: Math.min(count, 5000),
        concurrency: CONCURRENCY,
      };
      const alone = await folder.ask<number>(order);
      await lose(gateway, dataDir);
      const perSecond = await repaired(gateway, count);
      return [
        {
          row: '13',
          work: `repair after losing a backend: ${count} objects of 16 KiB`,
          measured: `${perSecond.toFixed(0)} objects/s, ${(perSecond / alone).toFixed(2)} of what a folder takes`,
          budget: '≥ 1 000 objects/s a worker, or ≥ 0.80',
          met: perSecond >= 1000 || perSecond >= 0.8 * alone,
          absolute: `a folder by itself takes ${alone.toFixed(0)} blobs a second, ${CONCURRENCY} at a time, flushed each`,
        },
      ];
    } finally {
      await gateway.stop();
      await generator.stop();
      await folder.stop();
      removeDataDir(dataDir);
    }
  },
};

async function register(gateway: GatewayProcess, dataDir: string): Promise<void> {
  for (const place of PLACES) {
    const endpoint = join(dataDir, 'backends', place.id);
    mkdirSync(endpoint, { recursive: true });
    const facts = { ...place, type: 'filesystem', endpoint, provider: place.id, jurisdiction: 'EU' };
    await admin(gateway, 'POST', '/admin/add-storage', { ...facts, operatorJurisdiction: place.country });
  }
}

/** Its bytes go, and the metadata hear of it at once: how loss is found out is not what is measured. */
async function lose(gateway: GatewayProcess, dataDir: string): Promise<void> {
  const root = join(dataDir, 'backends', LOST);
  for (const bucket of readdirSync(root)) {
    for (const entry of readdirSync(join(root, bucket))) rmSync(join(root, bucket, entry), { recursive: true });
  }
  await withDatabase(gateway, (query) =>
    query(
      `WITH lost AS (
         UPDATE sealgate.blobs b SET replicas = sealgate.set_replica(b.replicas, int2send(k.num) || '\\x00'::bytea || 'm'::bytea)
         FROM sealgate.backends k WHERE k.id = $1 RETURNING b.blob_id, b.replicas
       )
       SELECT count(sealgate.enqueue_repair(lost.blob_id, lost.replicas, 1)) FROM lost`,
      [LOST],
    ),
  );
}

/** Waits until every copy is there. @returns objects a second */
async function repaired(gateway: GatewayProcess, count: number): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const [row] = await withDatabase(gateway, (query) =>
      query(`SELECT count(*)::int AS left FROM sealgate.blobs b WHERE position('m'::bytea IN b.replicas) > 0`),
    );
    const left = Number(row?.['left']);
    const seconds = (performance.now() - startedMs) / 1000;
    if (left === 0) return count / seconds;
    if (seconds > SECONDS_MAX) throw new Error(`${left} objects are not repaired after ${SECONDS_MAX} s`);
    await pause(250);
  }
}
