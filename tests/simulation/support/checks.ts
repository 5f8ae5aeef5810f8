import { createHash } from 'node:crypto';
import type { BackendId, BlobId } from '@sealgate/core/names';
import type { BlobRecord, Bucket, ReplicaRecord } from '@sealgate/core/ports';
import { stripOf } from '@sealgate/engine';
import { createPrng } from '@sealgate/testkit';
import type { SimulatedGateway } from '@sealgate/testkit/cluster';
import { checkVersions } from '@sealgate/testkit/history';
import { RULED } from './policies.ts';
import { checkBytes, read, readBody } from './reads.ts';
import type { World } from './world.ts';

const { signal } = new AbortController();
const DIGEST_BYTES = 32;
/**
 * From a change of facts or policies to the last byte that is sent by what was known before: a process looks at the backends anew when
 * its last look is over, which a stalled one holds up for 15 s, and late copies take a while.
 */
const KNOWN_WITHIN_MS = 35_000;

/** What clients were promised, looked at from outside. Reads find broken copies, so healing is to follow. */
export async function checkAnswers(world: World): Promise<void> {
  await checkFinalReads(world);
  checkLinearizable(world);
  await checkKept(world);
}

/** What lies on the backends, looked at from behind, after the healing. */
export async function checkStorage(world: World): Promise<void> {
  await checkCopies(world);
  await checkResidency(world);
  await checkRuled(world);
  await checkLeftovers(world);
}

async function checkFinalReads(world: World): Promise<void> {
  for (const { bucketId, key } of [...world.history.keys.values()]) {
    const bucket = bucketOf(world, bucketId);
    const target = { bucket, key, prng: createPrng(`final ${key}`), label: `final ${bucket.name}/${key}` };
    if ((await read(world, target)) === 'failed') {
      world.history.violate('nothing-lost', `${bucket.name}/${key} cannot be read`);
    }
  }
}

function checkLinearizable(world: World): void {
  for (const { bucketId, key, initial, operations } of world.history.keys.values()) {
    const verdict = checkVersions(operations, { versioning: bucketOf(world, bucketId).versioning, initial });
    if (verdict.ok) continue;
    const name = `${bucketOf(world, bucketId).name}/${key}`;
    world.history.violate(
      'linearizable',
      `${name}\n  placed ${verdict.placed.join('\n         ')}\n  left   ${verdict.left.join('\n         ')}`,
    );
  }
}

async function checkKept(world: World): Promise<void> {
  const { history } = world;
  const versioned = history.acknowledged.filter((ack) => ack.versionId !== 'null' && !history.isDoomed(ack));
  const gateway = world.gateway(createPrng('versions'));
  for (const ack of versioned) {
    const { bucketId, key, versionId, value } = ack;
    const version = await gateway.metadata.version(bucketId, key, versionId);
    const label = `${key} version ${versionId}`;
    if (version === undefined) {
      history.violate('versions-kept', `${label} was acknowledged and is not there`);
      continue;
    }
    const body = await readBody(world, { gateway, version, range: undefined });
    if (body.kind === 'done') checkBytes(world, { value, bytes: body.value, range: undefined, label });
    else history.violate('versions-kept', `${label} cannot be read`);
    for (const other of versioned) {
      if (other.bucketId === bucketId && other.key === key && other.ended < ack.began && other.seq >= ack.seq) {
        history.violate('versions-ordered', `${label} came after ${other.versionId} and has a lower sequence`);
      }
    }
  }
  await checkListedOrder(world, gateway);
}

async function checkListedOrder(world: World, { metadata }: SimulatedGateway): Promise<void> {
  for (const { bucketId, key } of world.history.keys.values()) {
    const page = await metadata.listVersions({ bucketId, prefix: key, delimiter: '', keyMarker: '', limit: 1000 });
    let last: bigint | undefined;
    for (const { versionId } of page.versions.filter((v) => v.key === key)) {
      const seq = (await metadata.version(bucketId, key, versionId))?.seq;
      if (seq === undefined || (last !== undefined && seq >= last)) {
        world.history.violate('versions-ordered', `${key} lists ${versionId} out of the order of commits`);
      }
      last = seq;
    }
  }
}

