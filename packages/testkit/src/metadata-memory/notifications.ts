import { WEBHOOKS_PER_TENANT_MAX } from '@sealgate/core/limits';
import { type EventName, type NotificationConfiguration, webhookArn } from '@sealgate/core/notifications';
import type {
  AuditActor,
  MetadataNotifications,
  ObjectVersion,
  PendingEvent,
  Webhook,
  WebhookTarget,
} from '@sealgate/core/ports';
import type { NotificationState, StoredDelivery } from './notification-state.ts';
import { compareKeys, fail, type MemoryState, nextNumber, type StoredBucket } from './state.ts';

/** Keeps what a message will tell of a change that was just made, when its bucket has notifications. */
export function noteEvent(
  state: MemoryState,
  bucket: StoredBucket,
  change: { readonly name: EventName; readonly version: ObjectVersion; readonly actor: AuditActor },
): void {
  const { name, version, actor } = change;
  if (bucket.record.configs.notification === undefined) return;
  const removed = name.startsWith('ObjectRemoved:');
  const told = removed && actor.kind === 'system' && actor.id === 'lifecycle';
  state.notifications.events.push({
    bucketId: bucket.record.id,
    event: {
      name: told ? (name.replace('ObjectRemoved', 'LifecycleExpiration') as EventName) : name,
      seq: state.seq,
      atMs: state.clock.now(),
      key: version.key,
      versionId: bucket.record.versioning === 'off' ? undefined : version.versionId,
      bytes: removed ? undefined : version.bytes,
      etag: removed ? undefined : version.etag,
      principalId: actor.id,
      remoteAddress: actor.remoteAddress?.replace('::ffff:', ''),
      requestId: actor.requestId,
    },
  });
}

/** The same for a version that the lifecycle moved, all of it; other moves are nothing to tell. */
export function noteMove(state: MemoryState, version: ObjectVersion, actor: AuditActor): void {
  const bucket = state.buckets.get(version.bucketId);
  if (bucket === undefined || actor.kind !== 'system' || actor.id !== 'lifecycle') return;
  state.seq += 1n;
  noteEvent(state, bucket, { name: 'LifecycleTransition', version, actor });
}

export function createNotifications(state: MemoryState): MetadataNotifications {
  return { ...createWebhooks(state), ...createRouting(state), ...createDeliveries(state), ...createDeadLetters(state) };
}

function named(state: MemoryState, tenantId: string, name: string) {
  return [...state.notifications.webhooks.values()].find((hook) => hook.tenantId === tenantId && hook.name === name);
}

function createWebhooks(
  state: MemoryState,
): Pick<MetadataNotifications, 'createWebhook' | 'listWebhooks' | 'webhookTargets' | 'deleteWebhook'> {
  const { notifications } = state;
  const shown = (hook: WebhookTarget & { readonly createdAtMs: number }): Webhook => {
    const of = notifications.deliveries.filter((delivery) => delivery.webhookId === hook.id);
    return {
      name: hook.name,
      url: hook.url,
      signed: hook.secret !== null,
      headerNames: Object.keys(hook.headers),
      createdAtMs: hook.createdAtMs,
      waiting: of.filter((delivery) => !delivery.dead).length,
      dead: of.filter((delivery) => delivery.dead).length,
    };
  };
  return {
    async createWebhook(webhook) {
      if (!state.tenants.has(webhook.tenantId)) fail('NotFound');
      const own = [...notifications.webhooks.values()].filter((hook) => hook.tenantId === webhook.tenantId);
      if (own.length >= WEBHOOKS_PER_TENANT_MAX) fail('QuotaExceeded');
      if (own.some((hook) => hook.name === webhook.name)) fail('Conflict');
      const made = { ...webhook, id: nextNumber(state), createdAtMs: state.clock.now() };
      notifications.webhooks.set(made.id, made);
      return shown(made);
    },
    async listWebhooks(tenantId) {
      return [...notifications.webhooks.values()]
        .filter((hook) => hook.tenantId === tenantId)
        .sort((a, b) => compareKeys(a.name, b.name))
        .map(shown);
    },
    async webhookTargets(tenantId, names) {
      return [...notifications.webhooks.values()]
        .filter((hook) => hook.tenantId === tenantId && names.includes(hook.name))
        .map(({ createdAtMs: _createdAtMs, ...target }) => target);
    },
    async deleteWebhook(tenantId, name) {
      const needle = JSON.stringify(webhookArn(name));
      for (const { record, deleted } of state.buckets.values()) {
        if (deleted || record.tenantId !== tenantId) continue;
        if (record.configs.notification?.includes(needle) === true) fail('Conflict');
      }
      const found = named(state, tenantId, name) ?? fail('NotFound');
      notifications.webhooks.delete(found.id);
      notifications.deliveries = notifications.deliveries.filter(({ webhookId }) => webhookId !== found.id);
    },
  };
}

