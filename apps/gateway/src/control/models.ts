import { isFault } from '@sealgate/core/faults';
import {
  ACCESS_KEY_FORM,
  BACKEND_ID_FORM,
  BUCKET_NAME_FORM,
  parseAccessKeyId,
  parseBackendId,
  parseBucketName,
  parseTenantName,
  TENANT_NAME_FORM,
} from '@sealgate/core/names';
import type { Backend, BackendCapabilities, Bucket, Credential, PolicyRecord, Tenant } from '@sealgate/core/ports';
import type { BackendView } from '@sealgate/runtime/backends';
import { z } from 'zod';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { PARAM_CHARS_MAX } from './limits.ts';

// The nouns of the REST interface, and how domain values become them. Secrets have no member here on purpose.

/** Text that a parser of `core/names` turns into a name, and the form that the description of the interface gives it. */
function named<T extends string>(parse: (text: string) => T, form: RegExp, description: string): z.ZodType<T, string> {
  return z
    .string()
    .max(PARAM_CHARS_MAX)
    .meta({ description, pattern: form.source })
    .transform((text, context) => {
      try {
        return parse(text);
      } catch (error) {
        context.addIssue(isFault(error) ? error.message : 'is not valid');
        return z.NEVER;
      }
    });
}

export const backendIdField = named(parseBackendId, BACKEND_ID_FORM, 'Id of a backend.');
export const bucketNameField = named(parseBucketName, BUCKET_NAME_FORM, 'Name of a logical bucket.');
export const tenantNameField = named(parseTenantName, TENANT_NAME_FORM, 'Name of a tenant.');
export const accessKeyField = named(parseAccessKeyId, ACCESS_KEY_FORM, 'Access key id.');
/** Either, because people know names and programs keep ids. */
export const tenantRefField = z.string().min(1).max(PARAM_CHARS_MAX).meta({ description: 'Name or id of a tenant.' });
export const policyNameField = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'has 1 to 63 small letters, digits, dots or hyphens')
  .meta({ description: 'Name of a policy.' });
export const encryptionField = z.enum(['required', 'report', 'off']);
export const requestRecordsField = z.enum(['off', 'batched', 'synchronous']).nullable();
export const timeField = z.iso.datetime().nullable();
const stateField = z.enum(['healthy', 'degraded', 'unhealthy', 'recovering', 'draining', 'retired']);

export const capabilitiesSchema = z.record(z.string(), z.boolean());

const price = z.number().min(0).max(1_000_000).nullable().default(null);

export const pricesSchema = z.object({
  currency: z.string().regex(/^[A-Z]{3}$/, 'is an ISO 4217 code such as EUR'),
  storagePerGbMonth: price.meta({ description: 'For each GB (10^9 bytes) and month.' }),
  egressPerGb: price.meta({ description: 'For each GB read from it.' }),
  per1000Requests: price.meta({ description: 'For a thousand requests that write.' }),
});

export const backendSchema = z
  .object({
    id: z.string(),
    type: z.enum(['s3', 'filesystem', 'memory']),
    endpoint: z.string(),
    provider: z.string(),
    providerRegion: z.string(),
    region: z.string(),
    country: z.string(),
    jurisdiction: z.string(),
    operatorJurisdiction: z.string(),
    certificates: z.array(z.string()),
    sla: z.string().nullable(),
    weight: z.number(),
    addressing: z.enum(['path', 'virtual']),
    custody: z.enum(['gateway', 'agent', 'client']),
    background: z
      .object({ bytesPerSecond: z.number().nullable(), concurrency: z.number().nullable() })
      .meta({ description: 'What background work of each process keeps to. Null: no bound.' }),
    state: stateField,
    capabilities: capabilitiesSchema,
    probedAt: timeField,
    prices: pricesSchema.nullable().meta({ description: 'As the operator says. A member that is null is not known.' }),
    expectedLatencyMs: z.number().nullable(),
    zone: z.string().nullable().meta({ description: 'The row of the provider catalogue that its facts came from.' }),
    claims: z
      .record(z.string(), z.enum(['yes', 'no', 'unknown']))
      .nullable()
      .meta({ description: 'What the catalogue says of its features. `capabilities`, from the probe, override it.' }),
    differences: z
      .array(z.object({ fact: z.string(), recorded: z.string(), catalogue: z.string() }))
      .meta({ description: 'Legal facts that the catalogue tells otherwise now. The recorded ones hold.' }),
    createdAt: timeField,
    health: z.object({
      usable: z.boolean().meta({ description: 'This gateway holds what it needs to speak to the backend.' }),
      latencyMs: z.number().nullable(),
      availability: z.number().nullable(),
      bytesPerSecond: z.number().nullable(),
      full: z.boolean(),
    }),
  })
  .meta({ description: 'A backend, with its health as this gateway sees it.' });

