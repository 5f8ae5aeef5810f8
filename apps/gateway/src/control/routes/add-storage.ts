import { isAbsolute, relative, resolve } from 'node:path';
import { backendFacts } from '@sealgate/core/catalogue';
import { Fault, isFault } from '@sealgate/core/faults';
import { bindPolicy, type CompiledPolicy, narrow } from '@sealgate/core/policy';
import type { Backend, NewBackend, Tenant } from '@sealgate/core/ports';
import { z } from 'zod';
import type { Examination } from '../../backends/prober.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { namedZone } from '../../catalogue/named-zone.ts';
import { PAGE_ITEMS_MAX, PROBE_TIMEOUT_MS } from '../limits.ts';
import {
  backendIdField,
  backendModel,
  backendSchema,
  capabilitiesSchema,
  capabilityModel,
  pricesSchema,
} from '../models.ts';
import { type CallContext, type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

/** Tenants that one answer tells of; with more the operator asks `policy explain`. */
const TENANTS_TOLD_MAX = PAGE_ITEMS_MAX;

const label = z.string().min(1).max(63);
const country = z.string().regex(/^[A-Z]{2}$/, 'is an ISO 3166-1 alpha-2 code, EU or XX, in capitals');
const legalPlace = z.string().regex(/^([A-Z]{2,5}|unknown)$/, 'is EU, EEA, a country code in capitals, or unknown');

const newStorage = z.object({
  id: backendIdField,
  type: z.enum(['s3', 'filesystem']).default('s3'),
  zone: label.optional().meta({
    description:
      'A zone of the provider catalogue (GET /providers): it fills in whatever of its facts is not given here.',
  }),
  endpoint: z.string().min(1).max(2048).optional().meta({
    description: 'https://host[:port], or a folder of this machine. Needed where the catalogue has a template.',
  }),
  credentials: z
    .object({ accessKeyId: z.string().min(1).max(256), secretAccessKey: z.string().min(1).max(1024) })
    .nullable()
    .default(null)
    .meta({ description: 'Write-only. Sealed before it reaches the database.' }),
  custody: z.enum(['gateway', 'agent', 'client']).default('gateway'),
  agentId: z
    .string()
    .max(63)
    .nullable()
    .default(null)
    .meta({ description: 'Custody "agent": which one, when it is known.' }),
  provider: label.optional(),
  providerRegion: label
    .optional()
    .meta({ description: 'What requests to the backend are signed for; us-east-1 unless known otherwise.' }),
  region: label.optional().meta({ description: 'Your name of the place; spread rules count it.' }),
  country: country.optional(),
  jurisdiction: legalPlace.optional(),
  operatorJurisdiction: legalPlace.optional(),
  certificates: z.array(label).max(32).optional(),
  sla: z.string().max(256).nullable().default(null),
  weight: z.number().int().min(0).max(10_000).default(100),
  addressing: z.enum(['path', 'virtual']).optional(),
  prices: pricesSchema.nullable().default(null),
  expectedLatencyMs: z.number().min(0).max(600_000).nullable().default(null),
  probe: z.boolean().default(true).meta({ description: 'Find the capabilities by trying them.' }),
  force: z.boolean().default(false).meta({ description: 'Register it although it does not answer now.' }),
});
type NewStorage = z.output<typeof newStorage>;

/** What may be corrected later; what a backend speaks and where its bytes are stays. */
export const backendFactsSchema = z.strictObject({
  provider: label.optional(),
  region: label.optional(),
  country: country.optional(),
  jurisdiction: legalPlace.optional(),
  operatorJurisdiction: legalPlace.optional(),
  certificates: z.array(label).max(32).optional(),
  sla: z.string().max(256).nullable().optional(),
  weight: z.number().int().min(0).max(10_000).optional(),
});

export const healthSchema = z.object({ ok: z.boolean(), latencyMs: z.number() });
export const probeSchema = z.object({
  at: z.iso.datetime(),
  capabilities: capabilitiesSchema,
  notes: z.record(z.string(), z.string()).meta({ description: 'What could not be settled, or was found odd.' }),
});
const admissionSchema = z.object({
  tenant: z.string(),
  policy: z.string(),
  admitted: z.boolean(),
  rule: z.string(),
  reason: z.string().optional(),
});

type FilledStorage = Omit<NewBackend, 'endpoint'> & Pick<NewStorage, 'type' | 'probe' | 'force'> & { endpoint: string };

/**
 * What the operator says, the rest as the catalogue has it.
 * @throws Fault ValidationFailed when neither says it
 */
function filledFromCatalogue(catalogue: Catalogue, wanted: NewStorage): FilledStorage {
  const entry = namedZone(catalogue, wanted);
  const known = entry === undefined ? {} : backendFacts(entry);
  const template = entry !== undefined && entry.endpointParameters.length > 0;
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const filled = {
    providerRegion: 'us-east-1',
    operatorJurisdiction: 'unknown',
    certificates: [],
    addressing: 'path',
    ...known,
    ...(entry === undefined ? {} : { region: entry.providerRegion, ...(template ? {} : { endpoint: entry.endpoint }) }),
    ...given,
    zone: entry?.zone ?? null,
  } as Partial<FilledStorage>;
  const missing = (['endpoint', 'provider', 'region', 'country', 'jurisdiction'] as const).filter(
    (name) => !filled[name],
  );
  if (missing.length === 0) return filled as FilledStorage;
  const hint = template
    ? ` The catalogue's endpoint is ${entry.endpoint}: fill in ${entry.endpointParameters.join(', ')}.`
    : '';
  throw new Fault('ValidationFailed', `Say ${missing.join(', ')}, or name a zone of the provider catalogue.${hint}`);
}

export function addStorageRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/admin/add-storage',
    operationId: 'addStorage',
    tag: 'backends',
    summary: 'Register a backend',
    description:
      'Checks the endpoint, asks whether the backend answers, tries what it can do, and tells which tenants may use it now. One that does not answer is not registered unless forced.',
    access: 'admin',
    status: 201,
    body: newStorage,
    response: z.object({
      backend: backendSchema,
      health: healthSchema.nullable().meta({ description: 'Null when its credentials are not with this gateway.' }),
      probe: probeSchema.nullable(),
      admittedBy: z.array(admissionSchema),
    }),
    handle: ({ body }, context) => addStorage(services, body, context),
  });
}