function createRouting(state: MemoryState): Pick<MetadataNotifications, 'pendingEvents' | 'routeEvents'> {
  const { notifications } = state;
  return {
    async pendingEvents(limit) {
      return notifications.events.slice(0, limit).flatMap(({ bucketId, event }): PendingEvent[] => {
        const record = state.buckets.get(bucketId)?.record;
        if (record === undefined) return [];
        const document = record.configs.notification;
        const configuration = document === undefined ? undefined : (JSON.parse(document) as NotificationConfiguration);
        const { tenantId, name, ownerId, region } = record;
        return [{ event, tenantId, bucket: { name, ownerId, region }, configuration }];
      });
    },
    async routeEvents(routes) {
      let made = 0;
      for (const { seq, messages } of routes) {
        const found = notifications.events.find(({ event }) => event.seq === seq);
        if (found === undefined) continue;
        notifications.events = notifications.events.filter((other) => other !== found);
        const { bucketId, event } = found;
        for (const { webhookId, message } of messages) {
          if (!notifications.webhooks.has(webhookId)) continue;
          const about = { webhookId, bucketId, key: event.key };
          const behind = inLine(notifications, about).length > 0;
          made += 1;
          notifications.deliveries.push({
            ...about,
            id: nextNumber(state),
            seq,
            bucket: state.buckets.get(bucketId)?.record.name ?? '',
            message,
            createdAtMs: state.clock.now(),
            dueAtMs: behind ? Number.POSITIVE_INFINITY : state.clock.now(),
            attempts: 0,
            dead: false,
            reason: null,
          });
        }
      }
      return made;
    },
  };
}

/** Messages to one webhook about one key that have not left, by their changes. */
function inLine(
  { deliveries }: NotificationState,
  about: Pick<StoredDelivery, 'webhookId' | 'bucketId' | 'key'>,
): StoredDelivery[] {
  return deliveries
    .filter((d) => !d.dead && d.webhookId === about.webhookId && d.bucketId === about.bucketId && d.key === about.key)
    .sort((a, b) => (a.seq < b.seq ? -1 : 1));
}

function createDeliveries(state: MemoryState): Pick<MetadataNotifications, 'leaseDeliveries' | 'finishDelivery'> {
  const { notifications, clock } = state;
  return {
    async leaseDeliveries({ limit, share, busy, leaseMs }) {
      const now = clock.now();
      notifications.deliveries = notifications.deliveries.filter((d) => !d.dead || d.dueAtMs > now);
      const due = [...notifications.webhooks.keys()]
        .filter((id) => !busy.includes(id))
        .flatMap((id) =>
          notifications.deliveries.filter((d) => d.webhookId === id && !d.dead && d.dueAtMs <= now).slice(0, share),
        );
      return due.slice(0, limit).flatMap((delivery) => {
        const hook = notifications.webhooks.get(delivery.webhookId);
        if (hook === undefined) return [];
        delivery.dueAtMs = now + leaseMs;
        delivery.attempts += 1;
        const { attempts, message, createdAtMs } = delivery;
        const { createdAtMs: _createdAtMs, ...target } = hook;
        return [{ id: String(delivery.id), attempts, target, message, createdAtMs }];
      });
    },
    async finishDelivery({ id, attempts }, outcome) {
      const found = notifications.deliveries.find((d) => String(d.id) === id && d.attempts === attempts && !d.dead);
      if (found === undefined) return false;
      if (outcome.kind !== 'delivered') found.reason = outcome.reason;
      if (outcome.kind === 'retry') {
        found.dueAtMs = clock.now() + outcome.delayMs;
        return true;
      }
      if (outcome.kind === 'delivered') notifications.deliveries = notifications.deliveries.filter((d) => d !== found);
      else Object.assign(found, { dead: true, dueAtMs: clock.now() + outcome.keepMs });
      const [next] = inLine(notifications, found);
      if (next?.dueAtMs === Number.POSITIVE_INFINITY) next.dueAtMs = clock.now();
      return true;
    },
  };
}

function createDeadLetters(state: MemoryState): Pick<MetadataNotifications, 'deadLetters' | 'redriveDeadLetters'> {
  const { notifications } = state;
  const deadOf = (tenantId: string, name: string): StoredDelivery[] => {
    const hook = named(state, tenantId, name);
    return notifications.deliveries.filter((d) => d.dead && d.webhookId === hook?.id);
  };
  return {
    async deadLetters(tenantId, webhook, { cursor, limit }) {
      const all = deadOf(tenantId, webhook).filter(({ id }) => id > Number(cursor ?? 0));
      const items = all.slice(0, limit).map(({ id, createdAtMs, attempts, bucket, key, reason, message }) => ({
        id: String(id),
        createdAtMs,
        attempts,
        bucket,
        key,
        reason,
        message,
      }));
      return { items, next: all.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    async redriveDeadLetters(tenantId, webhook, { limit }) {
      if (named(state, tenantId, webhook) === undefined) fail('NotFound');
      const dead = deadOf(tenantId, webhook).slice(0, limit);
      for (const delivery of dead) {
        const behind = inLine(notifications, delivery).length > 0;
        Object.assign(delivery, {
          dead: false,
          attempts: 0,
          dueAtMs: behind ? Number.POSITIVE_INFINITY : state.clock.now(),
        });
      }
      return dead.length;
    },
  };
}
