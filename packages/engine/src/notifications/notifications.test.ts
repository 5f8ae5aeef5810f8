import { Fault } from '@sealgate/core/faults';
import { NOTIFICATION_ATTEMPTS_MAX } from '@sealgate/core/limits';
import { parseBucketName, parseObjectKey } from '@sealgate/core/names';
import { type NotificationRule, webhookArn } from '@sealgate/core/notifications';
import type { AuditActor, Bucket, WebhookAnswer, WebhookSender } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import { createMemoryMetadata } from '@sealgate/testkit/metadata-memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeliveries, defaultDeliveryLimits } from './deliveries.ts';
import { routeDue } from './route-due.ts';

const actor: AuditActor = { kind: 'tenant', id: 'AKIA', requestId: 'R' };
const rule = (changes: Partial<NotificationRule> = {}): NotificationRule => ({
  id: 'r',
  kind: 'queue',
  arn: webhookArn('hook'),
  events: ['s3:ObjectTagging:*', 's3:ObjectCreated:*'],
  prefix: '',
  suffix: '',
  ...changes,
});

interface Sent {
  readonly hook: string;
  readonly id: string;
  readonly key: string;
  readonly sequencer: string;
}

/** A bucket with notifications, and a receiver that answers as `answer` says. */
async function setUp(
  answer: (sent: Sent, tries: number) => WebhookAnswer | Promise<WebhookAnswer>,
  options: {
    readonly rules?: readonly NotificationRule[];
    readonly limits?: Partial<typeof defaultDeliveryLimits>;
  } = {},
) {
  const clock = createVirtualClock();
  const metadata = createMemoryMetadata({ clock });
  const tenant = await metadata.createTenant(
    { name: 't', displayName: 't', email: null, namespace: 'default', defaultEncryption: 'off', policyName: null },
    actor,
  );
  for (const name of ['hook', 'other']) {
    const webhook = { tenantId: tenant.id, name, url: 'https://h.example/', secret: null, headers: {} };
    await metadata.createWebhook(webhook, actor);
  }
  const bucket = await metadata.createBucket(
    {
      tenantId: tenant.id,
      name: parseBucketName('photos'),
      region: 'eu-1',
      locationConstraint: '',
      encryption: 'off',
      objectLock: false,
      policyName: null,
      regionLock: [],
      defaultClass: null,
      configs: { notification: JSON.stringify({ rules: options.rules ?? [rule()] }) },
    },
    actor,
  );
  const log: Sent[] = [];
  const tries = new Map<string, number>();
  const sender: WebhookSender = {
    async send(target, message) {
      const { key, sequencer } = (
        JSON.parse(message.body) as { Records: [{ s3: { object: { key: string; sequencer: string } } }] }
      ).Records[0].s3.object;
      const sent = { hook: target.name, id: message.id, key, sequencer };
      log.push(sent);
      const count = (tries.get(message.id) ?? 0) + 1;
      tries.set(message.id, count);
      return await answer(sent, count);
    },
  };
  const told: string[] = [];
  const deliveries = createDeliveries({
    metadata,
    sender,
    clock,
    random: () => 0.5,
    limits: { ...defaultDeliveryLimits, ...options.limits },
    events: {
      delivered: () => void told.push('delivered'),
      failed: (reason) => void told.push(`failed ${reason}`),
      dead: (reason) => void told.push(`dead ${reason}`),
    },
  });
  const { signal } = new AbortController();
  return { clock, metadata, bucket, log, told, deliveries, signal, route: () => routeDue({ metadata, batch: 100 }) };
}

/** A change of an object, by its shortest way: the events of all ways are the metadata's to keep. */
async function change(metadata: ReturnType<typeof createMemoryMetadata>, bucket: Bucket, key: string): Promise<void> {
  const at = { bucketId: bucket.id, key: parseObjectKey(key), actor };
  await metadata.updateBucket(bucket.id, { versioning: 'enabled' }, actor);
  await metadata.deleteObject({ ...at, preconditions: {} });
}

const onMarkers = (changes: Partial<NotificationRule> = {}) => rule({ events: ['s3:ObjectRemoved:*'], ...changes });
const OK = () => ({ status: 204 });

describe('routing', () => {
  it('makes a message for each rule that asks, and ends every change', async () => {
    const rules = [
      onMarkers({ prefix: 'img/' }),
      onMarkers({ id: 'o', arn: webhookArn('other'), prefix: 'doc/' }),
      onMarkers({ id: 'gone', arn: webhookArn('nobody'), prefix: 'x/' }),
    ];
    const { metadata, bucket, deliveries, route, log, signal } = await setUp(OK, { rules });
    for (const key of ['img/a', 'doc/b', 'x/c', 'else']) await change(metadata, bucket, key);
    expect(await route()).toBe(4);
    expect(await route()).toBe(0);
    expect(await deliveries.deliverDue({ signal })).toBe(2);
    await deliveries.settled();
    expect(log.map(({ hook, key }) => `${hook} ${key}`)).toEqual(['hook img/a', 'other doc/b']);
  });

  it('goes by what the bucket says when it is routed', async () => {
    const { metadata, bucket, deliveries, route, signal } = await setUp(OK, { rules: [onMarkers()] });
    await change(metadata, bucket, 'k');
    await metadata.updateBucket(bucket.id, { configs: { notification: null } }, actor);
    expect(await route()).toBe(1);
    expect(await deliveries.deliverDue({ signal })).toBe(0);
  });
});

