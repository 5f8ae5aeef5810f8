import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTIFICATION_ATTEMPTS_MAX, NOTIFICATION_RETRY_DELAY_MS_MAX, NOTIFICATION_RULES_MAX } from '../limits.ts';
import {
  checkNotificationRules,
  encodeEventKey,
  eventMessage,
  isEventType,
  matchesRule,
  type NotificationRule,
  type ObjectEvent,
  parseWebhookArn,
  retryDelayMs,
  sequencer,
  testMessage,
  webhookArn,
} from './index.ts';

const rule = (changes: Partial<NotificationRule> = {}): NotificationRule => ({
  id: 'r',
  kind: 'queue',
  arn: webhookArn('hook'),
  events: ['s3:ObjectCreated:*'],
  prefix: '',
  suffix: '',
  ...changes,
});

const refusal = (message: RegExp): object =>
  expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(message) as string }) as object;

describe('webhook ARNs', () => {
  it('name a webhook, and nothing else does', () => {
    expect(parseWebhookArn(webhookArn('a.b-c_1'))).toBe('a.b-c_1');
    for (const arn of [
      'arn:aws:sqs:eu-west-1:1:q',
      'arn:sealgate:webhook:::',
      'arn:sealgate:webhook:::A',
      `${webhookArn('a')}:b`,
      webhookArn('x'.repeat(64)),
      '',
    ]) {
      expect(parseWebhookArn(arn)).toBeUndefined();
    }
  });
});

describe('rules', () => {
  it.each([
    ['s3:ObjectCreated:Put', 'ObjectCreated:Put', true],
    ['s3:ObjectCreated:*', 'ObjectCreated:Copy', true],
    ['s3:ObjectCreated:*', 'ObjectRemoved:Delete', false],
    ['s3:ObjectCreated:Put', 'ObjectCreated:Post', false],
    ['s3:LifecycleTransition', 'LifecycleTransition', true],
    ['s3:LifecycleExpiration:*', 'LifecycleTransition', false],
  ] as const)('%s asks for %s: %s', (pattern, name, asked) => {
    expect(matchesRule(rule({ events: [pattern] }), { name, key: 'k' })).toBe(asked);
  });

  it('compare both ends of the key, which may overlap', () => {
    const both = rule({ prefix: 'img/', suffix: '.png' });
    const put = (key: string) => matchesRule(both, { name: 'ObjectCreated:Put', key });
    expect([put('img/a.png'), put('img/.png'), put('img/a.jpg'), put('x/img/a.png')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(matchesRule(rule({ prefix: 'ab', suffix: 'ba' }), { name: 'ObjectCreated:Put', key: 'aba' })).toBe(true);
  });

  it('know the events and families that are documented, no more', () => {
    for (const name of [
      's3:ObjectCreated:*',
      's3:ObjectAcl:Put',
      's3:LifecycleTransition',
      's3:ObjectRestore:*',
      's3:IntelligentTiering',
    ]) {
      expect(isEventType(name)).toBe(true);
    }
    for (const name of [
      's3:*',
      '*',
      'ObjectCreated:Put',
      's3:ObjectAcl:*',
      's3:LifecycleTransition:*',
      's3:TestEvent',
      's3:ObjectCreated:',
    ]) {
      expect(isEventType(name)).toBe(false);
    }
  });

  it.each([
    ['unknown events', [rule({ events: ['s3:Kaboom'] })], /not supported/],
    ['an id twice', [rule({ suffix: '.a' }), rule({ suffix: '.b' })], /same ID/],
    ['one event sent on twice', [rule(), rule({ id: 's', events: ['s3:ObjectCreated:Put'], prefix: 'x' })], /overlap/],
    [
      'too many',
      Array.from({ length: NOTIFICATION_RULES_MAX + 1 }, (_, i) => rule({ id: `${i}`, prefix: `${i}/` })),
      /at most/,
    ],
  ])('are refused: %s', (_what, rules, message) => {
    expect(() => checkNotificationRules({ rules })).toThrow(refusal(message));
  });

  it('may share an event when no key has both', () => {
    const rules = [rule(), rule({ id: 's', events: ['s3:ObjectRemoved:*'] })];
    expect(() => checkNotificationRules({ rules })).not.toThrow();
    const apart = [
      rule({ prefix: 'a/' }),
      rule({ id: 's', prefix: 'b/' }),
      rule({ id: 't', prefix: 'c/', suffix: '.png' }),
    ];
    expect(() => checkNotificationRules({ rules: apart })).not.toThrow();
  });

  it('property: rules that pass together never both ask for one event', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 });
    const events = fc.subarray(['s3:ObjectCreated:*', 's3:ObjectCreated:Put', 's3:ObjectRemoved:Delete'], {
      minLength: 1,
    });
    const some = fc.record({ prefix: part, suffix: part, events });
    fc.assert(
      fc.property(some, some, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 }), (one, two, key) => {
        const rules = [rule({ ...one, id: '1' }), rule({ ...two, id: '2' })];
        try {
          checkNotificationRules({ rules });
        } catch {
          return;
        }
        expect(rules.filter((r) => matchesRule(r, { name: 'ObjectCreated:Put', key })).length).toBeLessThan(2);
      }),
    );
  });
});

