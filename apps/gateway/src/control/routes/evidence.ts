import { Fault } from '@sealgate/core/faults';
import { z } from 'zod';
import { EVIDENCE_CLOCK_SLACK_MS } from '../limits.ts';
import { bucketNameField, tenantRefField } from '../models.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

const time = z.iso.datetime({ offset: true });

/** What is in a document docs/spec/evidence.md says; it is signed as a whole and goes out as a whole. */
const documentSchema = z.object({ evidence: z.record(z.string(), z.unknown()), signature: z.string() });

export function evidenceRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/evidence',
      operationId: 'issueEvidence',
      tag: 'audit',
      summary: 'A signed report of where all copies were, at a time or over time, with proofs from the audit log',
      description:
        'Of a bucket, or of one key in it; of the youngest bucket of that name, deleted ones included, unless `bucketId` names another. Verified offline by `sealgate evidence verify`.',
      access: { roles: ['operator', 'auditor', 'tenant'], tenant: { in: 'query', name: 'tenant' } },
      status: 200,
      query: z.object({
        tenant: tenantRefField,
        bucket: bucketNameField,
        bucketId: z.coerce.number().int().min(1).optional().meta({ description: 'One of several that had the name.' }),
        key: z.string().optional(),
        at: time.optional().meta({ description: 'What was there at this time. Default: now.' }),
        from: time.optional().meta({ description: 'What was there at any time since.' }),
        to: time.optional().meta({ description: 'And until. Default: now.' }),
      }),
      response: documentSchema,
      async handle({ query }) {
        const { store, evidence } = services.audit;
        const tenant = await requireTenant(services, query.tenant);
        const named = await store.bucketsNamed(tenant.id, query.bucket);
        const bucket = query.bucketId === undefined ? named[0] : named.find(({ id }) => id === query.bucketId);
        if (bucket === undefined) {
          throw new Fault('NoSuchBucket', `Tenant "${tenant.name}" has and had no bucket "${query.bucket}".`);
        }
        const subject = { bucketId: bucket.id, key: query.key ?? null };
        const document = await evidence.issue({ subject, ...spanOf(query, services.clock.now()) });
        return { evidence: { ...document.evidence }, signature: document.signature };
      },
    }),
  ];
}

/** @throws Fault ValidationFailed */
function spanOf(
  query: { readonly at?: string | undefined; readonly from?: string | undefined; readonly to?: string | undefined },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  if (query.at !== undefined && (query.from !== undefined || query.to !== undefined)) {
    throw new Fault('ValidationFailed', '"at" and "from" or "to" exclude each other.');
  }
  const askedMs = timeOf(query.at ?? query.to, nowMs);
  // It would be signed, and nobody knows yet what will be where then.
  if (askedMs > nowMs + EVIDENCE_CLOCK_SLACK_MS)
    throw new Fault('ValidationFailed', 'The time is yet to come: evidence tells what was and is.');
  const toMs = Math.min(askedMs, nowMs);
  const fromMs =
    query.at !== undefined || query.from === undefined ? (query.to === undefined ? toMs : 0) : timeOf(query.from, 0);
  if (fromMs > toMs) throw new Fault('ValidationFailed', '"from" must not be later than "to".');
  return { fromMs, toMs };
}

function timeOf(text: string | undefined, fallback: number): number {
  return text === undefined ? fallback : Date.parse(text);
}
