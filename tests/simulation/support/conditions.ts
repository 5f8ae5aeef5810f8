import type { Fault } from '@sealgate/core/faults';
import type { ObjectPreconditions } from '@sealgate/core/ports';
import type { Expectation } from '@sealgate/testkit/history';
import type { Target } from './target.ts';
import type { World } from './world.ts';

/** None mostly; else that nothing is there, that something is, or one of the ETags that clients were told of this key. */
export function drawConditions(world: World, { bucket, key, prng }: Target): ObjectPreconditions {
  if (prng.chance(0.65)) return {};
  if (prng.chance(0.25)) return { ifNoneMatch: '*' };
  if (prng.chance(0.15)) return { ifMatch: '*' };
  const told = world.history.acknowledged.filter((ack) => ack.bucketId === bucket.id && ack.key === key);
  const etag = prng.chance(0.7) ? told.at(-1)?.value : told[prng.int(Math.max(1, told.length))]?.value;
  return { ifMatch: etag ?? 'nothing that was written' };
}

/** What must have been there when a write with these conditions was made. */
export function expectationOf({ ifMatch, ifNoneMatch }: ObjectPreconditions): Expectation | undefined {
  if (ifNoneMatch !== undefined) return { is: null };
  if (ifMatch === undefined) return undefined;
  return ifMatch === '*' ? { isNot: [null] } : { is: ifMatch };
}

/** What a refusal says of the key at that moment; undefined when it was for another reason. */
export function toldByRefusal(
  { ifMatch, ifNoneMatch }: ObjectPreconditions,
  fault: Fault,
  value: string | null,
): Expectation | undefined {
  if (fault.code === 'NoSuchKey' && ifMatch !== undefined) return { is: null };
  if (fault.code !== 'PreconditionFailed') return undefined;
  if (ifNoneMatch !== undefined) return { isNot: [null] };
  if (ifMatch === undefined) return undefined;
  // A deletion is refused in the same words when there is nothing to delete.
  if (value === null) return ifMatch === '*' ? { is: null } : { isNot: [ifMatch] };
  return { isNot: [null, ifMatch] };
}
