import type { ByteRange, ObjectVersion } from '@sealgate/core/ports';
import type { SimulatedGateway } from '@sealgate/testkit/cluster';
import { type Attempt, attempt } from './attempt.ts';
import type { Target } from './target.ts';
import type { World } from './world.ts';

const READS_MAX = 5;

/** Reads once, or several times in a row where something may be kept from one read to the next. */
export async function readSome(world: World, target: Target): Promise<void> {
  const reads = world.plan.cache === 'none' ? 1 : 1 + target.prng.int(READS_MAX);
  for (let i = 0; i < reads; i += 1) await read(world, { ...target, label: `${target.label}.${i}` });
}

/** Reads the current version, whole or in part, and checks that its bytes are those of one write. */
export async function read(world: World, target: Target): Promise<'read' | 'failed'> {
  const { bucket, key, prng, label } = target;
  const { history } = world;
  const gateway = world.gateway(prng);
  const began = history.tick();
  const found = await attempt(gateway, history, () => gateway.metadata.currentVersion(bucket.id, key));
  if (found.kind !== 'done') return 'failed';
  const version = found.value;
  const absent = version === undefined || version.deleteMarker;
  const value = absent ? null : version.etag;
  if (value !== null && !history.isKnown(value)) {
    history.violate('whole-writes', `${label}: an ETag that nobody wrote`);
    return 'failed';
  }
  history.note(bucket.id, key, { kind: 'read', value, began, ended: history.tick(), label });
  if (absent || value === null) return 'read';
  const range = prng.chance(0.5) && version.bytes > 0 ? randomRange(world, target, version.bytes) : undefined;
  const body = await readBody(world, { gateway, version, range });
  if (body.kind !== 'done') return 'failed';
  checkBytes(world, { value, bytes: body.value, range, label });
  return 'read';
}

export function readBody(
  world: World,
  options: {
    readonly gateway: SimulatedGateway;
    readonly version: ObjectVersion;
    readonly range: ByteRange | undefined;
  },
): Promise<Attempt<Buffer>> {
  const { gateway, version, range } = options;
  return attempt(gateway, world.history, async () => {
    const { signal } = new AbortController();
    const stream = gateway.engine.readObject(version, { signal, ...(range === undefined ? {} : { range }) });
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  });
}

export function checkBytes(
  world: World,
  options: {
    readonly value: string;
    readonly bytes: Buffer;
    readonly range: ByteRange | undefined;
    readonly label: string;
  },
): void {
  const { value, bytes, range, label } = options;
  const whole = world.history.bytesOf(value);
  const wanted = range === undefined ? whole : whole.subarray(range.start, range.end + 1);
  if (bytes.equals(wanted)) return;
  const place = range === undefined ? 'whole' : `${range.start}-${range.end}`;
  world.history.violate('whole-writes', `${label} read ${value} (${place}) and got ${bytes.length} other bytes`);
}

function randomRange(_world: World, { prng }: Target, bytes: number): ByteRange {
  const start = prng.int(bytes);
  return { start, end: start + prng.int(bytes - start) };
}
