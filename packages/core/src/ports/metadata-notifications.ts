import type { TenantId } from '../names/index.ts';
import type { EventBucket, NotificationConfiguration, ObjectEvent } from '../notifications/index.ts';
import type { Page } from './metadata-registry.ts';
import type { AuditActor } from './model.ts';

export interface NewWebhook {
  readonly tenantId: TenantId;
  /** Unique in its tenant. See `isWebhookName`. */
  readonly name: string;
  readonly url: string;
  /** Signs messages; null: they are not signed. Sealed before it reaches the database, as are the headers. */
  readonly secret: string | null;
  /** Sent with every message. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A webhook as messages are sent to it. */
export interface WebhookTarget extends NewWebhook {
  readonly id: number;
}

/** A webhook as it is shown: nothing secret. */
export interface Webhook {
  readonly name: string;
  readonly url: string;
  readonly signed: boolean;
  readonly headerNames: readonly string[];
  readonly createdAtMs: number;
  /** Messages on their way. */
  readonly waiting: number;
  /** Messages that were given up and can be sent again. */
  readonly dead: number;
}

/** A change that has not become messages yet. */
export interface PendingEvent {
  readonly event: ObjectEvent;
  readonly tenantId: TenantId;
  readonly bucket: EventBucket;
  /** As it is now; undefined when the bucket has none any more. */
  readonly configuration: NotificationConfiguration | undefined;
}

/** A leased message. */
export interface DueDelivery {
  readonly id: string;
  /** This try counted. Whoever ends the lease names it, so that one that ran out ends nothing. */
  readonly attempts: number;
  readonly target: WebhookTarget;
  readonly message: string;
  readonly createdAtMs: number;
}

export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly reason: string }
  /** A dead letter from now on, kept for `keepMs`. */
  | { readonly kind: 'dead'; readonly keepMs: number; readonly reason: string };

export interface DeadLetter {
  readonly id: string;
  readonly createdAtMs: number;
  readonly attempts: number;
  readonly bucket: string;
  readonly key: string;
  readonly reason: string | null;
  readonly message: string;
}

/**
 * Webhooks, and the durable way from a change to a message: the change's facts are written in its transaction (when its
 * bucket has notifications), become messages in one transaction, and a message goes only when it was delivered or is
 * given up. Messages to one webhook about one key are due one after the other.
 */
export interface MetadataNotifications {
  /** @throws Fault Conflict (name taken), QuotaExceeded, NotFound (tenant) */
  createWebhook(webhook: NewWebhook, actor: AuditActor): Promise<Webhook>;
  listWebhooks(tenantId: TenantId): Promise<readonly Webhook[]>;
  /** Those of the named ones that exist. */
  webhookTargets(tenantId: TenantId, names: readonly string[]): Promise<readonly WebhookTarget[]>;
  /** With its messages. @throws Fault NotFound, Conflict (a bucket's notifications name it) */
  deleteWebhook(tenantId: TenantId, name: string, actor: AuditActor): Promise<void>;

  /** The oldest changes that are not messages yet, by their numbers. Leases nothing: routing twice makes one message. */
  pendingEvents(limit: number): Promise<readonly PendingEvent[]>;
  /** Ends these changes and makes their messages, in one transaction. How many messages it made. */
  routeEvents(
    events: readonly {
      readonly seq: bigint;
      readonly messages: readonly { readonly webhookId: number; readonly message: string }[];
    }[],
  ): Promise<number>;
  /** Leases up to `limit` due messages, at most `share` of one webhook; a lease that runs out makes them due again. */
  leaseDeliveries(limits: {
    readonly limit: number;
    readonly share: number;
    /** Ids of webhooks that have enough to do. */
    readonly busy: readonly number[];
    readonly leaseMs: number;
  }): Promise<readonly DueDelivery[]>;
  /** False when the lease was another one's by then; nothing changed. */
  finishDelivery(delivery: Pick<DueDelivery, 'id' | 'attempts'>, outcome: DeliveryOutcome): Promise<boolean>;

  deadLetters(
    tenantId: TenantId,
    webhook: string,
    page: { readonly cursor: string | null; readonly limit: number },
  ): Promise<Page<DeadLetter>>;
  /** Sends the oldest dead letters of a webhook again. How many. @throws Fault NotFound */
  redriveDeadLetters(
    tenantId: TenantId,
    webhook: string,
    options: { readonly limit: number; readonly actor: AuditActor },
  ): Promise<number>;
}
