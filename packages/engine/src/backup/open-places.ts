import { Fault, toFault } from '@sealgate/core/faults';
import { backupTargets } from '@sealgate/core/housekeeping';
import { type BackendId, type PhysicalBucketName, physicalBucketName } from '@sealgate/core/names';
import { explain } from '@sealgate/core/placement';
import type { Backend, BackendDriver, BackendPool } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import type { LayeredPolicies } from '../placement/policies.ts';
import type { InTime } from './in-time.ts';
import type { BackupTarget } from './write-backup.ts';

/** No tenant can have it: names begin with a letter or a digit. So no bucket of one is ever our own. */
const RESERVED_TENANT = '.sealgate';

export interface PlacesDeps {
  readonly pool: BackendPool;
  readonly limits: EngineLimits;
  readonly inTime: InTime;
  /** @throws when the work is to end */
  readonly failed: (backend: BackendId, error: unknown) => void;
}

export interface WantedPlaces {
  readonly legal: readonly Backend[];
  readonly copies: number;
  /** Part of the buckets' names: each has buckets of its own. */
  readonly purpose: 'metadata-backup' | 'audit-archive';
  readonly installation: string;
  readonly buckets: Readonly<Record<BackendId, PhysicalBucketName>>;
  /** Backends with object lock go first, and their buckets have it. */
  readonly lock?: boolean;
  /** Have copies already. */
  readonly beside?: readonly Backend[];
}

/** Can keep what is stored there from removal. */
export function takesArchiveLocks({ capabilities }: Backend, driver: BackendDriver | undefined): boolean {
  return capabilities.objectLock === true && driver?.retain !== undefined;
}

/** Backends that the operator's policy of that name admits. */
export async function admittedBackends(
  deps: { readonly policies: Pick<LayeredPolicies, 'forOperator'>; readonly pool: BackendPool },
  policyName: string | undefined,
): Promise<readonly Backend[]> {
  const policy = await deps.policies.forOperator(policyName);
  return explain(policy, deps.pool.all(), { regionLock: [] })
    .filter(({ verdict }) => verdict.ok)
    .map(({ backend }) => backend);
}

/** Chooses places and makes sure of their buckets; one that does not answer is passed over. */
export async function openPlaces(deps: PlacesDeps, wanted: WantedPlaces) {
  const writable = deps.pool.writable();
  let candidates = wanted.legal.filter(({ id }) => writable.has(id));
  const buckets: Record<BackendId, PhysicalBucketName> = { ...wanted.buckets };
  for (;;) {
    const { copies, installation: seed, lock = false, beside = [] } = wanted;
    const prefer = (backend: Backend): boolean => lock && takesArchiveLocks(backend, deps.pool.driver(backend.id));
    const chosen = backupTargets(candidates, { copies, seed, beside, prefer });
    const targets: BackupTarget[] = [];
    for (const backend of chosen) {
      const { id } = backend;
      try {
        const driver = deps.pool.driver(id);
        if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
        const bucket = await ensureBucket(deps, wanted, { backend, driver, known: buckets[id] });
        buckets[id] = bucket;
        targets.push({ id, driver, bucket });
      } catch (error) {
        deps.failed(id, error);
        candidates = candidates.filter((candidate) => candidate.id !== id);
      }
    }
    if (targets.length === chosen.length) return { targets, buckets };
  }
}

async function ensureBucket(
  { limits, inTime }: PlacesDeps,
  { installation, purpose, lock = false }: WantedPlaces,
  {
    backend,
    driver,
    known,
  }: Pick<BackupTarget, 'driver'> & { readonly backend: Backend; readonly known: PhysicalBucketName | undefined },
): Promise<PhysicalBucketName> {
  const objectLock = lock && takesArchiveLocks(backend, driver);
  const made = Array.from({ length: limits.bucketNameTries }, (_, counter) =>
    physicalBucketName({
      tenant: RESERVED_TENANT,
      region: purpose,
      bucket: installation,
      backend: backend.id,
      counter,
    }),
  );
  for (const name of known === undefined ? made : [known, ...made.filter((other) => other !== known)]) {
    try {
      await inTime((signal) => driver.ensureBucket(name, { signal, ...(objectLock ? { objectLock } : {}) }));
      // One that was made before the backend was known to lock never will: another one takes its place.
      if (!objectLock) return name;
      if ((await inTime(async (signal) => driver.hasObjectLock?.(name, { signal }))) !== false) return name;
    } catch (error) {
      if (name === known || toFault(error).code !== 'BucketNameTaken') throw error;
    }
  }
  throw new Fault('BucketNameTaken', 'No free bucket name was found on the storage location.');
}
