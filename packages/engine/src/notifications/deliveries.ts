import { type Fault, toFault } from '@sealgate/core/faults';
import { retryDelayMs } from '@sealgate/core/notifications';
import type {
  Clock,
  DeliveryOutcome,
  DueDelivery,
  MetadataNotifications,
  WebhookAnswer,
  WebhookSender,
} from '@sealgate/core/ports';

export interface DeliveryLimits {
  /** Messages under way at once in this process. */
  readonly inFlightMax: number;
  /** Of these, to one webhook: whoever does not answer holds up itself only. */
  readonly share: number;
  /** Longer than a try may take, or two processes would try at once; short, because a dead process holds it too. */
  readonly leaseMs: number;
  /** While messages are under way: how often to look for others. */
  readonly pollMs: number;
  /** A dead letter can be sent again for so long. */
  readonly keepDeadMs: number;
  /** A receiver that asks for more time than this does not get it. */
  readonly retryAfterMsMax: number;
}

export const defaultDeliveryLimits: DeliveryLimits = {
  inFlightMax: 64,
  share: 8,
  leaseMs: 25_000,
  pollMs: 1000,
  keepDeadMs: 14 * 24 * 60 * 60 * 1000,
  retryAfterMsMax: 60 * 60 * 1000,
};

/** What is told of tries, for metrics. */
export interface DeliveryEvents {
  delivered(waitedMs: number): void;
  failed(reason: string): void;
  /** Given up: a person has to look. */
  dead(reason: string): void;
}

export interface DeliveryDeps {
  readonly metadata: Pick<MetadataNotifications, 'leaseDeliveries' | 'finishDelivery'>;
  readonly sender: WebhookSender;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly limits: DeliveryLimits;
  readonly events: DeliveryEvents;
}

/**
 * The messages that this process has under way. A message is free -> leased -> (sent and gone | free after a wait | dead
 * letter); a process that dies leaves it leased until the lease runs out, so it is sent once or more, never not at all.
 */
export interface Deliveries {
  /** Leases what is due and begins to send it. Resolves once it leased something, or when there is nothing to do. */
  deliverDue(options: { readonly signal: AbortSignal }): Promise<number>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

export function createDeliveries(deps: DeliveryDeps): Deliveries {
  const { metadata, clock, limits } = deps;
  const underWay = new Map<Promise<void>, number>();
  let trouble: Fault | undefined;

  const busy = (): number[] => {
    const counts = new Map<number, number>();
    for (const webhook of underWay.values()) counts.set(webhook, (counts.get(webhook) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= limits.share).map(([webhook]) => webhook);
  };
  const begin = (delivery: DueDelivery, signal: AbortSignal): void => {
    const work = deliver(deps, delivery, signal)
      .catch((error: unknown) => {
        // The lease will run out; whoever runs the loop hears of it.
        trouble = toFault(error);
      })
      .then(() => {
        underWay.delete(work);
      });
    underWay.set(work, delivery.target.id);
  };

  return {
    async deliverDue({ signal }) {
      for (;;) {
        if (trouble !== undefined) {
          const fault = trouble;
          trouble = undefined;
          throw fault;
        }
        const room = limits.inFlightMax - underWay.size;
        const due =
          room === 0
            ? []
            : await metadata.leaseDeliveries({
                limit: room,
                share: limits.share,
                busy: busy(),
                leaseMs: limits.leaseMs,
              });
        for (const delivery of due) begin(delivery, signal);
        if (due.length > 0 || underWay.size === 0 || signal.aborted) return due.length;
        await nextEnd(clock, [...underWay.keys()], limits.pollMs);
      }
    },
    async settled() {
      await Promise.all(underWay.keys());
    },
  };
}

/** When one of these ends, or after a while. */
async function nextEnd(clock: Clock, work: readonly Promise<void>[], waitMs: number): Promise<void> {
  let cancel = (): void => undefined;
  const waited = new Promise<void>((resolve) => {
    cancel = clock.schedule(waitMs, resolve);
  });
  await Promise.race([...work, waited]);
  cancel();
}

async function deliver(deps: DeliveryDeps, delivery: DueDelivery, signal: AbortSignal): Promise<void> {
  const { metadata, sender, clock, events } = deps;
  const message = { id: `msg_${delivery.id}`, body: delivery.message };
  const answer = await sender.send(delivery.target, message, { signal }).catch(toFault);
  // Cut off by our own end: the lease runs out and the message is tried again, as after a crash.
  if (signal.aborted) return;
  const outcome = outcomeOf(deps, delivery, answer);
  if (outcome.kind === 'delivered') events.delivered(clock.now() - delivery.createdAtMs);
  else if (outcome.kind === 'dead') events.dead(outcome.reason);
  else events.failed(outcome.reason);
  await metadata.finishDelivery(delivery, outcome);
}

function outcomeOf(deps: DeliveryDeps, { attempts }: DueDelivery, answer: WebhookAnswer | Fault): DeliveryOutcome {
  if ('status' in answer && answer.status >= 200 && answer.status < 300) return { kind: 'delivered' };
  const reason = 'status' in answer ? `HTTP ${answer.status}` : answer.code;
  const delayMs = retryDelayMs(attempts, deps.random());
  if (delayMs === undefined) return { kind: 'dead', keepMs: deps.limits.keepDeadMs, reason };
  const asked = 'status' in answer ? Math.min(answer.retryAfterMs ?? 0, deps.limits.retryAfterMsMax) : 0;
  return { kind: 'retry', delayMs: Math.max(delayMs, asked), reason };
}
