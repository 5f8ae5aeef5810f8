import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import { type AuditActor, type Bucket, type CommittedVersion, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import type { PutObjectRequest } from '@sealgate/engine';
import type { Prng } from '@sealgate/testkit';
import type { SimulatedGateway } from '@sealgate/testkit/cluster';
import { attempt } from './attempt.ts';
import { bodyOf, randomContent, type Spoiled } from './bodies.ts';
import type { World } from './world.ts';

export const ACTOR: AuditActor = { kind: 'tenant', id: 'simulated', requestId: 'simulation' };
const BYTES_MAX = 5000;

/** Where a client does something, and with what luck. */
export interface Target {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly prng: Prng;
  readonly label: string;
}

/** A write of `value` (null: a deletion) as the history of its key has it. */
export async function write(
  world: World,
  target: Target,
  options: {
    readonly gateway: SimulatedGateway;
    readonly value: string | null;
    readonly work: () => Promise<Partial<CommittedVersion>>;
  },
): Promise<'done' | 'refused' | 'unknown'> {
  const { history } = world;
  const { bucket, key, label } = target;
  const { value } = options;
  const began = history.tick();
  const result = await attempt(options.gateway, history, options.work);
  const ended = result.kind === 'done' ? history.tick() : Infinity;
  if (result.kind !== 'refused') history.note(bucket.id, key, { kind: 'write', value, began, ended, label });
  if (result.kind === 'done' && value !== null) {
    const { seq, versionId } = result.value;
    if (seq !== undefined && versionId !== undefined) {
      history.acknowledge({ bucketId: bucket.id, key, seq, versionId, value, began, ended });
    }
  }
  return result.kind;
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
  await write(world, target, {
    gateway,
    value,
    work: () =>
      gateway.engine.putObject({
        ...request(bucket, key, prng),
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
  await write(world, target, {
    gateway,
    value: null,
    work: async () => {
      await gateway.metadata.deleteObject({ bucketId: bucket.id, key, preconditions: {}, actor: ACTOR });
      return {};
    },
  });
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
  const value = history.valueOfEtag(version.etag);
  if (value === undefined) {
    history.violate('whole-writes', `${source} has an ETag that nobody wrote: ${version.etag}`);
    return;
  }
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
