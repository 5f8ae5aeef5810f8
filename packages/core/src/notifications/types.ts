/**
 * What can happen to an object here and be told, without the `s3:` in front.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
 */
export const eventNames = [
  'ObjectCreated:Put',
  'ObjectCreated:Post',
  'ObjectCreated:Copy',
  'ObjectCreated:CompleteMultipartUpload',
  'ObjectRemoved:Delete',
  'ObjectRemoved:DeleteMarkerCreated',
  'ObjectTagging:Put',
  'ObjectTagging:Delete',
  'ObjectAcl:Put',
  'LifecycleExpiration:Delete',
  'LifecycleExpiration:DeleteMarkerCreated',
  'LifecycleTransition',
] as const;
export type EventName = (typeof eventNames)[number];

/** Which of the three elements a rule came in: they differ only in their names. */
export type DestinationKind = 'queue' | 'topic' | 'function';

/** Which events of a bucket go where. */
export interface NotificationRule {
  /** Unique in its bucket. */
  readonly id: string;
  readonly kind: DestinationKind;
  /** See {@link parseWebhookArn}. */
  readonly arn: string;
  /** As S3 names them: `s3:ObjectCreated:Put`, `s3:ObjectCreated:*`. */
  readonly events: readonly string[];
  /** Keys begin with this; empty: all. */
  readonly prefix: string;
  /** Keys end with this; empty: all. */
  readonly suffix: string;
}

/** Of one bucket. Kept as JSON in its `notification` document. */
export interface NotificationConfiguration {
  readonly rules: readonly NotificationRule[];
}

/** One change of an object, as far as an event tells of it. */
export interface ObjectEvent {
  readonly name: EventName;
  /** The change's number: of one key's events the later one has the higher. */
  readonly seq: bigint;
  readonly atMs: number;
  readonly key: string;
  /** Undefined in buckets that never had versions; `null` as text for a null version. */
  readonly versionId: string | undefined;
  /** Undefined when the event is about something that is no more. */
  readonly bytes: number | undefined;
  /** Without quotes. */
  readonly etag: string | undefined;
  /** Who did it: an access key id, `lifecycle`, ... */
  readonly principalId: string;
  readonly remoteAddress: string | undefined;
  readonly requestId: string;
}
