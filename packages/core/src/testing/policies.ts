import fc from 'fast-check';
import type { z } from 'zod';
import { isFault } from '../faults/index.ts';
import type { policyDocument } from '../policy/document.ts';
import type { BucketFacts, WriteFacts } from '../policy/expressions/index.ts';
import { type CompiledPolicy, compilePolicy } from '../policy/index.ts';

/** A document as its author may leave members out. */
export type PolicyText = z.input<typeof policyDocument>;
export type PolicySpec = PolicyText['spec'];

const optional = { requiredKeys: [] };

/** One in so many: policies that say all at once admit nothing. */
function rarely<T>(arbitrary: fc.Arbitrary<T>, oneIn: number): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 1, arbitrary }, { weight: oneIn - 1, arbitrary: fc.constant(undefined) });
}

const places = fc.constantFrom('EU', 'EEA', 'UK', 'FI', 'DE', 'FR', 'NL', 'NO', 'CH', 'US', 'GB');
const countries = fc.constantFrom('FI', 'DE', 'FR', 'NL', 'NO', 'GB', 'CH', 'US');

/** Mostly so that something is left: a list that allows is long, one that denies is short. */
function allowDeny<T>(entry: fc.Arbitrary<T>) {
  const allow = fc.uniqueArray(entry, { minLength: 3, maxLength: 8 });
  const deny = fc.uniqueArray(entry, { minLength: 1, maxLength: 2 });
  return fc.record({ allow, deny }, optional);
}

export const layouts = fc.constantFrom(
  { copies: 1 },
  { copies: 2 },
  { copies: 3 },
  { copies: 4 },
  { erasure: '2+1' },
  { erasure: '2+2' },
);
export const acks = fc.constantFrom(
  'copies >= 1',
  'copies >= 2',
  'copies >= 2 && regions >= 2',
  'shards >= 2',
  'copies >= 3 || copies >= 2 && countries >= 2',
  'copies >= 2 && (regions >= 2 || providers >= 2)',
  'copies >= 2 && regions >= 2 && providers >= 2',
  'jurisdictions >= 2',
);
const customClass = fc.record({
  layout: layouts,
  ack: acks,
  spread: fc.option(
    fc.record(
      {
        regions: fc.integer({ min: 1, max: 3 }),
        countries: fc.integer({ min: 1, max: 2 }),
        providers: fc.integer({ min: 1, max: 3 }),
        jurisdictions: fc.integer({ min: 1, max: 2 }),
      },
      optional,
    ),
    { nil: undefined },
  ),
  within: fc.option(
    fc.uniqueArray(
      fc.constantFrom(
        'region' as const,
        'country' as const,
        'provider' as const,
        'jurisdiction' as const,
        'operatorJurisdiction' as const,
      ),
      { minLength: 1, maxLength: 2 },
    ),
    { nil: undefined },
  ),
});

const classes = fc
  .tuple(
    fc.subarray(['StandardClass', 'RegionalClass', 'ColdArchiveClass']),
    fc.array(customClass, { maxLength: 3 }),
    fc.constantFrom('Own', 'Ours'),
  )
  .filter(([named, own]) => named.length + own.length > 0)
  .map(([named, own, name]) => [
    ...named,
    ...own.map(({ layout, ack, spread, within }, index) => ({
      name: `${name}${index}`,
      ...layout,
      ack,
      ...(spread && { spread }),
      ...(within && { within }),
    })),
  ]);

/** About places: at least one asks for each fact of a backend, of the bucket and of the time. */
const PLACE_CONDITIONS = [
  'backend.id != "b1"',
  'backend.type == "memory"',
  'backend.provider in ["p1", "p2", "provider-hel-1", "provider-fra-1", "provider-par-1", "provider-ams-1"]',
  'backend.providerRegion.startsWith("fi") || backend.region != "r4"',
  'backend.region == "r1" || backend.country != "DE"',
  'backend.country == "FI" || backend.country == "DE" || backend.country == "NL"',
  'backend.jurisdiction == "EU"',
  'backend.operatorJurisdiction != "US"',
  'backend.sla == "gold" || backend.weight > 0',
  '"C5" in backend.certificates || backend.provider == "p1"',
  '"objectLock" in backend.capabilities',
  'backend.weight > 1',
  'backend.latencyMs < 50',
  'backend.price.currency == "EUR" && backend.price.storage <= 0.02',
  'backend.price.egress < 0.05 || backend.price.requests < 0.01',
  'backend.weight > 0 && bucket.tenant == "acme"',
  'backend.weight > 0 && bucket.name.startsWith("b")',
  'backend.weight > 0 && bucket.region != "nowhere"',
  'backend.weight > 0 && bucket.encryption == "required"',
  'backend.weight > 0 && bucket.versioning == "off"',
  'backend.weight > 0 && bucket.objectLock',
  'backend.weight > 0 && "EU" in bucket.regionLock',
  'backend.weight > 0 && time.now < timestamp("2027-07-01T00:00:00Z")',
  'backend.weight > 0 && time.date != "2026-11-28"',
  'backend.weight > 0 && time.weekday != "sunday"',
  'backend.weight > 0 && time.hour < 12',
] as const;

