import { Fault } from '../faults/index.ts';
import { NOTIFICATION_RULES_MAX } from '../limits.ts';
import { type EventName, eventNames, type NotificationConfiguration, type NotificationRule } from './types.ts';

/**
 * Events that S3 knows and that never happen here: nothing is restored, replicated or tiered by access. A rule may name
 * them, so that one template serves both.
 */
const NEVER: readonly string[] = [
  'ReducedRedundancyLostObject',
  'ObjectRestore:Post',
  'ObjectRestore:Completed',
  'ObjectRestore:Delete',
  'Replication:OperationFailedReplication',
  'Replication:OperationMissedThreshold',
  'Replication:OperationReplicatedAfterThreshold',
  'Replication:OperationNotTracked',
  'IntelligentTiering',
];

const known: ReadonlySet<string> = new Set(
  [...eventNames, ...NEVER].flatMap((name, _index, all) => {
    const family = `${name.split(':', 1)[0] ?? name}:`;
    const several = all.filter((other) => other.startsWith(family)).length > 1;
    return several ? [`s3:${name}`, `s3:${family}*`] : [`s3:${name}`];
  }),
);

/** True for every event name and family (`s3:ObjectCreated:*`) of S3's documentation. */
export function isEventType(text: string): boolean {
  return known.has(text);
}

/** Whether a rule asks for an event of that name on that key. */
export function matchesRule(
  rule: NotificationRule,
  event: { readonly name: EventName; readonly key: string },
): boolean {
  const { key } = event;
  if (!key.startsWith(rule.prefix) || !key.endsWith(rule.suffix)) return false;
  return rule.events.some((pattern) => covers(pattern, `s3:${event.name}`));
}

/** Whether a pattern says the same as another one, or more. */
function covers(pattern: string, name: string): boolean {
  return pattern === name || (pattern.endsWith(':*') && name.startsWith(pattern.slice(0, -1)));
}

/**
 * Checks what a schema cannot say: known events, ids that are there once, and no event that two rules would send on.
 * @throws Fault InvalidArgument
 */
export function checkNotificationRules({ rules }: NotificationConfiguration): void {
  if (rules.length > NOTIFICATION_RULES_MAX) {
    throw invalid(`A bucket has at most ${NOTIFICATION_RULES_MAX} notification configurations.`, rules.length);
  }
  const ids = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    if (ids.has(rule.id))
      throw invalid('The same ID was used more than once in the notification configuration.', rule.id);
    ids.add(rule.id);
    for (const event of rule.events) {
      if (!isEventType(event)) throw invalid('The event is not supported for notifications', event);
    }
    if (rules.slice(0, index).some((other) => overlap(rule, other))) {
      throw invalid(
        'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
        rule.id,
      );
    }
  }
}

/** Whether there is a key with an event that both rules ask for. */
function overlap(a: NotificationRule, b: NotificationRule): boolean {
  const events = a.events.some((x) => b.events.some((y) => covers(x, y) || covers(y, x)));
  const prefixes = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
  const suffixes = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
  return events && prefixes && suffixes;
}

function invalid(message: string, value: string | number): Fault {
  return new Fault('InvalidArgument', message, {
    detail: { ArgumentName: 'NotificationConfiguration', ArgumentValue: String(value).slice(0, 256) },
  });
}
