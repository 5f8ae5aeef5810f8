import type { ObjectEvent } from './types.ts';

/** What an event says of its bucket. */
export interface EventBucket {
  readonly name: string;
  readonly ownerId: string;
  readonly region: string;
}

/**
 * The message that tells of one event, in the form and under the names that consumers of S3 events parse. Versions 2.1
 * and 2.3 are S3's own split: ACL, tagging and lifecycle events came with the later one.
 * @param ruleId the rule that asked for it
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function eventMessage(event: ObjectEvent, bucket: EventBucket, ruleId: string): string {
  const { name, key, bytes, etag, versionId, remoteAddress } = event;
  const record = {
    eventVersion: /^Object(Created|Removed):/.test(name) ? '2.1' : '2.3',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime: new Date(event.atMs).toISOString(),
    eventName: name,
    userIdentity: { principalId: event.principalId },
    requestParameters: { sourceIPAddress: remoteAddress ?? '' },
    responseElements: { 'x-amz-request-id': event.requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: ruleId,
      bucket: {
        name: bucket.name,
        ownerIdentity: { principalId: bucket.ownerId },
        arn: `arn:aws:s3:::${bucket.name}`,
      },
      object: {
        key: encodeEventKey(key),
        ...(bytes === undefined ? {} : { size: bytes }),
        ...(etag === undefined ? {} : { eTag: etag }),
        ...(versionId === undefined ? {} : { versionId }),
        sequencer: sequencer(event.seq),
      },
    },
  };
  return JSON.stringify({ Records: [record] });
}

/** What a destination gets when a bucket's configuration first names it. */
export function testMessage(facts: {
  readonly bucket: string;
  readonly atMs: number;
  readonly requestId: string;
  readonly hostId: string;
}): string {
  return JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(facts.atMs).toISOString(),
    Bucket: facts.bucket,
    RequestId: facts.requestId,
    HostId: facts.hostId,
  });
}

/** Hexadecimal and of one length, so that comparing texts of one key's events tells their order. */
export function sequencer(seq: bigint): string {
  return seq.toString(16).toUpperCase().padStart(16, '0');
}

/** As in an HTML form: consumers decode `+` to a space and `%XX` to bytes; `/` stays readable, as S3 leaves it. */
export function encodeEventKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