/**
 * What a row calls stored can be fetched and has the digests of the blob, whatever a treacherous backend did to it after it
 * had been proved: the scrub came by. Nothing stays owed for ever, and a backend that is drained holds nothing that could
 * be elsewhere: six shards need all that are left.
 */
async function checkCopies(world: World): Promise<void> {
  const { cluster, history } = world;
  for (const { blob, bucketId, wanted } of cluster.metadata.blobRows()) {
    if (!wanted) continue;
    const names = await cluster.metadata.physicalBuckets(bucketId);
    for (const replica of blob.replicas) {
      const subject = `${names.get(replica.backend) ?? ''}/b/${blob.blobId}.${replica.shard}`;
      const state = cluster.metadata.backendRows().find(({ id }) => id === replica.backend)?.state;
      if (state === 'retired') history.violate('retired-is-empty', `${subject} was there`);
      if (state === 'draining' && blob.layout.kind === 'copies')
        history.violate('drained', `${subject} is still there`);
      if (replica.state !== 'stored' && isAtRest(world, { blob, bucketId }, replica)) continue;
      if (replica.state !== 'stored') history.violate('healed', `${subject} is ${replica.state} for ever`);
      else if (!(await isGood(world, blob, replica, subject))) {
        history.violate('stored-is-stored', `${subject} is not what its row says`);
      }
    }
  }
}

/**
 * Whether there is nothing left to do about a copy or shard: it is stored where it may be, or it is of six shards of which one was
 * lost where it may not be any more, and the backends that are left have one each. Nothing leaves such a blob either.
 */
export function isAtRest(world: World, { blob, bucketId }: HeldBlob, { backend, state }: ReplicaRecord): boolean {
  const bucket = bucketOf(world, bucketId);
  if (blob.layout.kind === 'copies') return state === 'stored' && mayLie(world, bucket, backend);
  const short = blob.replicas.some((one) => one.state === 'missing' && !mayLie(world, bucket, one.backend));
  if (state === 'missing') return !mayLie(world, bucket, backend);
  return state === 'stored' || (state === 'leaving' && short);
}

/** Blobs kept in copies of which one is owed to the backend that stays full, though as many others may take it as are wanted. */
export function owedToFull(world: World): readonly BlobId[] {
  const { cluster, plan } = world;
  const full = plan.staysFull === undefined ? undefined : cluster.members[plan.staysFull]?.backend.id;
  return cluster.metadata.blobRows().flatMap(({ blob, bucketId, wanted }) => {
    const owed = blob.replicas.some(({ backend, state }) => backend === full && state === 'missing');
    if (!wanted || !owed || blob.layout.kind !== 'copies') return [];
    const others = cluster.metadata
      .backendRows()
      .filter(({ id, state }) => id !== full && !['draining', 'retired'].includes(state))
      .filter(({ id }) => mayLie(world, bucketOf(world, bucketId), id));
    return others.length >= COPIES ? [blob.blobId] : [];
  });
}

/** Of StandardClass, in two regions at least: no region has more than two of the backends. */
const COPIES = 3;

interface HeldBlob {
  readonly blob: BlobRecord;
  readonly bucketId: number;
}

