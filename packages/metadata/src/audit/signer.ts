import { randomBytes } from 'node:crypto';
import { createSigner, joinSignatures, type NoteSigner, newSignerSeed, signHead } from '@sealgate/core/audit';
import { Fault } from '@sealgate/core/faults';
import type { AuditActor, AuditSigner } from '@sealgate/core/ports';
import type { Context } from '../context.ts';
import { AUDIT_KEYS_KEPT_MS } from '../limits.ts';
import { SYSTEM_ACTOR } from './actor.ts';

interface KeyRow {
  readonly version: number;
  readonly name: string;
  readonly verifier: string;
  readonly sealed: Buffer;
  readonly retires_at: number | null;
}

interface OpenedKey {
  readonly version: number;
  readonly signer: NoteSigner;
  readonly retiresAtMs: number | null;
}

/**
 * The keys of the audit log, sealed in the database like every other secret. The first process to come makes the first
 * one, with a name that no other log has. Another process's rotation is seen after a moment.
 */
export async function openAuditSigner(context: Context): Promise<AuditSigner> {
  const { database, secrets, clock } = context;
  let loadedMs = 0;
  let keys: readonly OpenedKey[] = [];

  async function load(): Promise<void> {
    const rows = await database.read<KeyRow>('audit-keys', []);
    const opened: OpenedKey[] = [];
    for (const row of rows) {
      const place = { purpose: 'audit-key', id: String(row.version) } as const;
      const seed = secrets.open(place, row.sealed);
      if (secrets.versionOf(row.sealed) !== secrets.newest) {
        await database.write('audit-reseal-key', [row.version, secrets.seal(place, seed), row.sealed]);
      }
      const signer = createSigner(row.name, Buffer.from(seed, 'base64'));
      opened.push({ version: row.version, signer, retiresAtMs: row.retires_at });
    }
    [keys, loadedMs] = [opened, clock.monotonic()];
  }

  async function current(): Promise<readonly OpenedKey[]> {
    if (clock.monotonic() - loadedMs > AUDIT_KEYS_KEPT_MS) await load();
    return keys;
  }

  async function add(name: string, overlapMs: number, actor: AuditActor): Promise<string> {
    const version = (keys[0]?.version ?? 0) + 1;
    const seed = newSignerSeed();
    const { text } = createSigner(name, seed).verifier;
    const sealed = secrets.seal({ purpose: 'audit-key', id: String(version) }, seed.toString('base64'));
    const values = [...(await context.actor(actor)), version, name, text, sealed, overlapMs];
    const made = await database.write('audit-add-key', values);
    await load();
    if (made.length === 0 && version > 1) throw new Fault('Conflict', 'Another key was made at the same time.');
    return text;
  }

  await load();
  if (keys.length === 0) await add(`sealgate/${randomBytes(8).toString('hex')}`, 0, SYSTEM_ACTOR);
  const origin = keys[0]?.signer.name;
  if (origin === undefined) throw new Fault('InternalError', 'The audit key could not be made.');

  return {
    origin,
    async verifiers() {
      await load();
      return keys.map(({ signer }) => signer.verifier.text);
    },
    async sign(text) {
      const active = (await current()).filter((key) => key.retiresAtMs === null || key.retiresAtMs > clock.now());
      return active.map(({ signer }) => signer.sign(text)).reduce(joinSignatures);
    },
    async signHead(head) {
      const [newest] = await current();
      if (newest === undefined) throw new Fault('InternalError', 'The audit key could not be made.');
      return signHead(head, newest.signer);
    },
    async rotate(overlapMs, actor) {
      await load();
      return await add(origin, overlapMs, actor);
    },
  };
}
