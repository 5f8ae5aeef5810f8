import { peaksBefore } from '@sealgate/core/audit';
import { Fault } from '@sealgate/core/faults';
import { z } from 'zod';
import type { AuditServices } from '../../audit/audit-services.ts';
import { lookAtAudit } from '../access.ts';
import { isoTime } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const HOUR_MS = 3_600_000;
/** Long enough for every auditor to hear of a new key. */
const OVERLAP_HOURS_MAX = 366 * 24;

const sizeField = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const checkpointSchema = z.object({
  size: z.number().meta({ description: 'Entries in the tree.' }),
  root: z.string().meta({ description: 'Base64.' }),
  note: z.string().meta({ description: 'The signed note (C2SP tlog-checkpoint).' }),
  signedAt: z.iso.datetime().nullable(),
});
const hashesField = z.array(z.string()).meta({ description: 'Base64, from the leaf upwards (RFC 9162).' });

export function auditProofRoutes(services: ControlServices): readonly Route[] {
  return [...keyRoutes(services), ...checkpointRoutes(services), ...proofRoutes(services)];
}

function keyRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/audit/key',
      operationId: 'getAuditKey',
      tag: 'audit',
      summary: 'The public keys that verify checkpoints, heads and evidence, the newest first',
      description: 'Keep them where this gateway cannot change them: what it signs proves something only to who has.',
      access: 'public',
      status: 200,
      response: z.object({ origin: z.string(), keys: z.array(z.string()) }),
      async handle() {
        const { signer } = services.audit;
        return { origin: signer.origin, keys: [...(await signer.verifiers())] };
      },
    }),
    route({
      method: 'POST',
      path: '/admin/audit/keys',
      operationId: 'rotateAuditKey',
      tag: 'audit',
      summary: 'Make a new key that takes over; the old one still signs beside it for a while',
      access: 'admin',
      status: 201,
      body: z.object({
        overlapHours: z.number().min(0).max(OVERLAP_HOURS_MAX).default(OVERLAP_HOURS_MAX).meta({
          description: 'How long checkpoints bear the signature of the old key too.',
        }),
      }),
      response: z.object({ key: z.string() }),
      async handle({ body }, { actor }) {
        return { key: await services.audit.signer.rotate(Math.round(body.overlapHours * HOUR_MS), actor) };
      },
    }),
  ];
}

function checkpointRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/audit/checkpoint',
      operationId: 'getCheckpoint',
      tag: 'audit',
      summary: 'The newest signed head of the log, or the one of a number of entries',
      access: lookAtAudit,
      status: 200,
      query: z.object({ size: sizeField.optional().meta({ description: 'Exactly this number of entries.' }) }),
      response: checkpointSchema,
      async handle({ query: { size } }) {
        const { checkpoints, store } = services.audit;
        const found =
          size === undefined
            ? await checkpoints.latest()
            : (await store.checkpoints({ from: size, to: size, limit: 1 }))[0];
        if (found === undefined) throw new Fault('NotFound', 'There is no such checkpoint yet.');
        return { size: found.size, root: base64(found.root), note: found.note, signedAt: isoTime(found.createdAtMs) };
      },
    }),
    route({
      method: 'POST',
      path: '/admin/audit/checkpoints',
      operationId: 'takeCheckpoint',
      tag: 'audit',
      summary: 'Sign the head of the log as it is now, or as it was when it had a number of entries',
      access: lookAtAudit,
      status: 200,
      body: z.object({ size: z.number().int().min(1).optional() }),
      response: checkpointSchema,
      async handle({ body: { size } }) {
        const { checkpoints } = services.audit;
        if (size !== undefined) await requireSize(services.audit, size);
        const taken = await checkpoints.take(size);
        if (taken === undefined) throw new Fault('NotFound', 'The log has no entries yet.');
        return { size: taken.size, root: base64(taken.root), note: taken.note, signedAt: isoTime(taken.createdAtMs) };
      },
    }),
  ];
}

function proofRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/audit/proof/inclusion',
      operationId: 'proveInclusion',
      tag: 'audit',
      summary: 'That an entry is in the tree of a number of entries',
      access: lookAtAudit,
      status: 200,
      query: z.object({ leaf: sizeField, size: sizeField }),
      response: z.object({ leaf: z.number(), size: z.number(), hashes: hashesField }),
      async handle({ query: { leaf, size } }) {
        await requireSize(services.audit, size);
        if (leaf >= size) throw new Fault('ValidationFailed', '"leaf" must be less than "size".');
        const hashes = await services.audit.checkpoints.tree.inclusion(leaf, size);
        return { leaf, size, hashes: hashes.map(base64) };
      },
    }),
    route({
      method: 'GET',
      path: '/audit/proof/consistency',
      operationId: 'proveConsistency',
      tag: 'audit',
      summary: 'That the log of a number of entries is the beginning of a later one',
      access: lookAtAudit,
      status: 200,
      query: z.object({ first: sizeField, second: sizeField }),
      response: z.object({ first: z.number(), second: z.number(), hashes: hashesField }),
      async handle({ query: { first, second } }) {
        await requireSize(services.audit, second);
        if (first < 1 || first > second) throw new Fault('ValidationFailed', '"first" must be from 1 to "second".');
        const hashes = await services.audit.checkpoints.tree.consistency(first, second);
        return { first, second, hashes: hashes.map(base64) };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/audit/peaks',
      operationId: 'readAuditPeaks',
      tag: 'audit',
      summary: 'What an export needs to begin at an entry: the hashes of everything before it',
      access: lookAtAudit,
      status: 200,
      query: z.object({ size: sizeField }),
      response: z.object({ hashes: z.array(z.string()) }),
      async handle({ query: { size } }) {
        await requireSize(services.audit, size);
        return { hashes: await peaksBefore(services.audit.checkpoints.tree, size) };
      },
    }),
  ];
}

/** @throws Fault ValidationFailed */
async function requireSize({ store }: AuditServices, size: number): Promise<void> {
  const edge = await store.edge();
  if (size > edge.size) throw new Fault('ValidationFailed', `The log has ${edge.size} entries, not ${size}.`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
