import { Fault } from '@sealgate/core/faults';
import { POLICY_BYTES_MAX } from '@sealgate/core/limits';
import type { CompiledPolicy } from '@sealgate/core/policy';
import { substitute } from '@sealgate/core/policy-tools';
import type { Bucket, Tenant } from '@sealgate/core/ports';
import { z } from 'zod';
import { bucketNameField, tenantRefField } from '../models.ts';
import { type ControlServices, requireBucket, requireTenant } from '../services.ts';

/** What the tools of policies have in common: whose layers they judge within, and how they tell verdicts. */
export const documentField = z
  .string()
  .min(1)
  .max(POLICY_BYTES_MAX)
  .meta({ description: 'A policy in YAML; it is not applied.' });
export const ownerFields = {
  tenant: tenantRefField.optional().meta({ description: 'Within the policies of this tenant.' }),
  bucket: bucketNameField.optional().meta({ description: 'Within those of this bucket of the tenant.' }),
};

export const explanationSchema = z.object({
  policy: z.string(),
  layers: z.array(z.string()).meta({ description: 'Policies that hold, the outermost first.' }),
  encryption: z.enum(['required', 'report', 'off']).nullable(),
  backends: z.array(
    z.object({
      backend: z.string(),
      admitted: z.boolean(),
      rule: z.string(),
      reason: z.string(),
      policy: z.string().meta({ description: 'The layer that refuses, or the innermost one.' }),
    }),
  ),
  classes: z.array(
    z.object({
      name: z.string(),
      isDefault: z.boolean(),
      now: z.enum(['placed', 'unavailable', 'illegal']),
      rule: z.string(),
      reason: z.string(),
      storageMultiplier: z.number(),
      lossesAtAck: z.number(),
      lossesWhenComplete: z.number(),
    }),
  ),
});

interface Owner {
  readonly tenant?: string | undefined;
  readonly bucket?: Bucket['name'] | undefined;
}

export type FoundOwner = { readonly tenant: Tenant; readonly bucket: Bucket | undefined } | undefined;

export async function findOwner(services: ControlServices, { tenant, bucket }: Owner): Promise<FoundOwner> {
  if (tenant === undefined) {
    if (bucket !== undefined) throw new Fault('ValidationFailed', 'Name the tenant of the bucket too.');
    return undefined;
  }
  const found = await requireTenant(services, tenant);
  return { tenant: found, bucket: bucket === undefined ? undefined : await requireBucket(services, tenant, bucket) };
}

/** Of nobody in particular: the operator's default alone. */
export async function layersOf({ engine }: ControlServices, found: FoundOwner): Promise<readonly CompiledPolicy[]> {
  if (found === undefined) return await engine.policies.defaultLayers();
  return await engine.policies.layersOf(found.bucket ?? { tenantId: found.tenant.id, policyName: null });
}

export function withCandidate(layers: readonly CompiledPolicy[], candidate: CompiledPolicy): readonly CompiledPolicy[] {
  return substitute(layers, candidate, true) ?? layers;
}

/** Answers are made of lists that may be written. */
export function mutable<T extends object>(value: T): Mutable<T> {
  return value as Mutable<T>;
}

type Mutable<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Mutable<Item>[]
    : { -readonly [K in keyof T]: Mutable<T[K]> };
