import type { TenantId } from '@sealgate/core/names';
import { eventMessage, matchesRule, type NotificationRule, parseWebhookArn } from '@sealgate/core/notifications';
import type { MetadataNotifications, PendingEvent } from '@sealgate/core/ports';

export interface RouteDeps {
  readonly metadata: Pick<MetadataNotifications, 'pendingEvents' | 'webhookTargets' | 'routeEvents'>;
  /** Changes that one call turns into messages. */
  readonly batch: number;
}

interface Wanted {
  readonly pending: PendingEvent;
  readonly rules: readonly { readonly rule: NotificationRule; readonly webhook: string }[];
}

/**
 * Turns the oldest changes into messages, by the notifications that their buckets have now. A change that no rule asks
 * for, or whose webhook is gone, ends here.
 * @returns how many changes it took
 */
export async function routeDue({ metadata, batch }: RouteDeps): Promise<number> {
  const events = await metadata.pendingEvents(batch);
  if (events.length === 0) return 0;
  const wanted = events.map(wantedOf);
  const webhooks = await webhookIds(metadata, wanted);
  await metadata.routeEvents(
    wanted.map(({ pending, rules }) => ({
      seq: pending.event.seq,
      messages: rules.flatMap(({ rule, webhook }) => {
        const webhookId = webhooks.get(keyOf(pending.tenantId, webhook));
        if (webhookId === undefined) return [];
        return [{ webhookId, message: eventMessage(pending.event, pending.bucket, rule.id) }];
      }),
    })),
  );
  return events.length;
}

function wantedOf(pending: PendingEvent): Wanted {
  const rules = (pending.configuration?.rules ?? []).flatMap((rule) => {
    const webhook = parseWebhookArn(rule.arn);
    return webhook !== undefined && matchesRule(rule, pending.event) ? [{ rule, webhook }] : [];
  });
  return { pending, rules };
}

async function webhookIds(
  metadata: RouteDeps['metadata'],
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<string, number>> {
  const names = new Map<TenantId, Set<string>>();
  for (const { pending, rules } of wanted) {
    for (const { webhook } of rules) {
      const of = names.get(pending.tenantId) ?? new Set();
      names.set(pending.tenantId, of.add(webhook));
    }
  }
  const found = await Promise.all([...names].map(([tenantId, of]) => metadata.webhookTargets(tenantId, [...of])));
  return new Map(found.flat().map(({ tenantId, name, id }) => [keyOf(tenantId, name), id]));
}

function keyOf(tenantId: TenantId, name: string): string {
  return `${tenantId}/${name}`;
}
