import { createHash } from 'node:crypto';
import { type ObjectKey, parseObjectKey } from '@sealgate/core/names';
import { type AuditActor, type BlobRecord, type Bucket, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import type { BodySource } from '@sealgate/engine';
import type { ClusterMember, SeededCluster, SimulatedGateway } from './seeded-cluster.ts';

const actor: AuditActor = { kind: 'tenant', id: 'test', requestId: 'test' };
const key: ObjectKey = parseObjectKey('key');
const { signal } = new AbortController();

export function bodyOf(content: Buffer): BodySource {
  async function* chunks(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(content);
  }
  const md5 = createHash('md5').update(content).digest();
  return {
    bytes: content.length,
    chunks: chunks(),
    facts: () => Promise.resolve({ md5, checksum: null, verdict: null, envelope: null }),
  };
}

/** Writes the one object of the bucket anew; small, so that its body is held whole. */
export function putContent(
  cluster: SeededCluster,
  gateway: SimulatedGateway,
  bucket: Bucket,
  tags: Readonly<Record<string, string>> | null = null,
): Promise<unknown> {
  const said = { headers: {}, tags, attributes: PLAIN_ATTRIBUTES, requestedClass: undefined, preconditions: {} };
  const request = { bucket, key, ...said, actor, signal };
  return cluster.clock.run(gateway.engine.putObject({ ...request, body: bodyOf(Buffer.from('content')) }));
}

/** The only blob of the cluster that is not to be deleted. */
export function wantedBlob(cluster: SeededCluster): BlobRecord {
  const [row, ...others] = cluster.metadata.blobRows().filter(({ wanted }) => wanted);
  if (row === undefined || others.length > 0) throw new Error('There is not exactly one blob.');
  return row.blob;
}

/** @throws Error when there is none of that id */
export function memberOf(cluster: SeededCluster, id: string): ClusterMember {
  const member = cluster.members.find((m) => m.backend.id === id);
  if (member === undefined) throw new Error(`There is no backend ${id}.`);
  return member;
}

/** Backends on which the blob's bytes lie now. */
export async function holders(cluster: SeededCluster, bucket: Bucket, blob: BlobRecord): Promise<string[]> {
  const names = await cluster.metadata.physicalBuckets(bucket.id);
  const found: string[] = [];
  for (const { backend, faulty } of cluster.members) {
    const name = names.get(backend.id);
    const there = name === undefined ? undefined : await faulty.head(name, `b/${blob.blobId}.0`, { signal });
    if (there !== undefined) found.push(backend.id);
  }
  return found.sort();
}
