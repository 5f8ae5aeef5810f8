import { createHash } from 'node:crypto';
import { generateKeyPair, type KeyPair } from '@sealgate/sealed/keys';
import { rewrapEnvelope } from '@sealgate/sealed/open';
import { createSealer } from '@sealgate/sealed/seal';
import { type GatewayProcess, newDataDir, removeDataDir, sealgate, startGateway } from '../../tests/support/gateway.ts';
import { ownerKey, ownerOf } from '../../tests/support/owner.ts';
import { withDatabase } from '../support/database.ts';
import { type Row, say } from '../support/row.ts';

const BUCKET = 'bench';
const TEMPLATE = 'template';
/** Rows of one statement. */
const CHUNK = 1000;
/** Envelopes that the owner's side rewraps alone, for comparison. */
const ALONE = 2000;
const SECONDS_MAX = 3600;
const CHECKED = 20;

/** A key is rotated: every envelope of a bucket is opened and sealed anew, and nothing else moves. */
export const rewrap: Row = {
  id: 16,
  async run({ options }) {
    const dataDir = newDataDir();
    const gateway = await startGateway({ dataDir });
    try {
      const cli = async (args: readonly string[]) => {
        const result = await sealgate(gateway, args, { timeoutMs: SECONDS_MAX * 1000 });
        if (result.code !== 0) throw new Error(`sealgate ${args.join(' ')}: ${result.stderr}`);
        return result.stdout;
      };
      await cli(['bucket', 'create', BUCKET]);
      await cli(['keys', 'create', '--no-passphrase', '--name', 'old']);
      const old = await ownerKey(gateway, 'old');
      await ownerOf(gateway, BUCKET, { recipients: [old], opening: [] }).put(TEMPLATE, Buffer.from('template'));
      say(`    sealing ${options.objects} envelopes`);
      const alone = await fill(gateway, old, options.objects);
      await cli(['keys', 'create', '--no-passphrase', '--name', 'new', '--use']);
      const startedMs = performance.now();
      const report = JSON.parse(await cli(['rewrap', `s3://${BUCKET}`, '--json'])) as { readonly changed: number };
      const perSecond = report.changed / ((performance.now() - startedMs) / 1000);
      await check(gateway, options.objects);
      return [
        {
          row: '16',
          work: `rewrap ${report.changed} objects for another key (P-256), from one machine`,
          measured: `${perSecond.toFixed(0)} objects/s`,
          budget: '-',
          met: undefined,
          absolute: `the command's start, a first count and the check of its list included; opening and sealing alone, one at a time: ${alone.toFixed(0)}/s`,
        },
      ];
    } finally {
      await gateway.stop();
      removeDataDir(dataDir);
    }
  },
};

/** Versions as a PUT makes them, but for their bytes: one that was put, with envelopes of their own. @returns rewraps a second, alone */
async function fill(gateway: GatewayProcess, old: KeyPair, count: number): Promise<number> {
  const { tenant } = gateway.credentials;
  const other = await generateKeyPair('P-256');
  let alone = 0;
  await withDatabase(gateway, async (query) => {
    for (let from = 0; from < count - 1; from += CHUNK) {
      const keys = Array.from({ length: Math.min(CHUNK, count - 1 - from) }, (_, at) => keyAt(from + at));
      const envelopes: string[] = [];
      for (const key of keys) {
        const names = { tenant, bucket: BUCKET, key };
        const sealer = await createSealer({ names, recipients: [old], plaintextLength: 8 });
        envelopes.push(sealer.envelope.text);
      }
      if (from < ALONE) {
        const startedMs = performance.now();
        for (const [at, key] of keys.entries()) {
          const names = { tenant, bucket: BUCKET, key };
          await rewrapEnvelope(envelopes[at] ?? '', { keys: [old], names, recipients: [other] });
        }
        alone = keys.length / ((performance.now() - startedMs) / 1000);
      }
      await query(
        `INSERT INTO sealgate.objects (seq, bytes, modified_at, bucket_id, class, verdict, parts, is_null, blob_id, key, etag,
           key_version, encrypted_key, key_id, key_alg, encryption_alg)
         SELECT nextval('sealgate.change_seq'), o.bytes, o.modified_at, o.bucket_id, o.class, o.verdict, o.parts, o.is_null,
           o.blob_id, n.key, o.etag, o.key_version, n.envelope, o.key_id, o.key_alg, o.encryption_alg
         FROM sealgate.objects o JOIN sealgate.buckets b ON b.id = o.bucket_id, unnest($3::text[], $4::text[]) AS n (key, envelope)
         WHERE b.name = $1 AND o.key = $2`,
        [BUCKET, TEMPLATE, keys, envelopes],
      );
    }
    await query('VACUUM (ANALYZE) sealgate.objects');
  });
  return alone;
}

/** Names in no order, as most applications make them. */
function keyAt(index: number): string {
  return createHash('sha256').update(String(index)).digest('hex').slice(0, 40);
}

/** No envelope names the old key any more, and the new one opens a sample of them. */
async function check(gateway: GatewayProcess, count: number): Promise<void> {
  const [oldKey, newKey] = [await ownerKey(gateway, 'old'), await ownerKey(gateway, 'new')];
  const other = await generateKeyPair('P-256');
  await withDatabase(gateway, async (query) => {
    const [left] = await query(
      `SELECT count(*)::int AS count FROM sealgate.objects WHERE encrypted_key IS NOT NULL AND strpos(encrypted_key, $1) > 0`,
      [oldKey.keyId],
    );
    if (left?.['count'] !== 0) throw new Error(`${String(left?.['count'])} envelopes are still sealed to the old key`);
    for (let at = 0; at < CHECKED; at += 1) {
      const key = keyAt(Math.floor(((count - 1) * at) / CHECKED));
      const [row] = await query('SELECT encrypted_key FROM sealgate.objects WHERE key = $1', [key]);
      const names = { tenant: gateway.credentials.tenant, bucket: BUCKET, key };
      await rewrapEnvelope(String(row?.['encrypted_key']), { keys: [newKey], names, recipients: [other] });
    }
  });
}
