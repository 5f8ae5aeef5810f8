import { Fault, isFault } from '@sealgate/core/faults';
import type { BackendId, BlobId, BucketName, PhysicalBucketName, TenantId } from '@sealgate/core/names';
import { parseBackendId } from '@sealgate/core/names';
import type {
  Backend,
  Bucket,
  Clock,
  LeaseOutcome,
  LeaseResult,
  PendingRepair,
  RepairLease,
  Tenant,
} from '@sealgate/core/ports';
import type { RepairMetadata, SeenParts } from '@sealgate/engine';
import type { wire } from '@sealgate/runtime/agents';
import type { z } from 'zod';
import type { ControlLink } from './control-link.ts';

/** What the agent knows of one job that it holds. */
interface Held {
  readonly lease: RepairLease;
  bucketId?: number;
}

interface KnownBucket {
  readonly bucket: Bucket;
  readonly tenantPolicyName: string | null;
  readonly physical: ReadonlyMap<BackendId, PhysicalBucketName>;
}

/**
 * The metadata that repairs need, from afar: every call but the taking of leases is about a job that the agent holds, and
 * carries its token.
 * @param one only what this replication owes; `onOver` is called when it has ended
 */
export function createRemoteMetadata(
  link: ControlLink,
  one?: { readonly job: string; readonly onOver: () => void },
): RepairMetadata {
  const held = new Map<BlobId, Held>();
  const buckets = new Map<number, KnownBucket>();

  const leaseOf = (blobId: BlobId): Held => {
    const found = held.get(blobId);
    if (found === undefined) throw new Fault('LeaseLost', 'The right to this job is over.');
    return found;
  };
  const about = (blobId: BlobId): { readonly token: string; readonly job: string } => {
    const { lease } = leaseOf(blobId);
    return { token: lease.token.toString(), job: lease.jobId };
  };
  const anyOf = (bucketId: number): BlobId => {
    for (const [blobId, one] of held) if (one.bucketId === bucketId) return blobId;
    throw new Fault('LeaseLost', 'The right to this job is over.');
  };

  const settle = async ({ lease, replica, end }: LeaseResult): Promise<LeaseOutcome> => {
    const { jobId } = lease;
    const token = lease.token.toString();
    if (replica !== null) {
      const { backend, shard } = replica;
      const { outcome } = await link.call('mark', { token, backend, shard }, jobId);
      if (outcome !== 'wanted') return outcome;
    }
    if (end === null) return 'wanted';
    const why = end.kind === 'failed' ? { reason: end.reason, noRoom: [...end.noRoom] } : {};
    if (held.get(lease.blobId)?.lease.token === lease.token) held.delete(lease.blobId);
    return (await link.call('end', { token, outcome: end.kind, ...why }, jobId)).held ? 'wanted' : 'stale';
  };
  const pendingRepair = async (blobId: BlobId): Promise<PendingRepair | undefined> => {
    const { token, job } = about(blobId);
    const { work } = await link.call('work', { token }, job);
    if (work === null) return undefined;
    leaseOf(blobId).bucketId = work.bucketId;
    if (work.bucket !== null) buckets.set(work.bucketId, knownBucket(work.bucketId, work.bucket, work.physical));
    return pendingOf(work);
  };

  return {
    async leaseRepairs({ limit, leaseMs, able }) {
      const answer = await link.call('lease', {
        limit,
        leaseMs: Math.ceil(leaseMs),
        writes: [...able.writes],
        reads: [...able.reads],
        ...(one === undefined ? {} : { job: one.job }),
      });
      if (answer.over) one?.onOver();
      return answer.leases.map(({ jobId, blobId, token }) => {
        const lease = { jobId, blobId: blobId as BlobId, token: BigInt(token) };
        held.set(lease.blobId, { lease });
        return lease;
      });
    },
    async renewLeases(_worker, leases, leaseMs) {
      const named = leases.map(({ jobId, token }) => ({ jobId, token: token.toString() }));
      return (await link.call('renew', { leases: named, leaseMs: Math.ceil(leaseMs) })).kept;
    },
    // What agents repair takes longer than a call, so each result goes by itself, as soon as it is there.
    settleLeases: (_worker, results) => Promise.all(results.map(settle)),
    async blobsForRepair(blobIds) {
      // Who lost one job goes on with the others; what it says of that one is refused.
      const found = await Promise.all(
        blobIds.map((blobId) =>
          pendingRepair(blobId).catch((error: unknown) => {
            if (isFault(error, 'LeaseLost')) return undefined;
            throw error;
          }),
        ),
      );
      return found.filter((pending) => pending !== undefined);
    },
    bucketById: (id) => Promise.resolve(buckets.get(id)?.bucket),
    tenant(id) {
      const known = [...buckets.values()].find(({ bucket }) => bucket.tenantId === id);
      // Repairs ask a tenant for nothing but its policy.
      const tenant = known && { id: known.bucket.tenantId, policyName: known.tenantPolicyName };
      return Promise.resolve(tenant as Tenant | undefined);
    },
    async policy(name) {
      return (await link.call('policy', { name })).policy ?? undefined;
    },
    physicalBuckets: (id) => Promise.resolve(buckets.get(id)?.physical ?? new Map()),
    async recordPhysicalBucket({ bucketId, backend, name, counter }) {
      const { token, job } = about(anyOf(bucketId));
      await link.call('bucket', { token, backend, name, counter }, job);
      const known = buckets.get(bucketId);
      if (known !== undefined) {
        buckets.set(bucketId, { ...known, physical: new Map([...known.physical, [backend, name]]) });
      }
    },
    async readDigests(blobId, first, count) {
      const { token, job } = about(blobId);
      return Buffer.from((await link.call('digests', { token, first, count }, job)).digests, 'base64');
    },
    async reportBadReplica(blobId, backend, shard) {
      const { token, job } = about(blobId);
      await link.call('bad', { token, backend, shard }, job);
    },
    async enqueueDeletion({ blobId, replicas }) {
      const { token, job } = about(blobId);
      const places = replicas.map(({ backend, shard }) => ({ backend, shard }));
      await link.call('discard', { token, replicas: places }, job);
    },
  };
}