const WRITE_CONDITIONS = [
  'request.operation in ["put", "copy"]',
  'request.key.startsWith("logs/")',
  'request.bytes <= 1000',
  'request.class == "StandardClass"',
  'has(request.tags.approved) || request.bytes < 10',
  'bucket.name == "b" && request.operation != "post"',
  'time.hour < 18 && request.operation != "post"',
] as const;

const rules = fc
  .array(
    fc.record({
      condition: fc.constantFrom(...PLACE_CONDITIONS, ...WRITE_CONDITIONS),
      allows: fc.boolean(),
      reason: fc.option(fc.constantFrom('for the contract', 'it is too dear'), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((all) =>
    all.map(({ condition, allows, reason }, index) => ({
      name: `r${index}`,
      [allows ? 'allow' : 'deny']: condition,
      ...(reason === undefined ? {} : { reason }),
    })),
  );

const CAPABILITIES = ['objectLock', 'multipart', 'versioning'] as const;
const FORMATS = ['sgo1', 's3ec-v3', 'age-v1', 'openpgp', 'jwe'] as const;
const RECIPIENTS = ['a', 'b', 'c'].map((c) => `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${c.repeat(43)}`);
const days = fc.integer({ min: 1, max: 9 });
const mode = fc.constantFrom('GOVERNANCE' as const, 'COMPLIANCE' as const);
const weight = fc.constantFrom(0, 0.5, 1, 3);

/** Those of `anyBackends`, and of the clusters of the testkit. */
const PROVIDERS = ['p1', 'p2', 'p3', 'provider-hel-1', 'provider-fra-1', 'provider-ams-1', 'provider-iad-1'];
const BACKENDS = ['b0', 'b1', 'b2', 'b3', 'b4', 'hel-1', 'hel-2', 'fra-1', 'par-1', 'ams-1', 'ams-2', 'iad-1'];

const spec = fc.record(
  {
    classes,
    defaultClass: fc.constantFrom('StandardClass', 'RegionalClass', 'ColdArchiveClass', 'Own0'),
    residency: fc.record({
      regionLock: rarely(fc.uniqueArray(places, { minLength: 1, maxLength: 4 }), 4),
      countries: rarely(allowDeny(countries), 4),
      operatorJurisdiction: rarely(allowDeny(places), 5),
      providers: rarely(allowDeny(fc.constantFrom(...PROVIDERS)), 5),
      backends: rarely(allowDeny(fc.constantFrom(...BACKENDS)), 5),
    }),
    require: fc.record({
      capabilities: rarely(fc.subarray([...CAPABILITIES], { maxLength: 1 }), 4),
      certificates: rarely(fc.subarray(['ISO 27001', 'c5'], { maxLength: 1 }), 4),
    }),
    encryption: fc.record(
      {
        mode: fc.constantFrom('required' as const, 'report' as const, 'off' as const),
        formats: fc.subarray([...FORMATS], { minLength: 1 }),
        keyAlgorithms: fc.subarray(['RSA-OAEP-256' as const, 'ECDH-ES+A256KW' as const], { minLength: 1 }),
        requiredRecipients: fc.subarray(RECIPIENTS, { maxLength: 2 }),
        requireManifest: fc.constant('signed' as const),
      },
      optional,
    ),
    objectLock: fc.record(
      {
        pushDown: fc.boolean(),
        retention: fc.record(
          { minimumDays: days, maximumDays: days, default: fc.record({ mode, days }), mode },
          optional,
        ),
      },
      optional,
    ),
    rules: rarely(rules, 2),
    prefer: fc.record({ price: weight, latency: weight, currency: fc.constantFrom('EUR', 'USD') }, optional),
  },
  optional,
);

/** A policy as its author wrote it, and as gateways read it. */
export interface DrawnPolicy {
  readonly document: PolicyText;
  readonly policy: CompiledPolicy;
}

/**
 * Any policy that can be written down, every member of the language among them; what contradicts itself is left out.
 * `policies.test.ts` holds that no member and no fact of the language is forgotten.
 */
export const anyPolicy: fc.Arbitrary<DrawnPolicy> = fc
  .record({
    name: fc.constantFrom('operator', 'tenant', 'own'),
    description: fc.option(fc.constantFrom('where it lies', ''), { nil: undefined }),
    spec,
  })
  .map(({ name, description, spec: drawn }): DrawnPolicy | undefined => {
    const metadata = { name, ...(description === undefined ? {} : { description }) };
    // As text, so that a member that was not drawn is not there.
    const text = JSON.stringify({ apiVersion: 'sealgate/v1', kind: 'Policy', metadata, spec: drawn });
    const document = JSON.parse(text) as PolicyText;
    try {
      return { document, policy: compiled(document) };
    } catch (error) {
      if (isFault(error, 'PolicyInvalid')) return undefined;
      throw error;
    }
  })
  .filter((drawn) => drawn !== undefined);

/** The same ones every time, for properties that draw many: to compile a policy takes longer than to place by it. */
export function somePolicies(count: number): readonly CompiledPolicy[] {
  return fc.sample(anyPolicy, { numRuns: count, seed: 1 }).map(({ policy }) => policy);
}

/** JSON is YAML. @throws Fault PolicyInvalid */
export function compiled(document: PolicyText): CompiledPolicy {
  return compilePolicy(JSON.stringify(document), { version: 1 });
}

/** Every fact of buckets that rules ask for. */
export const anyBucketFacts: fc.Arbitrary<BucketFacts> = fc.record({
  tenantName: fc.constantFrom('acme', 'other'),
  name: fc.constantFrom('b', 'logs').map((name) => name as BucketFacts['name']),
  region: fc.constantFrom('eu', 'nowhere'),
  encryption: fc.constantFrom('required', 'report', 'off'),
  versioning: fc.constantFrom('off', 'enabled', 'suspended'),
  objectLock: fc.boolean(),
  regionLock: fc.constantFrom([], [], ['EU'], ['EEA'], ['FI', 'DE']),
});

export const anyWrite: fc.Arbitrary<WriteFacts> = fc.record({
  operation: fc.constantFrom('put', 'copy', 'post', 'upload'),
  key: fc.constantFrom('logs/a', 'a'),
  bytes: fc.constantFrom(undefined, 5, 500, 5000),
  redundancyClass: fc.constantFrom('StandardClass', 'Own0'),
  tags: fc.constantFrom(null, {}, { approved: 'yes' }),
});

/** Around the bounds that conditions name. */
export const anyTime: fc.Arbitrary<number> = fc.constantFrom(
  Date.UTC(2026, 10, 28, 9),
  Date.UTC(2026, 10, 29, 13),
  Date.UTC(2027, 6, 1, 20),
);

/**
 * The same document taken apart: each part puts one condition on backends and says nothing else. A backend is admitted by the
 * whole exactly when it is by every part.
 */
export function placeParts({
  metadata,
  spec: { residency = {}, require: required = {}, rules: all = [] },
}: PolicyText) {
  const part = (spec: PolicySpec): PolicyText => ({ apiVersion: 'sealgate/v1', kind: 'Policy', metadata, spec });
  const { regionLock, ...lists } = residency;
  return [
    ...(regionLock === undefined ? [] : [part({ residency: { regionLock } })]),
    ...Object.entries(lists).flatMap(([name, { allow, deny } = {}]) => [
      ...(allow === undefined ? [] : [part({ residency: { [name]: { allow } } })]),
      ...(deny === undefined ? [] : [part({ residency: { [name]: { deny } } })]),
    ]),
    ...(required.capabilities ?? []).map((name) => part({ require: { capabilities: [name] } })),
    ...(required.certificates ?? []).map((name) => part({ require: { certificates: [name] } })),
    ...all.map((rule) => part({ rules: [rule] })),
  ];
}