async function isGood(
  world: World,
  blob: BlobRecord,
  replica: Pick<ReplicaRecord, 'backend' | 'shard'>,
  subject: string,
): Promise<boolean> {
  const member = world.cluster.members.find((m) => m.backend.id === replica.backend);
  const at = subject.indexOf('/');
  const bucket = subject.slice(0, at) as Parameters<NonNullable<typeof member>['faulty']['get']>[0];
  try {
    const opened = await member?.faulty.get(bucket, subject.slice(at + 1), { signal });
    const bytes = Buffer.concat((await opened?.body.toArray()) as Buffer[]);
    const strip = stripOf(blob, replica.shard);
    if (bytes.length !== strip.totalBytes) return false;
    for (let i = 0; i < strip.blocks; i += 1) {
      const block = bytes.subarray(strip.offset(i), strip.offset(i) + strip.bytes(i));
      const at = strip.digestIndex(i) * DIGEST_BYTES;
      const wanted = blob.digests?.subarray(at, at + DIGEST_BYTES) ?? Buffer.alloc(0);
      if (!createHash('sha256').update(block).digest().equals(wanted)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * Not one byte of a locked bucket ever went to a backend outside, not even for a moment; where that a backend is outside was
 * learnt during the run, none went there once everybody had to know, and no copies are there in the end.
 */
async function checkResidency(world: World): Promise<void> {
  const { cluster, history, abroadSinceMs } = world;
  for (const bucket of world.buckets.filter((b) => b.regionLock.length > 0)) {
    const names = await cluster.metadata.physicalBuckets(bucket.id);
    for (const { backend, received } of cluster.members) {
      const sinceMs = bucket.regionLock.includes(backend.jurisdiction) ? abroadSinceMs.get(backend.id) : 0;
      const name = names.get(backend.id);
      if (name === undefined || sinceMs === undefined) continue;
      const knownMs = sinceMs === 0 ? 0 : sinceMs + KNOWN_WITHIN_MS;
      for (const [subject, atMs] of received) {
        if (!subject.startsWith(`${name}/`) || atMs < knownMs) continue;
        history.violate('inside-policy', `${backend.id} was sent ${subject}`);
      }
    }
  }
  checkHomes(world);
}

/** The same for the bucket under a policy that may have changed; and what lies where it may not be has left in the end. */
async function checkRuled({ cluster, history, buckets, ruled }: World): Promise<void> {
  const bucket = buckets.find(({ name }) => name === RULED);
  const names = bucket === undefined ? new Map<never, never>() : await cluster.metadata.physicalBuckets(bucket.id);
  for (const { backend, received } of cluster.members) {
    const name = names.get(backend.id);
    for (const [subject, atMs] of received) {
      if (name === undefined || !subject.startsWith(`${name}/`)) continue;
      if (ruled.admittedAt(backend.id, atMs, KNOWN_WITHIN_MS)) continue;
      history.violate('inside-policy', `${backend.id} was sent ${subject}, which its policy refuses`);
    }
  }
}

function checkHomes(world: World): void {
  for (const { blob, bucketId } of world.cluster.metadata.blobRows()) {
    // Six shards have nowhere else to go.
    if (blob.layout.kind !== 'copies') continue;
    for (const { backend } of blob.replicas) {
      if (mayLie(world, bucketOf(world, bucketId), backend)) continue;
      world.history.violate('inside-policy', `${blob.blobId} is still on ${backend}, where it may not be`);
    }
  }
}

function mayLie({ abroadSinceMs, ruled }: World, bucket: Bucket, backend: BackendId): boolean {
  if (bucket.name === RULED) return ruled.admits(backend);
  return bucket.regionLock.length === 0 || !abroadSinceMs.has(backend);
}

/** Whatever lies on a backend is named by a row, whoever died or could not reach the database over it. */
async function checkLeftovers(world: World): Promise<void> {
  const { cluster, history } = world;
  const named = new Set<string>();
  for (const { blob } of cluster.metadata.blobRows()) {
    for (const replica of blob.replicas) named.add(`${replica.backend}/${blob.blobId}.${replica.shard}`);
  }
  for (const { backend, faulty } of cluster.members) {
    for (const bucket of world.buckets) {
      const name = (await cluster.metadata.physicalBuckets(bucket.id)).get(backend.id);
      const page = name === undefined ? undefined : await faulty.list(name, { limit: 1000, signal });
      for (const { key } of page?.blobs ?? []) {
        const file = key.slice(2);
        if (named.has(`${backend.id}/${file}`)) continue;
        history.violate('no-orphans', `${backend.id} keeps ${key}, which no row names`);
      }
    }
  }
}

function bucketOf(world: World, id: number): Bucket {
  const bucket = world.buckets.find((b) => b.id === id);
  if (bucket === undefined) throw new Error('An operation on an unknown bucket.');
  return bucket;
}
