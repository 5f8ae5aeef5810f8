import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import {
  type AuditActor,
  type Bucket,
  type CommittedVersion,
  type ObjectPreconditions,
  PLAIN_ATTRIBUTES,
} from '@sealgate/core/ports';
import type { PutObjectRequest } from '@sealgate/engine';
import type { Prng } from '@sealgate/testkit';
import type { SimulatedGateway } from '@sealgate/testkit/cluster';
import { attempt } from './attempt.ts';
import { bodyOf, randomContent, type Spoiled } from './bodies.ts';
import { drawConditions, expectationOf, toldByRefusal } from './conditions.ts';
import type { Target } from './target.ts';
import type { World } from './world.ts';

export const ACTOR: AuditActor = { kind: 'tenant', id: 'simulated', requestId: 'simulation' };
const BYTES_MAX = 5000;

/** A write of `value` (null: a deletion) as the history of its key has it. */
export async function write(
  world: World,
  target: Target,
  options: {
    readonly gateway: SimulatedGateway;
    readonly value: string | null;
    readonly preconditions?: ObjectPreconditions;
    readonly work: () => Promise<Partial<CommittedVersion>>;
  },
): Promise<void> {
  const { history } = world;
  const { bucket, key, label } = target;
  const { value, preconditions = {} } = options;
  const expected = expectationOf(preconditions);
  const began = history.tick();
  const result = await attempt(options.gateway, history, options.work);
  if (result.kind === 'refused') {
    const told = toldByRefusal(preconditions, result.fault, value);
    if (told === undefined) return;
    history.note(bucket.id, key, { kind: 'observation', expected: told, began, ended: history.tick(), label });
    return;
  }
  const ended = result.kind === 'done' ? history.tick() : Infinity;
  const conditional = expected === undefined ? {} : { expected };
  history.note(bucket.id, key, { kind: 'write', id: label, value, ...conditional, began, ended, label });
  if (result.kind === 'done' && value !== null) {
    const { seq, versionId } = result.value;
    if (seq !== undefined && versionId !== undefined) {
      const id = versionId === 'null' ? 'null' : label;
      history.acknowledge({ bucketId: bucket.id, key, seq, versionId, id, value, began, ended });
    }
  }
}

export async function put(world: World, target: Target): Promise<void> {
  const { bucket, key, prng } = target;
  const content = randomContent(prng, BYTES_MAX);
  const spoiled: Spoiled = prng.chance(0.85) ? 'no' : prng.pick(['breaks-off', 'bad-digest'] as const);
  const value = world.history.content(content);
  const gateway = world.gateway(prng);
  const gone = new AbortController();
  if (prng.chance(0.07)) {
    world.cluster.clock.schedule(prng.int(300), () =>
      gone.abort(new Fault('OperationAborted', 'The client went away.')),
    );
  }
  const preconditions = drawConditions(world, target);
  await write(world, target, {
    gateway,
    value,
    preconditions,
    work: () =>
      gateway.engine.putObject({
        ...request(bucket, key, prng),
        preconditions,
        body: bodyOf(content, { prng, clock: world.cluster.clock, spoiled }),
        signal: gone.signal,
      }),
  });
}

function request(bucket: Bucket, key: ObjectKey, prng: Prng): Omit<PutObjectRequest, 'body' | 'signal'> {
  const said = { headers: {}, tags: null, attributes: PLAIN_ATTRIBUTES, preconditions: {} };
  return { bucket, key, ...said, requestedClass: drawClass(prng), actor: ACTOR };
}

/** Copies mostly, at times shards. */
export function drawClass(prng: Prng): string | undefined {
  return prng.chance(0.3) ? 'ColdArchiveClass' : undefined;
}

export async function remove(world: World, target: Target): Promise<void> {
  const { bucket, key, prng } = target;
  const gateway = world.gateway(prng);
  const drawn = drawConditions(world, target);
  // "Delete what is not there" is no condition of a deletion.
  const preconditions = drawn.ifNoneMatch === undefined ? drawn : {};
  await write(world, target, {
    gateway,
    value: null,
    preconditions,
    work: async () => {
      await gateway.metadata.deleteObject({ bucketId: bucket.id, key, preconditions, actor: ACTOR });
      return {};
    },
  });
}

/** One version goes for good: one that a client was told of, the null version, or one that is gone already. */
export async function removeVersion(world: World, target: Target): Promise<void> {
  const { bucket, key, prng, label } = target;
  const { history } = world;
  const told = history.acknowledged.filter((ack) => ack.bucketId === bucket.id && ack.key === key);
  const picked = prng.chance(0.3) || told.length === 0 ? undefined : prng.pick(told);
  const [versionId, id] = picked === undefined ? (['null', 'null'] as const) : [picked.versionId, picked.id];
  if (picked !== undefined) history.doom(picked);
  const gateway = world.gateway(prng);
  const began = history.tick();
  const result = await attempt(gateway, history, () =>
    gateway.metadata.deleteObject({ bucketId: bucket.id, key, versionId, preconditions: {}, actor: ACTOR }),
  );
  if (result.kind === 'refused') return;
  const outcome =
    result.kind === 'done' ? { existed: result.value.existed, ended: history.tick() } : { ended: Infinity };
  history.note(bucket.id, key, { kind: 'remove', id, began, label, ...outcome });
}

/** Another key of the same bucket (or the key itself) becomes this one's new content, through a gateway. */
export async function copy(world: World, target: Target): Promise<void> {
  const { bucket, key, prng } = target;
  const { history } = world;
  const gateway = world.gateway(prng);
  const { engine, metadata } = gateway;
  const source = prng.pick(world.keys);
  const found = await attempt(gateway, history, () => metadata.currentVersion(bucket.id, source));
  const version = found.kind === 'done' ? found.value : undefined;
  if (version === undefined || version.deleteMarker) return;
  if (!history.isKnown(version.etag)) {
    history.violate('whole-writes', `${source} has an ETag that nobody wrote: ${version.etag}`);
    return;
  }
  const value = history.content(history.bytesOf(version.etag));
  const { signal } = new AbortController();
  const watch = { update: () => undefined, finish: () => ({ checksum: null, verdict: null, envelope: null }) };
  await write(world, target, {
    gateway,
    value,
    work: () =>
      engine.putObject({
        ...request(bucket, key, prng),
        body: engine.bodyOfVersion(version, { signal, watch }),
        signal,
      }),
  });
}
