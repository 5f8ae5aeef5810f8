import type { ObjectEvent } from '@sealgate/core/notifications';
import type { WebhookTarget } from '@sealgate/core/ports';

export interface StoredDelivery {
  readonly id: number;
  readonly seq: bigint;
  readonly webhookId: number;
  readonly bucketId: number;
  readonly bucket: string;
  readonly key: string;
  readonly message: string;
  readonly createdAtMs: number;
  /** Infinity: behind another message about the same key. Of a dead letter: when it goes. */
  dueAtMs: number;
  attempts: number;
  dead: boolean;
  reason: string | null;
}

/** The part of the state that only notifications know. */
export interface NotificationState {
  readonly webhooks: Map<number, WebhookTarget & { readonly createdAtMs: number }>;
  events: { readonly bucketId: number; readonly event: ObjectEvent }[];
  deliveries: StoredDelivery[];
}
