import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { certificateKey } from '../../places/certificates.ts';
import { labelOf } from '../../places/labels.ts';
import type { Backend, Bucket } from '../../ports/index.ts';

/** What a value of an expression is. `tags` maps text to text. */
export type FactType = 'bool' | 'int' | 'double' | 'string' | 'timestamp' | 'strings' | 'tags' | 'group';

/** Every fact that an expression may ask for, by its path. A group holds the facts below it and is no value itself. */
export const factTypes: ReadonlyMap<string, FactType> = new Map(
  Object.entries<FactType>({
    backend: 'group',
    'backend.id': 'string',
    'backend.type': 'string',
    'backend.provider': 'string',
    'backend.providerRegion': 'string',
    'backend.region': 'string',
    'backend.country': 'string',
    'backend.jurisdiction': 'string',
    'backend.operatorJurisdiction': 'string',
    'backend.sla': 'string',
    'backend.certificates': 'strings',
    'backend.capabilities': 'strings',
    'backend.weight': 'double',
    'backend.latencyMs': 'double',
    'backend.price': 'group',
    'backend.price.currency': 'string',
    'backend.price.storage': 'double',
    'backend.price.egress': 'double',
    'backend.price.requests': 'double',
    bucket: 'group',
    'bucket.tenant': 'string',
    'bucket.name': 'string',
    'bucket.region': 'string',
    'bucket.encryption': 'string',
    'bucket.versioning': 'string',
    'bucket.objectLock': 'bool',
    'bucket.regionLock': 'strings',
    request: 'group',
    'request.operation': 'string',
    'request.key': 'string',
    'request.bytes': 'int',
    'request.class': 'string',
    'request.tags': 'tags',
    time: 'group',
    'time.now': 'timestamp',
    'time.date': 'string',
    'time.weekday': 'string',
    'time.hour': 'int',
  }),
);

/** The subjects that facts are about. */
export type Subject = 'backend' | 'bucket' | 'request' | 'time';

/** What an expression may know of a bucket. */
export type BucketFacts = Pick<
  Bucket,
  'tenantName' | 'name' | 'region' | 'encryption' | 'versioning' | 'objectLock' | 'regionLock'
>;

/** What an expression may know of a write. */
export interface WriteFacts {
  /** `post`: a form of a browser. `upload`: of several parts. */
  readonly operation: 'put' | 'copy' | 'post' | 'upload';
  readonly key: string;
  /** As the client sends them; undefined while an upload's parts are still to come. */
  readonly bytes: number | undefined;
  /** Name of the redundancy class that was chosen. */
  readonly redundancyClass: string;
  readonly tags: Readonly<Record<string, string>> | null;
}

/** A member that is not there is not known: to ask for it is an error of the evaluation, which no rule survives. */
type Known = Readonly<Record<string, unknown>>;

const backends = new WeakMap<Backend, Known>();

/** A `Backend` is a value, so its facts are made once. */
export function backendFacts(backend: Backend): Known {
  const made = backends.get(backend);
  if (made !== undefined) return made;
  const { prices, capabilities } = backend;
  const found = Object.entries(capabilities).filter(([, has]) => has === true);
  const facts = known({
    id: backend.id,
    type: backend.type,
    provider: labelOf(backend, 'provider'),
    providerRegion: text(backend.providerRegion),
    region: labelOf(backend, 'region'),
    country: labelOf(backend, 'country'),
    jurisdiction: labelOf(backend, 'jurisdiction'),
    operatorJurisdiction: labelOf(backend, 'operatorJurisdiction'),
    sla: text(backend.sla ?? ''),
    certificates: [...new Set(backend.certificates.flatMap((name) => [name, certificateKey(name)]))],
    // Never probed is not the same as able to do nothing.
    capabilities: Object.keys(capabilities).length === 0 ? undefined : found.map(([name]) => name),
    weight: backend.weight,
    latencyMs: backend.expectedLatencyMs ?? undefined,
    price: known({
      currency: prices?.currency,
      storage: prices?.storagePerGbMonth ?? undefined,
      egress: prices?.egressPerGb ?? undefined,
      requests: prices?.per1000Requests ?? undefined,
    }),
  });
  backends.set(backend, facts);
  return facts;
}

export function bucketFacts(bucket: BucketFacts): Known {
  const { tenantName, name, region, encryption, versioning, objectLock, regionLock } = bucket;
  return { tenant: tenantName, name, region, encryption, versioning, objectLock, regionLock };
}

export function requestFacts(write: WriteFacts): Known {
  return known({
    operation: write.operation,
    key: write.key,
    bytes: write.bytes === undefined ? undefined : BigInt(write.bytes),
    class: write.redundancyClass,
    // A map, so that a tag of any name is a tag and nothing that objects have by nature.
    tags: new Map(Object.entries(write.tags ?? {})),
  });
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** In UTC, whatever the gateway's own zone. */
export function timeFacts(atMs: number): Known {
  const at = new Date(atMs);
  return {
    now: timestampFromMs(atMs),
    date: at.toISOString().slice(0, 10),
    weekday: WEEKDAYS[at.getUTCDay()],
    hour: BigInt(at.getUTCHours()),
  };
}

function text(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function known(facts: Readonly<Record<string, unknown>>): Known {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
