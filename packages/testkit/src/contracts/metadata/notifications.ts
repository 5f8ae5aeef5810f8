import { WEBHOOKS_PER_TENANT_MAX } from '@sealgate/core/limits';
import { type NotificationConfiguration, webhookArn } from '@sealgate/core/notifications';
import type { Bucket, DueDelivery, PendingEvent, Versioning } from '@sealgate/core/ports';
import { describe, expect, test } from 'vitest';
import { actor, faultOf, type World } from './context.ts';

const configuration: NotificationConfiguration = {
  rules: [
    { id: 'all', kind: 'queue', arn: webhookArn('hook'), events: ['s3:ObjectCreated:*'], prefix: '', suffix: '' },
  ],
};
const LIFECYCLE = { kind: 'system', id: 'lifecycle', requestId: '' } as const;
const LEASE = { limit: 100, share: 100, busy: [], leaseMs: 60_000 };

export function describeNotifications(world: World): void {
  describe('webhooks', () => {
    describeWebhooks(world);
  });
  describe('events of changes', () => {
    describeEvents(world);
  });
  describe('messages', () => {
    describeMessages(world);
  });
}

function describeWebhooks(world: World): void {
  test('keep their secrets to themselves', async () => {
    const { id: tenantId } = await world.tenant();
    const hook = {
      tenantId,
      name: 'hook',
      url: 'https://h.example/p?q',
      secret: 's3cret',
      headers: { 'x-token': 't' },
    };
    const made = await world.metadata().createWebhook(hook, actor);
    expect(made).toMatchObject({
      name: 'hook',
      url: hook.url,
      signed: true,
      headerNames: ['x-token'],
      waiting: 0,
      dead: 0,
    });
    expect(JSON.stringify(await world.metadata().listWebhooks(tenantId))).not.toMatch(/s3cret|"t"/);
    expect(await world.metadata().listWebhooks(tenantId)).toEqual([made]);
    const [target] = await world.metadata().webhookTargets(tenantId, ['hook', 'other']);
    expect(target).toMatchObject(hook);
  });

  test('have one name each, in their tenant', async () => {
    const [one, two] = [await world.tenant(), await world.tenant()];
    const hook = { name: 'hook', url: 'https://h.example/', secret: null, headers: {} };
    const make = (tenantId: typeof one.id, name = 'hook') =>
      world.metadata().createWebhook({ ...hook, tenantId, name }, actor);
    await make(one.id);
    expect(await faultOf(make(one.id))).toBe('Conflict');
    expect(await make(two.id)).toMatchObject({ signed: false, headerNames: [] });
    for (let i = 1; i < WEBHOOKS_PER_TENANT_MAX; i += 1) await make(one.id, `hook-${i}`);
    expect(await faultOf(make(one.id, 'one-more'))).toBe('QuotaExceeded');
  });

  test('stay while a bucket names them', async () => {
    const { bucket, tenantId } = await scene(world);
    expect(await faultOf(world.metadata().deleteWebhook(tenantId, 'hook', actor))).toBe('Conflict');
    await world.metadata().updateBucket(bucket.id, { configs: { notification: null } }, actor);
    await world.metadata().deleteWebhook(tenantId, 'hook', actor);
    expect(await faultOf(world.metadata().deleteWebhook(tenantId, 'hook', actor))).toBe('NotFound');
    expect(await world.metadata().listWebhooks(tenantId)).toEqual([]);
  });
}

