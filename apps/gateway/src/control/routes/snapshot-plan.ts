import { setImmediate } from 'node:timers/promises';
import { SOURCE_BUCKET_CHARS_MAX } from '@sealgate/core/discovery';
import { Fault } from '@sealgate/core/faults';
import { type CallerRole, reachOf } from '@sealgate/core/federation';
import { type CompiledPolicy, compilePolicy } from '@sealgate/core/policy';
import { type PlannedClass, planPolicies } from '@sealgate/core/policy-tools';
import type { Snapshot } from '@sealgate/core/ports';
import { z } from 'zod';
import { PARAM_CHARS_MAX } from '../limits.ts';
import { policyNameField } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';
import { withCandidate } from './policy-owner.ts';
import { requireSnapshot } from './snapshots.ts';

const LOOK: readonly CallerRole[] = ['operator', 'viewer', 'tenant'];
/** Who may know what backends cost, and policies that are not the tenant's. */
const LOOK_AT_GATEWAY: readonly CallerRole[] = ['operator', 'viewer'];
const TB = 1e12;

const costSchema = z.object({ currency: z.string(), storagePerMonth: z.number(), readOnce: z.number() });

const planSchema = z
  .object({
    layers: z.array(z.string()).meta({ description: 'Policies that hold, the outermost first.' }),
    class: z.string(),
    now: z
      .enum(['placed', 'unavailable', 'illegal'])
      .meta({ description: 'Whether a new object of the class finds its backends.' }),
    rule: z.string(),
    reason: z.string(),
    storageMultiplier: z.number(),
    lossesWhenComplete: z.number().meta({ description: 'Backends that may be lost once all copies are there.' }),
    partial: z.boolean().meta({ description: 'The look was cut short: there is more than these sums say.' }),
    objects: z.number(),
    bytes: z.number().meta({ description: 'Also what leaves the source once.' }),
    storedBytes: z.number(),
    costs: z.array(costSchema).nullable().meta({
      description: 'By the prices that the operator recorded; null: not for tenants, or the class has no place.',
    }),
    unpricedBytes: z.number().nullable().meta({ description: 'Of the stored bytes, those whose price nobody knows.' }),
    buckets: z.array(
      z.object({
        name: z.string(),
        objects: z.number(),
        bytes: z.number(),
        storedBytes: z.number(),
        truncated: z.boolean(),
      }),
    ),
  })
  .meta({ description: 'What it would mean to bring in what a snapshot saw.' });

export function snapshotPlanRoute(services: ControlServices): Route {
  return route({
    method: 'GET',
    path: '/snapshots/:snapshot/plan',
    operationId: 'planSnapshot',
    tag: 'snapshots',
    summary: 'What it would mean to bring in what a snapshot saw',
    description:
      "Within the policies of the snapshot's tenant, on the backends that are there, placed as real writes are. Nothing is asked of any backend, and nothing is changed.",
    access: { roles: LOOK, tenant: 'any' },
    status: 200,
    params: z.object({ snapshot: z.string().max(64).meta({ description: 'Id of a snapshot.' }) }),
    query: z.object({
      bucket: z.string().max(SOURCE_BUCKET_CHARS_MAX).optional().meta({ description: 'Absent: all of its buckets.' }),
      policy: policyNameField.optional().meta({
        description: 'As if it were attached to the bucket; for operators and viewers of the gateway.',
      }),
      class: z.string().max(PARAM_CHARS_MAX).optional().meta({ description: 'Absent: the default class.' }),
    }),
    response: planSchema,
    async handle({ params, query }, context) {
      const snapshot = await requireSnapshot(services, params.snapshot, context, LOOK);
      const atGateway = reachOf(LOOK_AT_GATEWAY, context.caller?.grants ?? []) === 'all';
      if (query.policy !== undefined && !atGateway)
        throw new Fault('AccessDenied', 'Only operators and viewers of the gateway may name a policy.');
      const buckets = await bucketsOf(services, snapshot, query.bucket);
      const layers = await withinPolicies(services, snapshot, query.policy);
      const planned = await plannedClass(services, layers, query.class);
      const bytes = sum(buckets, 'bytes');
      const { storageMultiplier } = planned;
      return {
        layers: layers.map(({ name }) => name),
        class: planned.name,
        ...{ now: planned.now, rule: planned.rule, reason: planned.reason },
        ...{ storageMultiplier, lossesWhenComplete: planned.lossesWhenComplete },
        partial: buckets.some(({ truncated }) => truncated) || snapshot.summary.truncated.buckets,
        objects: sum(buckets, 'objects'),
        bytes,
        storedBytes: stored(bytes, planned),
        ...(atGateway ? costsOf(bytes, planned) : { costs: null, unpricedBytes: null }),
        buckets: buckets.map(({ name, objects, truncated, ...bucket }) => ({
          ...{ name, objects, truncated, bytes: bucket.bytes },
          storedBytes: stored(bucket.bytes, planned),
        })),
      };
    },
  });
}

async function bucketsOf({ metadata }: ControlServices, { id }: Snapshot, name: string | undefined) {
  const all = await metadata.snapshotBuckets(id);
  const wanted = name === undefined ? all : all.filter((bucket) => bucket.name === name);
  if (name !== undefined && wanted.length === 0) throw new Fault('NotFound', 'The snapshot has no such bucket.');
  return wanted;
}

/** @throws Fault ValidationFailed when there is no such policy */
async function withinPolicies(
  services: ControlServices,
  { tenantId }: Snapshot,
  name: string | undefined,
): Promise<readonly CompiledPolicy[]> {
  const layers = await services.engine.policies.layersOf({ tenantId, policyName: null });
  if (name === undefined) return layers;
  const record = await services.metadata.policy(name);
  if (record === undefined) throw new Fault('ValidationFailed', `There is no policy "${name}".`);
  return withCandidate(layers, compilePolicy(record.document, record));
}

/** @throws Fault ValidationFailed when the policies do not offer the class */
async function plannedClass(
  { metadata, clock }: ControlServices,
  layers: readonly CompiledPolicy[],
  name: string | undefined,
): Promise<PlannedClass> {
  const backends = (await metadata.listBackends()).filter(({ state }) => state !== 'draining' && state !== 'retired');
  const { classes } = await planPolicies({ layers, backends, volumes: [], atMs: clock.now(), pause: setImmediate });
  const found = classes.find((each) => (name === undefined ? each.isDefault : each.name === name));
  if (found !== undefined) return found;
  throw new Fault('ValidationFailed', `The policies offer ${classes.map((each) => each.name).join(', ')}.`);
}

function sum(
  buckets: readonly { readonly objects: number; readonly bytes: number }[],
  of: 'objects' | 'bytes',
): number {
  return buckets.reduce((all, bucket) => all + bucket[of], 0);
}

function stored(bytes: number, { storageMultiplier }: PlannedClass): number {
  return Math.round(bytes * storageMultiplier);
}

/** In proportion: prices are for each byte. */
function costsOf(bytes: number, { perTb }: PlannedClass): Pick<z.input<typeof planSchema>, 'costs' | 'unpricedBytes'> {
  if (perTb === null) return { costs: null, unpricedBytes: null };
  const part = bytes / TB;
  const costs = perTb.costs.map(({ currency, storage, egress }) => ({
    ...{ currency, storagePerMonth: storage * part, readOnce: egress * part },
  }));
  return { costs, unpricedBytes: Math.round(perTb.unpricedStoredBytes * part) };
}
