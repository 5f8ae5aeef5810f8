import type { BlobId, TenantId } from '@sealgate/core/names';
import type { EventName, NotificationConfiguration } from '@sealgate/core/notifications';
import type { DeadLetter, DueDelivery, MetadataNotifications, PendingEvent } from '@sealgate/core/ports';
import { unpackEtag } from '../codec/etag.ts';
import { versionIdOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';
import { noSuchWebhook, targetOf } from './webhooks.ts';

interface EventRow {
  readonly seq: bigint;
  readonly at: number;
  readonly bytes: bigint | null;
  readonly version_seq: bigint;
  readonly is_null: boolean | null;
  readonly blob_id: BlobId;
  readonly name: EventName;
  readonly key: string;
  readonly etag: Buffer | null;
  readonly request_id: string;
  readonly remote_address: string | null;
  readonly actor: string;
  readonly bucket: string;
  readonly region: string;
  readonly owner_id: string;
  readonly tenant_id: TenantId;
  readonly document: string | null;
}

interface DeliveryRow {
  readonly id: bigint;
  readonly attempts: number;
  readonly webhook: number;
  readonly message: string;
  readonly created_at: number;
}

interface DeadRow {
  readonly id: bigint;
  readonly created_at: number;
  readonly attempts: number;
  readonly bucket: string;
  readonly key: string;
  readonly last_error: string | null;
  readonly message: string;
}

export function createDeliveries(
  context: Context,
): Omit<MetadataNotifications, 'createWebhook' | 'listWebhooks' | 'webhookTargets' | 'deleteWebhook'> {
  const { database } = context;

  return {
    async pendingEvents(limit) {
      return (await database.read<EventRow>('pending-events', [limit])).map(pendingOf);
    },

    async routeEvents(events) {
      const messages = events.flatMap(({ seq, messages }) =>
        messages.map(({ webhookId, message }) => ({ seq: seq.toString(), webhook: webhookId, message })),
      );
      const seqs = events.map(({ seq }) => seq.toString());
      const [row] = await database.write<{ made: number }>('route-events', [seqs, JSON.stringify(messages)]);
      return row?.made ?? 0;
    },

    async leaseDeliveries({ limit, share, busy, leaseMs }) {
      const rows = await database.write<DeliveryRow>('lease-deliveries', [limit, share, busy, leaseMs]);
      if (rows.length === 0) return [];
      const ids = [...new Set(rows.map((row) => row.webhook))];
      const found = await database.read<Parameters<typeof targetOf>[0]>('webhooks-by-id', [ids]);
      const targets = new Map(found.map((row) => [row.id, targetOf(row, context)]));
      return rows.flatMap((row): DueDelivery[] => {
        const target = targets.get(row.webhook);
        // Removed since: its messages went with it.
        if (target === undefined) return [];
        const { attempts, message, created_at: createdAtMs } = row;
        return [{ id: row.id.toString(), attempts, target, message, createdAtMs }];
      });
    },

    async finishDelivery({ id, attempts }, outcome) {
      const [row] = await database.write<{ done: boolean }>('finish-delivery', [
        id,
        attempts,
        outcome.kind === 'retry' ? outcome.delayMs : null,
        outcome.kind === 'dead' ? outcome.keepMs : null,
        outcome.kind === 'delivered' ? null : outcome.reason,
      ]);
      return row?.done === true;
    },

    async deadLetters(tenantId, webhook, { cursor, limit }) {
      const after = cursor !== null && /^\d{1,18}$/.test(cursor) ? cursor : '0';
      const rows = await database.read<DeadRow>('list-dead-letters', [tenantId, webhook, after, limit + 1]);
      const items = rows.slice(0, limit).map(deadOf);
      return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },

    async redriveDeadLetters(tenantId, webhook, { limit, actor }) {
      const [row] = await database.write<{ redriven: number | null }>('redrive-deliveries', [
        tenantId,
        webhook,
        limit,
        ...(await context.actor(actor)),
      ]);
      if (row === undefined || row.redriven === null) throw noSuchWebhook(webhook);
      return row.redriven;
    },
  };
}

function pendingOf(row: EventRow): PendingEvent {
  const version = { is_null: row.is_null ?? true, seq: row.version_seq, blob_id: row.blob_id };
  return {
    event: {
      name: row.name,
      seq: row.seq,
      atMs: row.at,
      key: row.key,
      versionId: row.is_null === null ? undefined : versionIdOf(version),
      bytes: row.bytes === null ? undefined : Number(row.bytes),
      etag: row.etag === null ? undefined : unpackEtag(row.etag),
      // The kind of actor is ours; its name is what others know.
      principalId: row.actor.slice(row.actor.indexOf(':') + 1),
      remoteAddress: row.remote_address ?? undefined,
      requestId: row.request_id,
    },
    tenantId: row.tenant_id,
    bucket: { name: row.bucket, ownerId: row.owner_id, region: row.region },
    configuration: configurationOf(row.document),
  };
}

/** One unreadable document must not hold up the events of every other bucket. */
function configurationOf(document: string | null): NotificationConfiguration | undefined {
  if (document === null) return undefined;
  try {
    return JSON.parse(document) as NotificationConfiguration;
  } catch {
    return undefined;
  }
}

function deadOf(row: DeadRow): DeadLetter {
  const { attempts, bucket, key, message } = row;
  return { id: row.id.toString(), createdAtMs: row.created_at, attempts, bucket, key, reason: row.last_error, message };
}