describe('messages', () => {
  const event: ObjectEvent = {
    name: 'ObjectCreated:Put',
    seq: 0x1fn,
    atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    key: 'a dir/ü+(1).txt',
    versionId: undefined,
    bytes: 5,
    etag: 'abc',
    principalId: 'AKIA1',
    remoteAddress: '192.0.2.1',
    requestId: 'REQ',
  };
  const bucket = { name: 'photos', ownerId: 'o'.repeat(64), region: 'eu-1' };

  it('have the members that consumers of S3 events parse', () => {
    expect(JSON.parse(eventMessage(event, bucket, 'rule-1'))).toEqual({
      Records: [
        {
          eventVersion: '2.1',
          eventSource: 'aws:s3',
          awsRegion: 'eu-1',
          eventTime: '2026-01-02T03:04:05.006Z',
          eventName: 'ObjectCreated:Put',
          userIdentity: { principalId: 'AKIA1' },
          requestParameters: { sourceIPAddress: '192.0.2.1' },
          responseElements: { 'x-amz-request-id': 'REQ' },
          s3: {
            s3SchemaVersion: '1.0',
            configurationId: 'rule-1',
            bucket: { name: 'photos', ownerIdentity: { principalId: bucket.ownerId }, arn: 'arn:aws:s3:::photos' },
            object: { key: 'a+dir/%C3%BC%2B%281%29.txt', size: 5, eTag: 'abc', sequencer: '000000000000001F' },
          },
        },
      ],
    });
  });

  it('leave out what there is not', () => {
    const gone = { ...event, name: 'ObjectRemoved:Delete' as const, bytes: undefined, etag: undefined, versionId: 'v' };
    const text = eventMessage({ ...gone, remoteAddress: undefined }, bucket, 'r');
    expect(JSON.parse(text)).toMatchObject({ Records: [{ s3: { object: { versionId: 'v' } } }] });
    expect(text).not.toMatch(/size|eTag/);
    expect(eventMessage({ ...event, name: 'ObjectTagging:Put' }, bucket, 'r')).toContain('"eventVersion":"2.3"');
  });

  it('property: keys come back by form decoding, sequencers sort as the numbers do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.bigInt(0n, 2n ** 63n), fc.bigInt(0n, 2n ** 63n), (key, a, b) => {
        const encoded = encodeEventKey(key);
        expect(decodeURIComponent(encoded.replaceAll('+', ' '))).toBe(key);
        expect(encoded).toMatch(/^[A-Za-z0-9_.*%+/-]*$/);
        expect(sequencer(a) < sequencer(b)).toBe(a < b);
      }),
    );
  });

  it('announce themselves', () => {
    expect(JSON.parse(testMessage({ bucket: 'b', atMs: 0, requestId: 'R', hostId: 'H' }))).toEqual({
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: '1970-01-01T00:00:00.000Z',
      Bucket: 'b',
      RequestId: 'R',
      HostId: 'H',
    });
  });
});

describe('retries', () => {
  it('wait ever longer, up to a bound, and end', () => {
    const delays = Array.from({ length: NOTIFICATION_ATTEMPTS_MAX }, (_, i) => retryDelayMs(i + 1, 0));
    expect(delays.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(delays.at(-1)).toBeUndefined();
    const given = delays.filter((delay) => delay !== undefined);
    expect(Math.max(...given)).toBe(NOTIFICATION_RETRY_DELAY_MS_MAX / 2);
    const hours = given.reduce((sum, delay) => sum + 1.5 * delay, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(16);
    expect(hours).toBeLessThan(36);
  });

  it('spread by chance, within their bounds', () => {
    expect(retryDelayMs(1, 0.999_999)).toBe(2000);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: NOTIFICATION_ATTEMPTS_MAX - 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, r) => {
          const least = retryDelayMs(n, 0) ?? 0;
          const delay = retryDelayMs(n, r) ?? 0;
          expect(delay).toBeGreaterThanOrEqual(least);
          expect(delay).toBeLessThanOrEqual(2 * least);
        },
      ),
    );
  });
});