async function addStorage(services: ControlServices, wanted: NewStorage, context: CallContext) {
  const { metadata, registry, clock } = services;
  const { probe, force, ...facts } = filledFromCatalogue(services.catalogue, wanted);
  const backend: NewBackend = { ...facts, endpoint: await checkedEndpoint(services, facts) };
  if ((await metadata.listBackends()).some(({ id }) => id === backend.id)) {
    throw new Fault('Conflict', `There is a backend "${backend.id}" already.`);
  }
  const seen = await examine(services, backend, { probe, force, signal: context.signal });
  let created = await metadata.createBackend(backend, context.actor);
  const atMs = clock.now();
  if (seen?.report !== undefined) {
    await metadata.recordProbe(created.id, seen.report.capabilities, atMs, context.actor);
    created = { ...created, capabilities: seen.report.capabilities, probedAtMs: atMs };
  }
  await registry.refresh();
  return {
    backend: backendModel(created, registry.view(created.id), services.catalogue),
    health: seen?.health ?? null,
    probe: probeModel(seen, atMs),
    admittedBy: await admissions(services, created),
  };
}

export function probeModel(seen: Examination | undefined, atMs: number): z.input<typeof probeSchema> | null {
  if (seen?.report === undefined) return null;
  const { capabilities, notes } = seen.report;
  return {
    at: new Date(atMs).toISOString(),
    capabilities: capabilityModel(capabilities),
    notes: Object.fromEntries(Object.entries(notes)),
  };
}

