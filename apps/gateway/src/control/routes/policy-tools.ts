import { setImmediate } from 'node:timers/promises';
import { Fault } from '@sealgate/core/faults';
import { POLICY_BYTES_MAX } from '@sealgate/core/limits';
import { parseBlobId } from '@sealgate/core/names';
import { type CompiledPolicy, compilePolicy } from '@sealgate/core/policy';
import {
  costsOf,
  diffDocuments,
  diffEffects,
  explainPolicies,
  type PolicyExplanation,
  parsePolicyTests,
  policyTestResults,
} from '@sealgate/core/policy-tools';
import type { Bucket } from '@sealgate/core/ports';
import { z } from 'zod';
import { lookAtGateway } from '../access.ts';
import { decodeCursor, encodeCursor } from '../paging.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';
import {
  documentField,
  explanationSchema,
  type FoundOwner,
  findOwner,
  layersOf,
  mutable,
  ownerFields,
  withCandidate,
} from './policy-owner.ts';

/** Blobs that one call of a simulation looks at: a second or so. */
const SIMULATED_BLOBS_MAX = 20_000;
const SIMULATED_BLOBS = 5000;

const diffSchema = z.object({
  policy: z.string(),
  version: z.number().nullable().meta({ description: 'The version that it is compared with; null: there is none.' }),
  changes: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
  effects: z.array(
    z.object({ kind: z.enum(['backend', 'class']), name: z.string(), before: z.string(), after: z.string() }),
  ),
});

const count = { blobs: z.number(), bytes: z.number() };
const tallySchema = z.object({
  others: z.number().meta({ description: 'Blobs of other policies, which nothing happens to.' }),
  right: z.object(count),
  changed: z.object(count),
  blocked: z.array(z.object({ ...count, cause: z.enum(['illegal', 'unavailable']), rule: z.string() })),
  moves: z.array(z.object({ from: z.string(), to: z.string(), replicas: z.number(), bytes: z.number() })),
  leaving: z.array(z.object({ ...count, backend: z.string(), rule: z.string() })),
  stored: z.array(z.object({ backend: z.string(), before: z.number(), after: z.number() })),
});
const simulationSchema = z.object({
  tally: tallySchema.meta({ description: 'Of this page; pages add up.' }),
  costs: z.object({
    costs: z.array(
      z.object({
        currency: z.string(),
        egress: z.number(),
        storagePerMonthBefore: z.number(),
        storagePerMonthAfter: z.number(),
      }),
    ),
    unpricedEgressBytes: z.number(),
    unpricedStoredBytesBefore: z.number(),
    unpricedStoredBytesAfter: z.number(),
  }),
  before: explanationSchema.nullable().meta({ description: 'Of new objects, now; on the first page only.' }),
  after: explanationSchema
    .nullable()
    .meta({ description: 'Of new objects, under the policy; on the first page only.' }),
  next: z.string().nullable().meta({ description: 'The `cursor` of the next page; null at the end.' }),
});

export function policyToolRoutes(services: ControlServices): readonly Route[] {
  const common = { method: 'POST', tag: 'policies', access: lookAtGateway, status: 200 } as const;
  return [
    route({
      ...common,
      path: '/admin/policies/explain',
      operationId: 'explainPolicy',
      summary: 'For each backend the rule that admits or refuses it, for each class whether it can be placed now',
      description: 'Of a document, of a tenant or bucket, or of a document as if it were attached there.',
      body: z.object({ document: documentField.optional(), ...ownerFields }),
      response: explanationSchema,
      async handle({ body }) {
        const found = await findOwner(services, body);
        if (body.document === undefined && found === undefined)
          throw new Fault('ValidationFailed', 'Send a document, or name a tenant.');
        const layers = await layersOf(services, found);
        const candidate = body.document === undefined ? undefined : compilePolicy(body.document, { version: 0 });
        return explained(services, found, candidate === undefined ? layers : withCandidate(layers, candidate));
      },
    }),
    route({
      ...common,
      path: '/admin/policies/diff',
      operationId: 'diffPolicy',
      summary: 'What a document changes, in its text and in its effect',
      body: z.object({ document: documentField, ...ownerFields }),
      response: diffSchema,
      async handle({ body }) {
        const candidate = compilePolicy(body.document, { version: 0 });
        const record = await services.metadata.policy(candidate.name);
        const found = await findOwner(services, body);
        const layers = await layersOf(services, found);
        const now = record === undefined ? layers : withCandidate(layers, compilePolicy(record.document, record));
        const before = explained(services, found, now);
        const after = explained(services, found, withCandidate(layers, candidate));
        const changes = diffDocuments(record?.document ?? '{}', body.document);
        return {
          policy: candidate.name,
          version: record?.version ?? null,
          changes: [...changes],
          effects: [...diffEffects(before, after)],
        };
      },
    }),
    testRoute(services),
    simulationRoute(services),
  ];
}

function testRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/admin/policies/test',
    operationId: 'testPolicy',
    tag: 'policies',
    access: lookAtGateway,
    status: 200,
    summary: 'Run tests of policies',
    body: z.object({
      tests: z.string().min(1).max(POLICY_BYTES_MAX).meta({ description: 'YAML, see docs/spec/policy.md.' }),
      policies: z
        .array(documentField)
        .min(1)
        .max(3)
        .meta({ description: 'In the order in which the tests name them.' }),
    }),
    response: z.object({
      passed: z.boolean(),
      results: z.array(z.object({ name: z.string(), failures: z.array(z.string()) })),
    }),
    async handle({ body }) {
      const layers = body.policies.map((text) => compilePolicy(text, { version: 0 }));
      const { entries } = services.catalogue;
      const results: { name: string; failures: string[] }[] = [];
      for (const { name, failures } of policyTestResults(parsePolicyTests(body.tests), layers, entries)) {
        results.push({ name, failures: [...failures] });
        await setImmediate();
      }
      return { passed: results.every(({ failures }) => failures.length === 0), results };
    },
  });
}

function simulationRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/admin/policies/simulate',
    operationId: 'simulatePolicy',
    tag: 'policies',
    summary: 'What a document would move, refuse and cost, from the live metadata, page by page',
    description:
      'Judges stored bytes as the reconciliation would. Without tenant and bucket: of all buckets that have the policy. With them: as if it were attached there.',
    access: lookAtGateway,
    status: 200,
    body: z.object({
      document: documentField,
      ...ownerFields,
      cursor: z.string().max(128).optional(),
      limit: z
        .int()
        .min(1)
        .max(SIMULATED_BLOBS_MAX)
        .default(SIMULATED_BLOBS)
        .meta({ description: 'Blobs to look at.' }),
    }),
    response: simulationSchema,
    async handle({ body }) {
      const candidate = compilePolicy(body.document, { version: 0 });
      const found = await findOwner(services, body);
      const page = await services.engine.simulate({
        candidate,
        after: body.cursor === undefined ? null : parseBlobId(decodeCursor(body.cursor)),
        limit: body.limit,
        rehomeAfterMs: services.rehomeAfterMs,
        ...(found === undefined ? {} : { attachedTo: (bucket: Bucket) => isOf(bucket, found) }),
      });
      const layers = await layersOf(services, found);
      const first = body.cursor === undefined;
      return {
        tally: mutable(page.tally),
        costs: mutable(costsOf(page.tally, services.registry.pool.all())),
        before: first ? explained(services, found, layers) : null,
        after: first ? explained(services, found, withCandidate(layers, candidate)) : null,
        next: page.next === null ? null : encodeCursor(page.next),
      };
    },
  });
}

function isOf(bucket: Bucket, found: NonNullable<FoundOwner>): boolean {
  return found.bucket === undefined ? bucket.tenantId === found.tenant.id : bucket.id === found.bucket.id;
}

function explained(
  { registry, clock }: ControlServices,
  found: FoundOwner,
  layers: readonly CompiledPolicy[],
): z.input<typeof explanationSchema> {
  const { pool } = registry;
  const explanation: PolicyExplanation = explainPolicies({
    layers,
    backends: pool.all(),
    writable: pool.writable(),
    regionLock: found?.bucket?.regionLock ?? [],
    bucket: found?.bucket,
    atMs: clock.now(),
  });
  return { ...mutable(explanation), layers: layers.map(({ name }) => name) };
}