function describeEvents(world: World): void {
  test('are kept of buckets that want them only', async () => {
    const quiet = await world.bucket();
    await world.put(quiet, 'k');
    expect(await eventsOf(world, quiet)).toEqual([]);
    const { bucket } = await scene(world);
    const { seq } = await world.put(bucket, 'k');
    const [pending, ...more] = await eventsOf(world, bucket);
    expect(more).toEqual([]);
    expect(pending).toMatchObject({
      tenantId: bucket.tenantId,
      bucket: { name: bucket.name, ownerId: bucket.ownerId, region: bucket.region },
      configuration,
      event: {
        name: 'ObjectCreated:Put',
        seq,
        key: 'k',
        principalId: actor.id,
        requestId: actor.requestId,
        remoteAddress: '192.0.2.7',
      },
    });
    expect(pending?.event.versionId).toBeUndefined();
  });

  test('tell facts of versions that are gone by then', async () => {
    const { bucket } = await scene(world);
    const first = await world.version(bucket, 'k');
    await world.metadata().commitVersion(first);
    await world.put(bucket, 'k', { cause: 'copy' });
    await world.put(bucket, 'k', { cause: 'post' });
    await world.remove(bucket, 'k');
    await world.remove(bucket, 'k');
    const events = (await eventsOf(world, bucket)).map(({ event }) => event);
    expect(events.map(({ name }) => name)).toEqual([
      'ObjectCreated:Put',
      'ObjectCreated:Copy',
      'ObjectCreated:Post',
      'ObjectRemoved:Delete',
    ]);
    expect(events[0]).toMatchObject({ bytes: first.bytes, etag: first.etag });
    expect(events[3]).toMatchObject({ bytes: undefined, etag: undefined, versionId: undefined });
    expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => (a < b ? -1 : 1)));
  });

  test('name versions where there are any', async () => {
    const { bucket } = await scene(world, 'enabled');
    const put = await world.put(bucket, 'k');
    const marker = await world.remove(bucket, 'k');
    await world.remove(bucket, 'k', put.versionId);
    await world.remove(bucket, 'k', marker.versionId);
    await world.metadata().updateBucket(bucket.id, { versioning: 'suspended' }, actor);
    await world.put(bucket, 'k');
    await world.remove(bucket, 'k', 'null');
    const told = (await eventsOf(world, bucket)).map(({ event }) => [event.name, event.versionId]);
    expect(told).toEqual([
      ['ObjectCreated:Put', put.versionId],
      ['ObjectRemoved:DeleteMarkerCreated', marker.versionId],
      ['ObjectRemoved:Delete', put.versionId],
      ['ObjectRemoved:Delete', marker.versionId],
      ['ObjectCreated:Put', 'null'],
      ['ObjectRemoved:Delete', 'null'],
    ]);
  });

  test('tell of tags, access and lifecycle', async () => {
    const { bucket } = await scene(world, 'enabled');
    const { key } = await world.version(bucket, 'k');
    const put = await world.put(bucket, 'k');
    const change = (what: object) => world.metadata().updateVersion({ bucketId: bucket.id, key, change: what, actor });
    await change({ tags: { a: 'b' } });
    await change({ tags: null });
    await change({ acl: { grants: [] } });
    await change({ ownerId: 'somebody' });
    const remove = { bucketId: bucket.id, key, preconditions: {}, actor: LIFECYCLE };
    await world.metadata().deleteObject(remove);
    await world.metadata().deleteObject({ ...remove, versionId: put.versionId });
    const events = (await eventsOf(world, bucket)).map(({ event }) => event);
    expect(events.map(({ name }) => name)).toEqual([
      'ObjectCreated:Put',
      'ObjectTagging:Put',
      'ObjectTagging:Delete',
      'ObjectAcl:Put',
      'LifecycleExpiration:DeleteMarkerCreated',
      'LifecycleExpiration:Delete',
    ]);
    expect(events[1]).toMatchObject({ versionId: put.versionId, etag: events[0]?.etag, bytes: events[0]?.bytes });
    expect(events[4]).toMatchObject({ principalId: 'lifecycle', remoteAddress: undefined });
  });

  test('tell of moves by the lifecycle, and of no others', async () => {
    const { bucket } = await scene(world, 'enabled');
    const put = await world.version(bucket, 'k');
    const { seq, versionId } = await world.metadata().commitVersion(put);
    const move = {
      ...put,
      seq,
      partNumber: 0,
      blobId: world.blobId(),
      old: put.blobId,
      redundancyClass: 'RegionalClass',
    };
    expect(await world.metadata().replaceBlob({ ...move, actor: { kind: 'system', id: 'drain', requestId: '' } })).toBe(
      true,
    );
    const again = { ...move, blobId: world.blobId(), old: move.blobId };
    expect(await world.metadata().replaceBlob({ ...again, actor: LIFECYCLE })).toBe(true);
    const told = (await eventsOf(world, bucket)).map(({ event }) => [event.name, event.versionId, event.bytes]);
    expect(told).toEqual([
      ['ObjectCreated:Put', versionId, put.bytes],
      ['LifecycleTransition', versionId, put.bytes],
    ]);
  });

  test('tell of multipart uploads once', async () => {
    const { bucket } = await scene(world);
    const uploadId = await world.beginUpload(bucket, 'k');
    const part = await world.putPart(bucket, 'k', uploadId, 1);
    await world.metadata().commitUpload({
      bucketId: bucket.id,
      key: part.key,
      uploadId,
      parts: [{ partNumber: 1, etag: part.etag }],
      etag: `${part.etag}-1`,
      bytes: part.bytes,
      checksum: null,
      envelope: null,
      verdict: null,
      preconditions: {},
      actor,
    });
    const events = (await eventsOf(world, bucket)).map(({ event }) => event);
    expect(events).toMatchObject([
      { name: 'ObjectCreated:CompleteMultipartUpload', bytes: part.bytes, etag: `${part.etag}-1` },
    ]);
  });

  test('outlive their bucket', async () => {
    const { bucket } = await scene(world);
    await world.put(bucket, 'k');
    await world.remove(bucket, 'k');
    await world.metadata().deleteBucket(bucket.id, actor);
    expect(await eventsOf(world, bucket)).toHaveLength(2);
  });
}

