import { Fault } from '@sealgate/core/faults';
import type { BackendId, BlobId } from '@sealgate/core/names';
import { reconcile } from '@sealgate/core/placement';
import type { RedundancyClass } from '@sealgate/core/policy';
import type { Backend, BlobLayout, ReplicaRecord } from '@sealgate/core/ports';
import type { placementTerms } from '../placement/planner.ts';
import type { UploadProof } from './prove-copies.ts';
import type { DirectDeps, DirectResult, DirectVersion } from './types.ts';

const COPIES: BlobLayout = { kind: 'copies' };

interface Proved {
  readonly blobId: BlobId;
  readonly proof: UploadProof;
  /** The client told a SHA-256, so its version says one. */
  readonly toldSha256: boolean;
  readonly terms: Awaited<ReturnType<typeof placementTerms>>;
  readonly tags: Readonly<Record<string, string>> | null;
  /** Where a verified copy lies. */
  readonly stored: readonly BackendId[];
  /** Where bytes may lie besides. */
  readonly planned: readonly BackendId[];
}

/** Does the work within what the tenant may have, where somebody counts that. */
export function counted<T>({ count }: DirectVersion, bytes: number, work: () => Promise<T>): Promise<T> {
  return count === undefined ? work() : count(bytes, work);
}

/**
 * Publishes what was verified, under the same rules as any write: the ack rule holds over verified copies, what the class
 * wants besides is owed, and bytes that no row names are removed.
 * @throws Fault AckRuleFailed, PolicyRefused, and what commitPlanned throws
 */
export async function publishProved(deps: DirectDeps, version: DirectVersion, proved: Proved): Promise<DirectResult> {
  const { metadata, events } = deps;
  const { blobId, proof, terms, stored } = proved;
  const { redundancyClass } = terms;
  requireAck(redundancyClass, lawful(deps, proved, stored));
  // Whom a job is to give a copy lies under the same rules, the wishes of the object among them.
  lawful(deps, proved, version.job?.targets ?? []);
  const replicas = replicasOf(deps, proved);
  const etag = proof.md5.toString('hex');
  const { bucket, key, headers, attributes, preconditions, actor, job } = version;
  const sha256 = { algorithm: 'SHA256', value: proof.sha256.toString('base64'), type: 'FULL_OBJECT' } as const;
  const committed = await metadata.commitPlanned(
    {
      ...{ bucketId: bucket.id, key, blobId, etag, headers, attributes, preconditions, actor, replicas },
      bytes: proof.bytes,
      storedBytes: proof.bytes,
      redundancyClass: redundancyClass.name,
      checksum: proved.toldSha256 ? sha256 : null,
      envelope: proof.envelope,
      verdict: proof.verdict,
      tags: proved.tags,
      layout: COPIES,
      blockBytes: proof.blockBytes,
      digests: proof.digests,
    },
    job === null ? null : { ...job, priority: 0 },
  );
  const unnamed = proved.planned.filter((id) => !replicas.some(({ backend }) => backend === id));
  if (unnamed.length > 0) {
    const strays = unnamed.map((backend) => ({ backend, shard: 0 }));
    await metadata.enqueueDeletion({ blobId, bucketId: bucket.id, replicas: strays });
  }
  events.acked(redundancyClass.name, stored.length, replicas.length);
  const facts = { blobId, etag, bytes: proof.bytes, verdict: proof.verdict, ackedBy: stored, replicas };
  return { ...committed, ...facts, redundancyClass: redundancyClass.name };
}

/** These backends. What the policy admitted when the upload was planned it may refuse by now. */
function lawful({ pool }: DirectDeps, { terms }: Proved, ids: readonly BackendId[]): readonly Backend[] {
  const backends = pool.all().filter(({ id }) => ids.includes(id));
  for (const backend of backends) {
    const verdict = terms.policy.admits(backend, { regionLock: terms.regionLock });
    if (verdict.ok) continue;
    throw new Fault('PolicyRefused', `The policy does not admit "${backend.id}": ${verdict.reason}.`, {
      rule: verdict.rule,
      detail: { Rule: verdict.rule },
    });
  }
  return backends;
}

function requireAck({ ack, name }: RedundancyClass, stored: readonly Backend[]): void {
  if (ack.evaluate(stored, []) === 'held') return;
  throw new Fault(
    'AckRuleFailed',
    `${stored.length} of the copies could be verified, and the ack rule "${ack.text}" of class ${name} does not hold over them. Upload the others and commit again.`,
    { rule: ack.text, detail: { verified: stored.length } },
  );
}

/** What is verified stays; what the class wants besides is owed where a new blob would go. */
function replicasOf({ pool }: DirectDeps, { blobId, stored, terms }: Proved): readonly ReplicaRecord[] {
  const replicas = stored.map((backend): ReplicaRecord => ({ backend, shard: 0, state: 'stored' }));
  const wanted = reconcile({
    blob: { blobId, layout: COPIES, replicas },
    policy: terms.policy,
    redundancyClass: terms.redundancyClass,
    scope: { regionLock: terms.regionLock },
    backends: pool.all(),
    writable: pool.writable(),
    lost: new Set(),
    noRoom: pool.full(),
  });
  // Where nothing else will do now the reconciliation goes on trying.
  return wanted.kind === 'change' ? wanted.replicas : replicas;
}
