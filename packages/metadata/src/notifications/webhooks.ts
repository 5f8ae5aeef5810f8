import { Fault } from '@sealgate/core/faults';
import { WEBHOOKS_PER_TENANT_MAX } from '@sealgate/core/limits';
import type { TenantId } from '@sealgate/core/names';
import { webhookArn } from '@sealgate/core/notifications';
import type { MetadataNotifications, NewWebhook, Webhook, WebhookTarget } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

interface TargetRow {
  readonly id: number;
  readonly tenant_id: TenantId;
  readonly name: string;
  readonly url: string;
  readonly secret: Buffer | null;
  readonly headers: Buffer | null;
}

interface WebhookRow extends TargetRow {
  readonly created_at: number;
  readonly waiting: number;
  readonly dead: number;
}

interface CreatedRow {
  readonly outcome: string;
  readonly id: number;
  readonly created_at: number;
}

export function noSuchWebhook(name: string): Fault {
  return new Fault('NotFound', `There is no webhook "${name}" of this tenant.`);
}

/** What leads messages to a webhook, its secrets opened. */
export function targetOf(row: TargetRow, { secrets }: Pick<Context, 'secrets'>): WebhookTarget {
  const id = placeId(row.tenant_id, row.name);
  const headers = row.headers === null ? '{}' : secrets.open({ purpose: 'webhook-headers', id }, row.headers);
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    url: row.url,
    secret: row.secret === null ? null : secrets.open({ purpose: 'webhook', id }, row.secret),
    headers: JSON.parse(headers) as Readonly<Record<string, string>>,
  };
}

/** Known before the row has a number. */
function placeId(tenantId: TenantId, name: string): string {
  return `${tenantId}/${name}`;
}

export function createWebhooks(
  context: Context,
): Pick<MetadataNotifications, 'createWebhook' | 'listWebhooks' | 'webhookTargets' | 'deleteWebhook'> {
  const { database, secrets } = context;

  function sealed(webhook: NewWebhook): [secret: Buffer | null, headers: Buffer | null] {
    const id = placeId(webhook.tenantId, webhook.name);
    const headers = Object.keys(webhook.headers).length === 0 ? null : JSON.stringify(webhook.headers);
    return [
      webhook.secret === null ? null : secrets.seal({ purpose: 'webhook', id }, webhook.secret),
      headers === null ? null : secrets.seal({ purpose: 'webhook-headers', id }, headers),
    ];
  }

  function shown(row: WebhookRow): Webhook {
    return {
      name: row.name,
      url: row.url,
      signed: row.secret !== null,
      headerNames: Object.keys(targetOf(row, context).headers),
      createdAtMs: row.created_at,
      waiting: row.waiting,
      dead: row.dead,
    };
  }

  return {
    async createWebhook(webhook, actor) {
      const { tenantId, name, url } = webhook;
      const [row] = await database.write<CreatedRow>('create-webhook', [
        tenantId,
        name,
        url,
        ...sealed(webhook),
        WEBHOOKS_PER_TENANT_MAX,
        ...(await context.actor(actor)),
      ]);
      if (row?.outcome === 'Conflict') throw new Fault('Conflict', `There is a webhook "${name}" already.`);
      if (row?.outcome === 'QuotaExceeded') {
        throw new Fault('QuotaExceeded', `A tenant has at most ${WEBHOOKS_PER_TENANT_MAX} webhooks.`);
      }
      if (row?.outcome !== 'ok') throw new Fault('NotFound', 'There is no such tenant.');
      const { secret, headers } = webhook;
      const facts = { name, url, signed: secret !== null, headerNames: Object.keys(headers) };
      return { ...facts, createdAtMs: row.created_at, waiting: 0, dead: 0 };
    },

    async listWebhooks(tenantId) {
      return (await database.read<WebhookRow>('list-webhooks', [tenantId])).map(shown);
    },

    async webhookTargets(tenantId, names) {
      const rows = await database.read<TargetRow>('webhooks-by-name', [tenantId, names]);
      return rows.map((row) => targetOf(row, context));
    },

    async deleteWebhook(tenantId, name, actor) {
      const [row] = await database.write<{ outcome: string; bucket: string | null }>('delete-webhook', [
        tenantId,
        name,
        JSON.stringify(webhookArn(name)),
        ...(await context.actor(actor)),
      ]);
      if (row?.outcome === 'Conflict') {
        throw new Fault('Conflict', `The notifications of bucket "${row.bucket ?? ''}" name this webhook.`);
      }
      if (row?.outcome !== 'ok') throw noSuchWebhook(name);
    },
  };
}