/** @throws Fault EndpointRefused, ValidationFailed */
async function checkedEndpoint(
  services: ControlServices,
  wanted: Pick<FilledStorage, 'type' | 'endpoint' | 'custody' | 'credentials' | 'agentId'>,
): Promise<string> {
  await checkAgent(services, wanted);
  // A folder of another machine: the agent says which it is.
  if (wanted.type === 'filesystem' && wanted.custody === 'agent') return wanted.endpoint;
  if (wanted.type === 'filesystem') return checkedFolder(wanted.endpoint, services.filesystemRoots);
  if (wanted.custody === 'gateway' && wanted.credentials === null) {
    throw new Fault('ValidationFailed', 'A backend in the custody of the gateway needs "credentials".');
  }
  if (wanted.custody !== 'gateway' && wanted.credentials !== null) {
    throw new Fault('ValidationFailed', `Custody "${wanted.custody}" means that the gateway never sees credentials.`);
  }
  await services.guard.check(wanted.endpoint);
  return new URL(wanted.endpoint).origin;
}

/** @throws Fault ValidationFailed */
async function checkAgent(
  { metadata }: ControlServices,
  { custody, agentId = null }: Pick<FilledStorage, 'custody' | 'agentId'>,
): Promise<void> {
  if (agentId === null) return;
  if (custody !== 'agent') throw new Fault('ValidationFailed', 'Only custody "agent" has an "agentId".');
  if ((await metadata.agent(agentId)) === undefined) {
    throw new Fault('ValidationFailed', `There is no agent "${agentId}".`);
  }
}

function checkedFolder(folder: string, roots: readonly string[]): string {
  const path = resolve(folder);
  const inside = (root: string): boolean => {
    const way = relative(root, path);
    return way !== '' && !way.startsWith('..') && !isAbsolute(way);
  };
  if (isAbsolute(folder) && roots.some(inside)) return path;
  throw new Fault(
    'EndpointRefused',
    `The folder of a filesystem backend is an absolute path below ${roots.join(' or ')} (SEALGATE_FILESYSTEM_ROOTS).`,
    { rule: 'endpoint.folder' },
  );
}

/** Undefined when there is nothing here to look with, or when the operator insists in spite of what was seen. */
async function examine(
  services: ControlServices,
  backend: NewBackend,
  options: { readonly probe: boolean; readonly force: boolean; readonly signal: AbortSignal },
): Promise<Examination | undefined> {
  if (backend.custody !== 'gateway') return undefined;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
  const unprobed = { ...backend, capabilities: {} };
  try {
    const seen = await services.prober.examine(unprobed, { signal, probe: options.probe });
    if (seen.health.ok || options.force) return seen;
  } catch (error) {
    if (!options.force) throw error;
    return undefined;
  }
  throw new Fault(
    'BackendUnreachable',
    `The backend "${backend.id}" does not answer, or refuses its credentials. Nothing was registered; "force": true would.`,
  );
}

/** What each active tenant's policy says to the new backend. */
async function admissions(services: ControlServices, backend: Backend): Promise<z.input<typeof admissionSchema>[]> {
  const { items } = await services.metadata.listTenants(null, TENANTS_TOLD_MAX);
  const active = items.filter(({ state }) => state === 'active');
  return Promise.all(active.map((tenant) => admission(services, tenant, backend)));
}

async function admission(
  services: ControlServices,
  tenant: Tenant,
  backend: Backend,
): Promise<z.input<typeof admissionSchema>> {
  const policy = await policyOf(services, tenant);
  if (policy === undefined) {
    const reason = 'the policy does not exist';
    return { tenant: tenant.name, policy: tenant.policyName ?? '', admitted: false, rule: 'policy.exists', reason };
  }
  const verdict = policy.admits(backend, { regionLock: [] });
  const reason = verdict.ok ? {} : { reason: verdict.reason };
  return { tenant: tenant.name, policy: policy.name, admitted: verdict.ok, rule: verdict.rule, ...reason };
}

async function policyOf({ engine, clock }: ControlServices, tenant: Tenant): Promise<CompiledPolicy | undefined> {
  try {
    const layers = await engine.policies.layersOf({ tenantId: tenant.id, policyName: null });
    return bindPolicy(layers.reduce(narrow), { atMs: clock.now() });
  } catch (error) {
    if (!isFault(error, 'PolicyRefused')) throw error;
    return undefined;
  }
}
