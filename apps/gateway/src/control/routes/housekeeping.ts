import { BACKUP_CURSOR, type CursorState } from '@sealgate/core/ports';
import {
  readBackupPosition,
  readSweepPosition,
  readVacuumRun,
  SWEEP_CURSORS,
  type SweepCounts,
  VACUUM_CURSOR,
} from '@sealgate/engine';
import type { LoopStatus } from '@sealgate/runtime/background';
import { z } from 'zod';
import { lookAtGateway } from '../access.ts';
import { isoTime } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const countsSchema = z.object({
  keys: z.number().meta({ description: 'Keys that were looked at.' }),
  unknown: z.number().meta({ description: 'Blobs that no row knew; the deletion queue removes them.' }),
  misplaced: z.number().meta({ description: 'Copies where no row named them; they are removed.' }),
  foreign: z.number().meta({ description: 'Keys that no part of Sealgate makes. They are left alone.' }),
  foreignKeys: z.array(z.string()).meta({ description: 'The first of those, as bucket/key.' }),
  buckets: z.number().meta({ description: 'Physical buckets walked.' }),
  removedBuckets: z.number().meta({ description: 'Empty buckets of deleted ones that were removed.' }),
});

const sweepSchema = z.object({
  backend: z.string(),
  running: z
    .object({ startedAt: z.iso.datetime().nullable(), bucket: z.string(), after: z.string(), counts: countsSchema })
    .nullable()
    .meta({ description: 'The run under way: where it is and what it has met so far.' }),
  last: z
    .object({
      startedAt: z.iso.datetime().nullable(),
      endedAt: z.iso.datetime().nullable(),
      counts: countsSchema,
    })
    .nullable(),
  error: z.string().nullable().meta({ description: 'Why the newest step failed; it is tried again.' }),
  savedAt: z.iso.datetime().nullable(),
});

const loopSchema = z.object({
  name: z.string(),
  running: z.number().meta({ description: 'Batches under way now.' }),
  rounds: z.number().meta({ description: 'Batches that ended well since the process began.' }),
  items: z.number().meta({ description: 'What they took off their queue.' }),
  lastEndedAt: z.iso.datetime().nullable(),
  lastWorkedAt: z.iso.datetime().nullable().meta({ description: 'The last batch that took something.' }),
  failures: z.number().meta({ description: 'Failures in a row; 0: the newest batch went well.' }),
  lastError: z.object({ code: z.string(), at: z.iso.datetime().nullable() }).nullable(),
});

const housekeepingSchema = z.object({
  orphanSweep: z.object({
    held: z
      .object({ reason: z.string(), since: z.iso.datetime().nullable() })
      .nullable()
      .meta({ description: 'Nothing is swept until an operator releases it.' }),
    backends: z.array(sweepSchema),
  }),
  vacuum: z
    .object({
      startedAt: z.iso.datetime().nullable(),
      removed: z.object({
        strays: z.number(),
        probes: z.number(),
        buckets: z.number(),
        usage: z.number(),
        snapshots: z.number(),
      }),
    })
    .nullable()
    .meta({ description: 'Rows of the metadata that the last run removed, by kind. null: there was none yet.' }),
  metadataBackup: z
    .object({
      state: z.enum(['ready', 'no-key']),
      newestAt: z.iso.datetime().nullable(),
      error: z.string().nullable(),
    })
    .meta({ description: 'The newest verified backup of the metadata; more in /admin/metadata/backups.' }),
  loops: z.array(loopSchema).meta({
    description: 'Background work of the process that answers, by loop. Others on the same database have their own.',
  }),
});

export function housekeepingRoutes({ metadata, loops }: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/housekeeping',
      operationId: 'getHousekeeping',
      tag: 'housekeeping',
      summary: 'What background cleaning has found and how far it is',
      access: lookAtGateway,
      status: 200,
      response: housekeepingSchema,
      async handle() {
        const [hold, sweeps, [vacuum], backup] = await Promise.all([
          metadata.sweepHold(),
          metadata.listCursors(SWEEP_CURSORS),
          metadata.listCursors(VACUUM_CURSOR),
          metadata.readCursor(BACKUP_CURSOR),
        ]);
        const { keyless, kept, trouble } = readBackupPosition(backup);
        const run = readVacuumRun(vacuum?.position);
        const held = hold === undefined ? null : { reason: hold.reason, since: isoTime(hold.sinceMs) };
        return {
          orphanSweep: { held, backends: sweeps.map(sweepModel) },
          vacuum: run && { startedAt: isoTime(run.startedMs), removed: run.removed },
          metadataBackup: {
            state: keyless ? ('no-key' as const) : ('ready' as const),
            newestAt: kept[0] === undefined ? null : isoTime(kept[0].takenAtMs),
            error: trouble?.code ?? null,
          },
          loops: loops().map(loopModel),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/admin/housekeeping/release',
      operationId: 'releaseOrphanSweep',
      tag: 'housekeeping',
      summary: 'Let the sweep for orphans go on',
      description:
        'A database that was restored from a backup knows nothing of what was written since, and would take it for orphans: its sweep is held. Release it when nothing written since the backup is to be kept.',
      access: 'admin',
      status: 200,
      response: z.object({ released: z.boolean().meta({ description: 'False when it was not held.' }) }),
      async handle(_input, { actor }) {
        return { released: await metadata.releaseSweepHold(actor) };
      },
    }),
  ];
}

function loopModel({ lastEndedMs, lastWorkedMs, lastError, ...loop }: LoopStatus): z.input<typeof loopSchema> {
  return {
    ...loop,
    lastEndedAt: lastEndedMs === null ? null : isoTime(lastEndedMs),
    lastWorkedAt: lastWorkedMs === null ? null : isoTime(lastWorkedMs),
    lastError: lastError && { code: lastError.code, at: isoTime(lastError.atMs) },
  };
}

function sweepModel({ name, position, savedAtMs }: CursorState): z.input<typeof sweepSchema> {
  const { run, last, trouble } = readSweepPosition(position);
  return {
    backend: name.slice(SWEEP_CURSORS.length),
    running: run && {
      startedAt: isoTime(run.startedMs),
      bucket: run.bucket,
      after: run.after ?? '',
      counts: countsModel(run.counts),
    },
    last: last && {
      startedAt: isoTime(last.startedMs),
      endedAt: isoTime(last.endedMs),
      counts: countsModel(last.counts),
    },
    error: trouble?.code ?? null,
    savedAt: isoTime(savedAtMs),
  };
}

function countsModel(counts: SweepCounts): z.input<typeof countsSchema> {
  return { ...counts, foreignKeys: [...counts.foreignKeys] };
}
