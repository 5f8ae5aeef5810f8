import { Fault } from '../faults/index.ts';
import type { CompiledPolicy, RedundancyClass } from './types.ts';

/** The storage class that S3 tools send when they mean none in particular. */
const S3_DEFAULT = 'STANDARD';

/** False for what means no class in particular. */
export function namesClass(requested: string | undefined): requested is string {
  return requested !== undefined && requested !== '' && requested !== S3_DEFAULT;
}

/**
 * The class of a new object. `requested` is what the client wrote in `x-amz-storage-class` or
 * `x-sealgate-redundancy-class`; nothing and S3's `STANDARD` mean the policy's default.
 * @throws Fault InvalidStorageClass
 */
export function resolveClass(policy: CompiledPolicy, requested?: string): RedundancyClass {
  const wanted = namesClass(requested) ? requested : policy.defaultClass;
  const found = policy.classes.get(wanted);
  if (found !== undefined) return found;
  const names = [...policy.classes.keys()].join(', ');
  throw new Fault(
    'InvalidStorageClass',
    `The storage class you specified is not valid. This bucket's policy offers ${names}.`,
    { rule: 'policy.classes' },
  );
}
