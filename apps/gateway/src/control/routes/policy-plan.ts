import { setImmediate } from 'node:timers/promises';
import { Fault } from '@sealgate/core/faults';
import { POLICY_BYTES_MAX } from '@sealgate/core/limits';
import { compilePolicy } from '@sealgate/core/policy';
import {
  catalogueBackends,
  describedBackends,
  parseBackendPlan,
  planPolicies,
  riskLabels,
} from '@sealgate/core/policy-tools';
import { z } from 'zod';
import { lookAtGateway } from '../access.ts';
import { PARAM_CHARS_MAX } from '../limits.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';
import {
  documentField,
  explanationSchema,
  findOwner,
  layersOf,
  mutable,
  ownerFields,
  withCandidate,
} from './policy-owner.ts';

const LAYERS_MAX = 3;
const PROVIDERS_MAX = 100;
const code = z.string().regex(/^[A-Za-z]{2,3}$/, 'is a jurisdiction (EU, EEA, UK) or a country code');

const costsSchema = z
  .object({
    costs: z.array(z.object({ currency: z.string(), storage: z.number(), egress: z.number() })),
    unpricedStoredBytes: z.number(),
    unpricedReadBytes: z.number(),
  })
  .meta({ description: 'Of a month. What nobody priced is told as bytes.' });

const planSchema = z.object({
  explanation: explanationSchema,
  verdicts: z
    .array(z.object({ admitted: z.boolean(), rule: z.string(), policy: z.string(), backends: z.number() }))
    .meta({ description: 'How many backends each rule admits or refuses.' }),
  classes: z.array(
    z.object({
      ...explanationSchema.shape.classes.element.shape,
      perTb: costsSchema.nullable().meta({ description: 'Of storing 1 TB of objects, and of reading it once.' }),
      worst: z
        .array(
          z.object({
            label: z.enum(riskLabels),
            values: z.array(z.string()),
            unknown: z.number().meta({ description: 'Backends of it whose value nobody knows.' }),
            backends: z.array(z.string()),
          }),
        )
        .meta({ description: 'For each label the legal placement with the fewest different values.' }),
    }),
  ),
  volumes: z.array(
    z.object({
      name: z.string(),
      class: z.string(),
      bytes: z.number(),
      readBytesPerMonth: z.number(),
      now: z.enum(['placed', 'unavailable', 'illegal']),
      rule: z.string(),
      reason: z.string(),
      stored: z.array(z.object({ backend: z.string(), bytes: z.number() })),
      costs: costsSchema,
    }),
  ),
  costs: costsSchema,
});

export function policyPlanRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/admin/policies/plan',
    operationId: 'planPolicy',
    tag: 'policies',
    summary: 'What policies would mean for backends that are not there: zones of the catalogue, or a plan',
    description:
      'Judges and places as real writes are, asks no backend and changes nothing. With a tenant or bucket: within the policies that hold there.',
    access: lookAtGateway,
    status: 200,
    body: z.object({
      documents: z.array(documentField).max(LAYERS_MAX).default([]).meta({ description: 'The outermost first.' }),
      ...ownerFields,
      plan: z.string().min(1).max(POLICY_BYTES_MAX).optional().meta({
        description: 'A BackendPlan in YAML, see docs/spec/policy.md; without it: the zones of the catalogue.',
      }),
      providers: z.array(z.string().max(PARAM_CHARS_MAX)).min(1).max(PROVIDERS_MAX).optional(),
      jurisdiction: code.optional().meta({ description: 'That the zones certainly lie in.' }),
      country: code.optional(),
    }),
    response: planSchema,
    async handle({ body }) {
      const { documents, plan, providers, jurisdiction, country } = body;
      const found = await findOwner(services, body);
      const candidates = documents.map((document) => compilePolicy(document, { version: 0 }));
      const layers = candidates.reduce(withCandidate, found === undefined ? [] : await layersOf(services, found));
      if (layers.length === 0) throw new Fault('ValidationFailed', 'Send documents, or name a tenant.');
      const { entries } = services.catalogue;
      const filter = { providers, jurisdiction, country };
      if (plan !== undefined && Object.values(filter).some((value) => value !== undefined))
        throw new Fault('ValidationFailed', 'A plan names its own backends: zones cannot be chosen beside it.');
      const described = plan === undefined ? undefined : parseBackendPlan(plan);
      const planned = await planPolicies({
        layers,
        backends:
          described === undefined
            ? catalogueBackends(entries, filter)
            : describedBackends(described.backends, entries, 'policy.plan'),
        volumes: described?.volumes ?? [],
        bucket: found?.bucket,
        atMs: services.clock.now(),
        pause: setImmediate,
      });
      const explanation = { ...planned.explanation, layers: layers.map(({ name }) => name) };
      return mutable({ ...planned, explanation });
    },
  });
}
