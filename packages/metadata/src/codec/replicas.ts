import { Fault } from '@sealgate/core/faults';
import { REPLICAS_MAX } from '@sealgate/core/limits';
import type { BackendId } from '@sealgate/core/names';
import type { ReplicaRecord, ReplicaState } from '@sealgate/core/ports';

// Four bytes a replica: backend number (2, big-endian), shard (1), state as a letter. The SQL functions know this form.
const letters = { stored: 's', pending: 'p', missing: 'm', leaving: 'l' } as const satisfies Record<
  ReplicaState,
  string
>;
const states = new Map<string, ReplicaState>([
  ['s', 'stored'],
  ['p', 'pending'],
  ['m', 'missing'],
  ['l', 'leaving'],
]);

/** Numbers of backends, both ways. They never change once given. */
export interface BackendNumbers {
  numberOf(id: BackendId): Promise<number>;
  idOf(number: number): Promise<BackendId>;
}

export async function packReplicas(replicas: readonly ReplicaRecord[], backends: BackendNumbers): Promise<Buffer> {
  if (replicas.length > REPLICAS_MAX) throw new Fault('InternalError', 'A blob has too many replicas.');
  const packed = Buffer.alloc(replicas.length * 4);
  for (const [index, replica] of replicas.entries()) {
    packed.writeUInt16BE(await backends.numberOf(replica.backend), index * 4);
    packed.writeUInt8(replica.shard, index * 4 + 2);
    packed.write(letters[replica.state], index * 4 + 3, 'latin1');
  }
  return packed;
}

/** The letters of the states that are not stored, so that the function that commits need not unpack them. */
export function owingStates(replicas: readonly ReplicaRecord[]): string {
  return replicas.map((replica) => (replica.state === 'stored' ? '' : letters[replica.state])).join('');
}

/** Backend and shard only: three bytes each. */
export async function packPlaces(
  places: readonly { readonly backend: BackendId; readonly shard: number }[],
  backends: BackendNumbers,
): Promise<Buffer> {
  const packed = Buffer.alloc(places.length * 3);
  for (const [index, place] of places.entries()) {
    packed.writeUInt16BE(await backends.numberOf(place.backend), index * 3);
    packed.writeUInt8(place.shard, index * 3 + 2);
  }
  return packed;
}

export async function unpackReplicas(packed: Buffer, backends: BackendNumbers): Promise<ReplicaRecord[]> {
  const replicas: ReplicaRecord[] = [];
  for (let at = 0; at < packed.length; at += 4) {
    const state = states.get(packed.toString('latin1', at + 3, at + 4));
    if (state === undefined) throw new Fault('InternalError', 'A stored replica has an unknown state.');
    replicas.push({ backend: await backends.idOf(packed.readUInt16BE(at)), shard: packed.readUInt8(at + 2), state });
  }
  return replicas;
}

/** One of those three bytes. */
export async function unpackPlace(
  place: Buffer,
  backends: BackendNumbers,
): Promise<{ readonly backend: BackendId; readonly shard: number }> {
  return { backend: await backends.idOf(place.readUInt16BE(0)), shard: place.readUInt8(2) };
}
