import { z } from 'zod';
import { Fault } from '../faults/index.ts';
import { BACKENDS_MAX } from '../limits.ts';
import { readPolicyDocument } from '../policy/index.ts';
import { wouldBeBackend, wouldBeBucket } from './would-be.ts';

/** As many as a report can show; each one is placed on its own. */
const VOLUMES_MAX = 100;
const name = z.string().min(1).max(256);
const bytes = z.number().min(0).max(1e21);

const volume = z.strictObject({
  name: name.optional(),
  class: name.optional().meta({ description: 'The default class unless given.' }),
  bytes: bytes.meta({ description: 'Of the objects, before copies and shards.' }),
  readBytesPerMonth: bytes.default(0).meta({ description: 'Read out of the backends in a month.' }),
  bucket: wouldBeBucket.optional().meta({ description: 'The bucket that they lie in.' }),
});

const planFile = z.strictObject({
  apiVersion: z.literal('sealgate/v1'),
  kind: z.literal('BackendPlan'),
  backends: z
    .record(name, wouldBeBackend)
    .refine((all) => Object.keys(all).length <= BACKENDS_MAX, `more than ${BACKENDS_MAX} backends`)
    .meta({ description: 'By the id that they would have.' }),
  volumes: z.array(volume).max(VOLUMES_MAX).default([]),
});

/** Backends that could be bought, and what would be stored on them. */
export type BackendPlanFile = z.infer<typeof planFile>;

/** @throws Fault PolicyInvalid */
export function parseBackendPlan(document: string): BackendPlanFile {
  const parsed = planFile.safeParse(readPolicyDocument(document));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Fault('PolicyInvalid', `The plan is not valid: ${problems.join('; ')}.`, { rule: 'policy.plan' });
}
