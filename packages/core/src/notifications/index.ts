export { isWebhookName, parseWebhookArn, webhookArn } from './arn.ts';
export { type EventBucket, encodeEventKey, eventMessage, sequencer, testMessage } from './message.ts';
export { retryDelayMs } from './retry.ts';
export { checkNotificationRules, isEventType, matchesRule } from './rules.ts';
export {
  type DestinationKind,
  type EventName,
  eventNames,
  type NotificationConfiguration,
  type NotificationRule,
  type ObjectEvent,
} from './types.ts';
