import type { BackendId } from '@sealgate/core/names';
import type { BackendMaintenance } from '@sealgate/engine';
import { z } from 'zod';
import { isoTime } from './models.ts';

const time = z.iso.datetime();
const count = z.number().int().meta({ description: 'Copies or shards.' });

const blockedSchema = z
  .array(z.object({ rule: z.string(), reason: z.string(), blobs: z.number().int(), example: z.string() }))
  .meta({ description: 'Blobs that should leave and cannot, by the rule that stands in the way, with one of them.' });

const scrubbedSchema = z.object({
  startedAt: time,
  finishedAt: time.nullable(),
  blobs: z.number().int().meta({ description: 'Looked at so far, on all backends.' }),
  good: count,
  missing: count,
  truncated: count,
  corrupted: count,
  unread: count.meta({ description: 'The backend did not answer; the next pass reads them.' }),
  bytes: z.number(),
});

export const rebalanceSchema = z.object({
  backend: z.string(),
  startedAt: time,
  finishedAt: time.nullable(),
  blobs: z.number().int().meta({ description: 'Looked at so far.' }),
  moved: z.number().int().meta({ description: 'Of which a replica is on its way to the backend, or there.' }),
});

export const maintenanceSchema = z
  .object({
    placements: z
      .object({
        asOf: time,
        replicas: count,
        bytes: z.number(),
        leaving: count.meta({ description: 'Of those: on their way elsewhere, or to be deleted.' }),
        owed: count.meta({ description: 'To be made there.' }),
        blocked: blockedSchema,
      })
      .nullable()
      .meta({ description: 'What it holds, by the last pass over all blobs.' }),
    drain: z
      .object({
        startedAt: time,
        asOf: time.nullable().meta({ description: 'Null until a pass that began after the drain has ended.' }),
        replicasLeft: count.nullable(),
        bytesLeft: z.number().nullable(),
        replicasDone: count,
        bytesDone: z.number(),
        bytesPerSecond: z.number().nullable(),
        etaSeconds: z.number().nullable(),
        blocked: blockedSchema,
        manifestsLeft: z.number().int().meta({ description: 'Buckets whose recovery manifest is there.' }),
        backupsLeft: z.number().int().meta({ description: 'Backups of the metadata that are there.' }),
        archivesLeft: z.number().int().meta({ description: 'Archives of the audit log that have not left yet.' }),
        archivesTrouble: z.string().nullable().meta({ description: 'What keeps the first of them there.' }),
        archivesLocked: z.number().int().meta({
          description:
            'Archives of the audit log that lie elsewhere too, and stay here because their object lock lets nobody remove them. They do not keep the backend from being retired.',
        }),
        archivesLockedUntil: time
          .nullable()
          .meta({ description: 'When the last of those locks ends, if it is known.' }),
        empty: z.boolean().meta({ description: 'It may be retired.' }),
      })
      .nullable(),
    scrub: z.object({ last: scrubbedSchema.nullable(), underWay: scrubbedSchema.nullable() }),
    rebalance: rebalanceSchema.nullable(),
  })
  .meta({ description: 'The part of one backend in keeping blobs where they should be, and whole.' });

type Scrubbed = NonNullable<BackendMaintenance['scrub']['last']>;

export function maintenanceModel(id: BackendId, maintenance: BackendMaintenance): z.input<typeof maintenanceSchema> {
  const { placements, drain, scrub, rebalance } = maintenance;
  const tally = placements?.backends[id] ?? { replicas: 0, bytes: 0, leaving: 0, owed: 0, blocked: [] };
  return {
    placements:
      placements === null ? null : { ...tally, blocked: [...tally.blocked], asOf: iso(placements.finishedMs) },
    drain:
      drain === undefined
        ? null
        : {
            startedAt: iso(drain.startedMs),
            asOf: isoTime(drain.left?.asOfMs ?? null),
            replicasLeft: drain.left?.replicas ?? null,
            bytesLeft: drain.left?.bytes ?? null,
            replicasDone: drain.done.replicas,
            bytesDone: drain.done.bytes,
            bytesPerSecond: drain.bytesPerSecond ?? null,
            etaSeconds: drain.etaMs === undefined ? null : drain.etaMs / 1000,
            blocked: [...drain.blocked],
            manifestsLeft: drain.documents.manifests,
            backupsLeft: drain.documents.backups,
            archivesLeft: drain.documents.archives.left,
            archivesTrouble: drain.documents.archives.trouble,
            archivesLocked: drain.documents.archives.locked,
            archivesLockedUntil: isoTime(drain.documents.archives.lockedUntilMs),
            empty: drain.empty,
          },
    scrub: { last: scrubbedModel(id, scrub.last), underWay: scrubbedModel(id, scrub.underWay) },
    rebalance: rebalance === undefined ? null : rebalanceModel(rebalance),
  };
}

export function rebalanceModel(
  rebalance: NonNullable<BackendMaintenance['rebalance']>,
): z.input<typeof rebalanceSchema> {
  const { backend, blobs, moved } = rebalance;
  return { backend, startedAt: iso(rebalance.startedMs), finishedAt: isoTime(rebalance.finishedMs), blobs, moved };
}

function scrubbedModel(id: BackendId, report: Scrubbed | null): z.input<typeof scrubbedSchema> | null {
  if (report === null) return null;
  const none = { good: 0, missing: 0, truncated: 0, corrupted: 0, unread: 0, bytes: 0 };
  return {
    startedAt: iso(report.startedMs),
    finishedAt: isoTime(report.finishedMs),
    blobs: report.blobs,
    ...(report.backends[id] ?? none),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