function describeMessages(world: World): void {
  test('are made of an event once', async () => {
    const { bucket, hook } = await scene(world);
    const { seq } = await world.put(bucket, 'k');
    const route = [{ seq, messages: [{ webhookId: hook, message: 'm' }] }];
    expect(await world.metadata().routeEvents(route)).toBe(1);
    expect(await world.metadata().routeEvents(route)).toBe(0);
    expect(await eventsOf(world, bucket)).toEqual([]);
    const [due, ...more] = await lease(world, hook);
    expect(more).toEqual([]);
    expect(due).toMatchObject({ message: 'm', attempts: 1, target: { name: 'hook', secret: 'whsec' } });
    expect(await lease(world, hook)).toEqual([]);
    if (due === undefined) return;
    expect(await world.metadata().finishDelivery(due, { kind: 'delivered' })).toBe(true);
    expect(await world.metadata().finishDelivery(due, { kind: 'delivered' })).toBe(false);
    expect(await counts(world, bucket)).toEqual([0, 0]);
  });

  test('about one key leave one after the other, about others at once', async () => {
    const { bucket, hook } = await scene(world);
    await send(world, bucket, hook, ['a', 'b', 'a', 'a']);
    await send(world, bucket, hook, ['a', 'b']);
    const order: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const due = await lease(world, hook);
      order.push(
        due
          .map(({ message }) => message)
          .toSorted()
          .join(' '),
      );
      for (const delivery of due) await world.metadata().finishDelivery(delivery, { kind: 'delivered' });
    }
    expect(order).toEqual(['a0 b1', 'a2 b5', 'a3', 'a4']);
    expect(await lease(world, hook)).toEqual([]);
  });

  test('that fail keep their place', async () => {
    const { bucket, hook } = await scene(world);
    await send(world, bucket, hook, ['a', 'a']);
    const [first] = await lease(world, hook);
    if (first === undefined) throw new Error('nothing is due');
    await world.metadata().finishDelivery(first, { kind: 'retry', delayMs: 0, reason: 'HTTP 500' });
    const [again] = await lease(world, hook);
    expect(again).toMatchObject({ id: first.id, attempts: 2, message: 'a0' });
    // The lease of the first try is no more.
    expect(await world.metadata().finishDelivery(first, { kind: 'delivered' })).toBe(false);
    await world.metadata().finishDelivery(again ?? first, { kind: 'retry', delayMs: 3_600_000, reason: 'HTTP 500' });
    expect(await lease(world, hook)).toEqual([]);
  });

  test('of which too many fail are dead letters, until they are sent again', async () => {
    const { bucket, hook } = await scene(world);
    await send(world, bucket, hook, ['a', 'a']);
    const [first] = await lease(world, hook);
    if (first === undefined) throw new Error('nothing is due');
    await world.metadata().finishDelivery(first, { kind: 'dead', keepMs: 3_600_000, reason: 'HTTP 410' });
    expect(await counts(world, bucket)).toEqual([1, 1]);
    const page = await world.metadata().deadLetters(bucket.tenantId, 'hook', { cursor: null, limit: 10 });
    expect(page).toMatchObject({
      items: [{ id: first.id, key: 'a', bucket: bucket.name, reason: 'HTTP 410', attempts: 1, message: 'a0' }],
      next: null,
    });
    // The next one of its key goes on.
    expect((await lease(world, hook)).map(({ message }) => message)).toEqual(['a1']);
    const redrive = () => world.metadata().redriveDeadLetters(bucket.tenantId, 'hook', { limit: 10, actor });
    expect([await redrive(), await redrive()]).toEqual([1, 0]);
    // Behind the one that is under way.
    expect(await lease(world, hook)).toEqual([]);
    expect(await faultOf(world.metadata().redriveDeadLetters(bucket.tenantId, 'other', { limit: 1, actor }))).toBe(
      'NotFound',
    );
  });

  test('of the dead are forgotten in the end', async () => {
    const { bucket, hook } = await scene(world);
    await send(world, bucket, hook, ['a']);
    const [first] = await lease(world, hook);
    if (first !== undefined) await world.metadata().finishDelivery(first, { kind: 'dead', keepMs: 0, reason: 'x' });
    await lease(world, hook);
    expect(await counts(world, bucket)).toEqual([0, 0]);
  });

  test('of one webhook take no more than its share', async () => {
    const [one, two] = [await scene(world), await scene(world)];
    await send(world, one.bucket, one.hook, ['a', 'b', 'c']);
    await send(world, two.bucket, two.hook, ['a', 'b', 'c']);
    const due = await world.metadata().leaseDeliveries({ ...LEASE, share: 2 });
    const of = (hook: number) => due.filter(({ target }) => target.id === hook).length;
    expect([of(one.hook), of(two.hook)]).toEqual([2, 2]);
    const rest = await world.metadata().leaseDeliveries({ ...LEASE, busy: [one.hook] });
    expect(rest.map(({ target }) => target.id).filter((id) => id === one.hook || id === two.hook)).toEqual([two.hook]);
  });
}

