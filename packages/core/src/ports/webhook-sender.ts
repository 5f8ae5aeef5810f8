import type { WebhookTarget } from './metadata-notifications.ts';

export interface WebhookMessage {
  /** The same at every try of one message. */
  readonly id: string;
  readonly body: string;
}

export interface WebhookAnswer {
  readonly status: number;
  /** How long the receiver asks to be left alone. */
  readonly retryAfterMs?: number;
}

/** Sends a message to whom it may be sent: the address is checked anew each time. */
export interface WebhookSender {
  /**
   * @returns whatever the receiver answered, its body unread
   * @throws Fault EndpointRefused (an address that messages may not go to), BackendUnreachable, BackendTimeout
   */
  send(
    target: WebhookTarget,
    message: WebhookMessage,
    options: { readonly signal: AbortSignal },
  ): Promise<WebhookAnswer>;
}