export function backendModel(
  backend: Backend,
  view: BackendView | undefined,
  catalogue: Catalogue,
): z.input<typeof backendSchema> {
  const { prices = null, expectedLatencyMs = null, zone = null } = backend;
  const entry = zone === null ? undefined : catalogue.zone(zone);
  return {
    ...backend,
    certificates: [...backend.certificates],
    background: {
      bytesPerSecond: backend.background?.bytesPerSecond ?? null,
      concurrency: backend.background?.concurrency ?? null,
    },
    state: view?.backend.state ?? backend.state,
    capabilities: capabilityModel(backend.capabilities),
    probedAt: isoTime(backend.probedAtMs),
    prices,
    expectedLatencyMs,
    zone,
    claims: entry === undefined ? null : { ...entry.capabilities },
    differences: [...catalogue.differences(backend)],
    createdAt: isoTime(backend.createdAtMs),
    health: {
      usable: view?.hasDriver ?? false,
      latencyMs: view?.latencyMs ?? null,
      availability: view?.availability ?? null,
      bytesPerSecond: view?.bytesPerSecond ?? null,
      full: view?.full ?? false,
    },
  };
}

export function capabilityModel(capabilities: BackendCapabilities): Record<string, boolean> {
  return Object.fromEntries(Object.entries(capabilities).filter(([, value]) => value !== undefined));
}

/** As they are; `.partial()` where they are asked for. */
export const tenantSettingsSchema = z.object({
  objectOwnership: z.enum(['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']).meta({
    description: 'Ownership of new buckets that ask for none. Access control lists need another one than the first.',
  }),
  legacySignatures: z.boolean().meta({ description: 'Signature Version 2 is accepted.' }),
  blockPublicAccess: z
    .boolean()
    .meta({ description: 'New buckets block public access. Unless given: when ownership is BucketOwnerEnforced.' }),
});

const quotaField = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).nullable();
export const tenantQuotasSchema = z.object({
  bytes: quotaField.meta({
    description: 'Of all versions and of parts under way; copies do not count. Null: no bound.',
  }),
  objects: quotaField.meta({ description: 'Versions; delete markers do not count.' }),
  requestsPerSecond: z
    .number()
    .int()
    .positive()
    .max(1_000_000)
    .nullable()
    .meta({ description: 'Of each process that serves S3.' }),
});

export const tenantSchema = z.object({
  id: z.string(),
  name: z.string(),
  ownerId: z.string(),
  displayName: z.string(),
  email: z.string().nullable(),
  namespace: z.string(),
  state: z.enum(['active', 'suspended', 'deleting', 'deleted']),
  defaultEncryption: encryptionField,
  policy: z.string().nullable(),
  settings: tenantSettingsSchema,
  quotas: tenantQuotasSchema,
  requestRecords: requestRecordsField.meta({ description: 'Null: as the gateway’s setting says.' }),
  createdAt: timeField,
});

export function tenantModel(tenant: Tenant): z.input<typeof tenantSchema> {
  return {
    ...tenant,
    policy: tenant.policyName,
    requestRecords: tenant.requestRecords ?? null,
    createdAt: isoTime(tenant.createdAtMs),
  };
}

export const credentialSchema = z.object({
  accessKeyId: z.string(),
  tenant: z.string(),
  kind: z.enum(['static', 'session']),
  state: z.enum(['active', 'disabled']),
  bounded: z.boolean().meta({ description: 'A policy bounds what it may do.' }),
  description: z.string().nullable(),
  expiresAt: timeField,
  createdAt: timeField,
  lastUsedAt: timeField.meta({ description: 'For S3, by the hour; null: never since this is noted.' }),
});

export function credentialModel(credential: Omit<Credential, 'secretAccessKey'>): z.input<typeof credentialSchema> {
  const { accessKeyId, tenant, kind, state, policy, sessionPolicy, description } = credential;
  return {
    accessKeyId,
    tenant: tenant.name,
    kind,
    state,
    bounded: policy !== null || sessionPolicy !== null,
    description,
    expiresAt: isoTime(credential.expiresAtMs),
    createdAt: isoTime(credential.createdAtMs),
    lastUsedAt: isoTime(credential.lastUsedAtMs ?? null),
  };
}

/** A key pair as it is shown exactly once. */
export const keyPairSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() });

export const bucketSchema = z.object({
  tenant: z.string(),
  name: z.string(),
  namespace: z.string(),
  region: z.string(),
  encryption: encryptionField,
  versioning: z.enum(['off', 'enabled', 'suspended']),
  objectLock: z.boolean(),
  policy: z.string().nullable(),
  regionLock: z.array(z.string()),
  defaultClass: z.string().nullable(),
  requestRecords: requestRecordsField.meta({
    description: 'The stricter of this and what its tenant has holds. Null: that of the tenant.',
  }),
  createdAt: timeField,
});

export function bucketModel(bucket: Bucket): z.input<typeof bucketSchema> {
  return {
    ...bucket,
    tenant: bucket.tenantName,
    policy: bucket.policyName,
    regionLock: [...bucket.regionLock],
    requestRecords: bucket.requestRecords ?? null,
    createdAt: isoTime(bucket.createdAtMs),
  };
}

export const policySchema = z.object({
  name: z.string(),
  version: z.number(),
  document: z.string().meta({ description: 'YAML, as it was applied.' }),
  createdAt: timeField,
});

export function policyModel(record: PolicyRecord): z.input<typeof policySchema> {
  return { ...record, createdAt: isoTime(record.createdAtMs) };
}

export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