interface Scene {
  readonly bucket: Bucket;
  readonly tenantId: Bucket['tenantId'];
  /** Id of the webhook that the bucket's notifications name. */
  readonly hook: number;
}

async function scene(world: World, versioning: Versioning = 'off'): Promise<Scene> {
  const { id: tenantId } = await world.tenant();
  const hook = { tenantId, name: 'hook', url: 'https://h.example/', secret: 'whsec', headers: {} };
  await world.metadata().createWebhook(hook, actor);
  const [target] = await world.metadata().webhookTargets(tenantId, ['hook']);
  const made = await world.bucket(versioning, { tenantId });
  const configs = { notification: JSON.stringify(configuration) };
  return { bucket: await world.metadata().updateBucket(made.id, { configs }, actor), tenantId, hook: target?.id ?? 0 };
}

async function eventsOf(world: World, bucket: Bucket): Promise<readonly PendingEvent[]> {
  const all = await world.metadata().pendingEvents(10_000);
  return all.filter((pending) => pending.bucket.name === bucket.name);
}

/** Puts the keys and makes a message of each event: the key and its place since the bucket was made. */
async function send(world: World, bucket: Bucket, hook: number, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const { seq } = await world.put(bucket, key);
    const [waiting] = await counts(world, bucket);
    await world.metadata().routeEvents([{ seq, messages: [{ webhookId: hook, message: `${key}${waiting}` }] }]);
  }
}

async function lease(world: World, hook: number): Promise<readonly DueDelivery[]> {
  const due = await world.metadata().leaseDeliveries(LEASE);
  return due.filter(({ target }) => target.id === hook);
}

async function counts(world: World, bucket: Bucket): Promise<[waiting: number, dead: number]> {
  const [hook] = await world.metadata().listWebhooks(bucket.tenantId);
  return [hook?.waiting ?? 0, hook?.dead ?? 0];
}