type Work = NonNullable<z.output<(typeof wire)['work']['answer']>['work']>;

function pendingOf({ bucketId, redundancyClass, residency, blob }: Work): PendingRepair {
  return {
    bucketId,
    redundancyClass,
    residency,
    blob: {
      ...blob,
      blobId: blob.blobId as BlobId,
      digests: blob.digests === null ? null : Buffer.from(blob.digests, 'base64'),
      replicas: blob.replicas.map((replica) => ({ ...replica, backend: parseBackendId(replica.backend) })),
    },
  };
}

function knownBucket(id: number, facts: NonNullable<Work['bucket']>, physical: Work['physical']): KnownBucket {
  const { tenantPolicyName, tenantId, name, ...rest } = facts;
  const bucket: Bucket = {
    ...rest,
    id,
    tenantId: tenantId as TenantId,
    name: name as BucketName,
    // Nothing of these is needed to bring bytes back, and no rule can ask for them.
    ownerId: '',
    ownerDisplayName: '',
    namespace: '',
    locationConstraint: '',
    defaultClass: null,
    configs: {},
    createdAtMs: 0,
  };
  const names = Object.entries(physical).map(
    ([backend, text]) => [parseBackendId(backend), text as PhysicalBucketName] as const,
  );
  return { bucket, tenantPolicyName, physical: new Map(names) };
}

/** The backends of the gateway, in the form that a pool takes; credentials are the agent's own. */
export function remoteBackend(facts: Awaited<ReturnType<typeof backendsOf>>[number]): Backend {
  return {
    ...facts,
    id: parseBackendId(facts.id),
    credentials: null,
    probedAtMs: null,
    createdAtMs: 0,
    stateSinceMs: 0,
  };
}

export async function backendsOf(
  link: ControlLink,
  reported: Readonly<Record<string, { readonly ok: boolean; readonly latencyMs: number }>>,
  parts: { readonly clock: Pick<Clock, 'monotonic'>; readonly seen: SeenParts },
) {
  const { clock, seen } = parts;
  const slots = Object.keys(reported).flatMap((id) => {
    const slot = seen.slot(parseBackendId(id));
    return slot === undefined ? [] : [[id, slot] as const];
  });
  const askedMs = clock.monotonic();
  const { backends } = await link.call('backends', { reported, slots: Object.fromEntries(slots) });
  for (const { id, part } of backends) seen.saw(parseBackendId(id), askedMs, part ?? undefined);
  return backends;
}