describe('delivery', () => {
  it('tries again, ever later, until it is taken', async () => {
    const { clock, metadata, bucket, deliveries, route, told, log, signal } = await setUp(
      (_sent, tries) => ({ status: tries < 4 ? 500 : 200 }),
      { rules: [onMarkers()] },
    );
    await change(metadata, bucket, 'k');
    await route();
    const times: number[] = [];
    const began = clock.now();
    while (!told.includes('delivered')) {
      const taken = await clock.run(deliveries.deliverDue({ signal }));
      await deliveries.settled();
      if (taken > 0) times.push(clock.now() - began);
      await clock.advance(100);
    }
    expect(times).toEqual([0, 1500, 4500, 10_500]);
    expect(new Set(log.map(({ id }) => id)).size).toBe(1);
    expect(told).toEqual(['failed HTTP 500', 'failed HTTP 500', 'failed HTTP 500', 'delivered']);
  });

  it('gives up in the end, and a person can send it again', async () => {
    let up = false;
    const { clock, metadata, bucket, deliveries, route, told, signal } = await setUp(
      () => {
        if (up) return { status: 200 };
        throw new Fault('BackendUnreachable', 'down');
      },
      { rules: [onMarkers()] },
    );
    await change(metadata, bucket, 'k');
    await route();
    for (let i = 0; i < 100 && !told.some((line) => line.startsWith('dead')); i += 1) {
      await clock.run(deliveries.deliverDue({ signal }));
      await deliveries.settled();
      await clock.advance(7_300_000);
    }
    expect(told).toHaveLength(NOTIFICATION_ATTEMPTS_MAX);
    expect(told.at(-1)).toBe('dead BackendUnreachable');
    up = true;
    expect(await metadata.redriveDeadLetters(bucket.tenantId, 'hook', { limit: 10, actor })).toBe(1);
    await clock.run(deliveries.deliverDue({ signal }));
    await deliveries.settled();
    expect(told.at(-1)).toBe('delivered');
  });

  it('leaves a receiver alone for as long as it asks, within reason', async () => {
    const { clock, metadata, bucket, deliveries, route, log, signal } = await setUp(
      () => ({ status: 429, retryAfterMs: 100_000_000 }),
      { rules: [onMarkers()] },
    );
    await change(metadata, bucket, 'k');
    await route();
    const round = async () => {
      await clock.run(deliveries.deliverDue({ signal }));
      await deliveries.settled();
      return log.length;
    };
    expect(await round()).toBe(1);
    await clock.advance(3_599_000);
    expect(await round()).toBe(1);
    await clock.advance(1_000);
    expect(await round()).toBe(2);
  });

  it('does not let one slow receiver hold up another', async () => {
    const { clock, metadata, bucket, deliveries, route, log, signal } = await setUp(
      ({ hook }) => (hook === 'hook' ? new Promise<WebhookAnswer>(() => undefined) : { status: 200 }),
      {
        rules: [onMarkers({ prefix: 'slow/' }), onMarkers({ id: 'o', arn: webhookArn('other'), prefix: 'fast/' })],
        limits: { share: 2 },
      },
    );
    for (let i = 0; i < 5; i += 1) await change(metadata, bucket, `slow/${i}`);
    await route();
    await clock.run(deliveries.deliverDue({ signal }));
    for (let i = 0; i < 5; i += 1) await change(metadata, bucket, `fast/${i}`);
    await route();
    while (log.filter(({ hook }) => hook === 'other').length < 5) await clock.run(deliveries.deliverDue({ signal }));
    expect(log.filter(({ hook }) => hook === 'hook')).toHaveLength(2);
  });

  it('tells the loop when the end of a try could not be kept', async () => {
    const { clock, metadata, bucket, deliveries, route, signal } = await setUp(OK, { rules: [onMarkers()] });
    await change(metadata, bucket, 'k');
    await route();
    metadata.finishDelivery = () => Promise.reject(new Fault('DatabaseUnavailable', 'away'));
    await clock.run(deliveries.deliverDue({ signal }));
    await deliveries.settled();
    await expect(deliveries.deliverDue({ signal })).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
  });

  it('property: whatever fails and whoever dies, each message arrives, those of one key in order', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b'), fails: fc.nat(2), dies: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const plan = new Map<string, number>();
        const { clock, metadata, bucket, deliveries, route, log, signal } = await setUp(
          ({ id }, tries) => {
            if (!plan.has(id)) plan.set(id, steps[plan.size]?.fails ?? 0);
            return { status: tries <= (plan.get(id) ?? 0) ? 503 : 200 };
          },
          { rules: [onMarkers()] },
        );
        const acked = new Set<string>();
        const finish = metadata.finishDelivery.bind(metadata);
        let dies = 0;
        metadata.finishDelivery = async (delivery, outcome) => {
          dies += 1;
          // A process that dies before it can say how it went.
          if (steps[dies % steps.length]?.dies === true && dies < 6) return false;
          if (outcome.kind === 'delivered') acked.add(`msg_${delivery.id}`);
          return await finish(delivery, outcome);
        };
        for (const { key } of steps) {
          await change(metadata, bucket, key);
          await route();
        }
        for (let i = 0; i < 200 && acked.size < steps.length; i += 1) {
          await clock.run(deliveries.deliverDue({ signal }));
          await deliveries.settled();
          await clock.advance(30_000);
        }
        expect(acked.size).toBe(steps.length);
        for (const key of ['a', 'b']) {
          const seen = log.filter((sent) => sent.key === key).map(({ sequencer }) => sequencer);
          expect(seen).toEqual(seen.toSorted());
        }
      }),
      { numRuns: 50 },
    );
  });
});
