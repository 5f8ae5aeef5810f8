import { Fault } from '@sealgate/core/faults';
import { backupsToKeep } from '@sealgate/core/housekeeping';
import { BACKUP_CURSOR, BACKUP_REQUEST_CURSOR } from '@sealgate/core/ports';
import { type BackupRecord, readBackupPosition } from '@sealgate/engine';
import { z } from 'zod';
import { lookAtGateway } from '../access.ts';
import { isoTime } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const backupSchema = z.object({
  id: z.string(),
  takenAt: z.iso.datetime().nullable(),
  bytes: z.number().meta({ description: 'Of one copy, as stored.' }),
  parts: z.number(),
  sha256: z.string().meta({ description: 'Of the stored bytes.' }),
  backends: z.array(z.string()).meta({ description: 'Each of them has all of it; it was read back.' }),
  full: z.boolean().meta({ description: 'It came to as many backends as were wanted.' }),
  keptAs: z.array(z.enum(['newest', 'daily', 'weekly', 'short'])).meta({
    description: 'Why it is kept. short: newer than every full one. Empty: it goes with the next backup.',
  }),
});

const backupsSchema = z.object({
  state: z.enum(['waiting', 'asked', 'running', 'no-key']).meta({
    description: 'no-key: the operator has no recovery key (SEALGATE_RECOVERY_KEY), so no backup is made.',
  }),
  intervalSeconds: z.number().meta({ description: 'Of this gateway. 0: only when one is asked for.' }),
  running: z.object({ id: z.string(), startedAt: z.iso.datetime().nullable(), bytes: z.number() }).nullable(),
  lastTriedAt: z.iso.datetime().nullable(),
  error: z.string().nullable().meta({ description: 'Why the newest try failed; it is repeated.' }),
  backups: z.array(backupSchema),
});

/** Backups of the metadata that gateways make by themselves. */
export function metadataBackupRoutes({ metadata, backups }: ControlServices): readonly Route[] {
  const read = async () => {
    const cursors = await metadata.listCursors(BACKUP_CURSOR);
    const found = cursors.find(({ name }) => name === BACKUP_CURSOR);
    const asked = cursors.find(({ name }) => name === BACKUP_REQUEST_CURSOR)?.position;
    const position = readBackupPosition(found?.position);
    return {
      position,
      leased: found?.leased === true,
      isAsked: typeof asked === 'number' && asked > position.triedMs,
    };
  };
  return [
    route({
      method: 'GET',
      path: '/admin/metadata/backups',
      operationId: 'listMetadataBackups',
      tag: 'housekeeping',
      summary: 'Backups of the metadata that lie on backends',
      access: lookAtGateway,
      status: 200,
      response: backupsSchema,
      async handle() {
        const { position, leased, isAsked } = await read();
        const { running, trouble, triedMs, kept } = position;
        const why = backupsToKeep(kept, backups.retention);
        return {
          state: stateOf({ keyless: position.keyless, isRunning: leased && running !== null, isAsked }),
          intervalSeconds: backups.intervalSeconds,
          running: running && { id: running.id, startedAt: isoTime(running.startedMs), bytes: running.bytes },
          lastTriedAt: triedMs === 0 ? null : isoTime(triedMs),
          error: trouble?.code ?? null,
          backups: kept.map((record) => ({ ...backupModel(record), keptAs: [...(why.get(record.id) ?? [])] })),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/admin/metadata/backups',
      operationId: 'requestMetadataBackup',
      tag: 'housekeeping',
      summary: 'Have a backup of the metadata made now',
      description:
        'A gateway that does background work begins it within a second or two. See the list for how it goes.',
      access: 'admin',
      status: 202,
      response: z.object({ requestedAt: z.iso.datetime().nullable() }),
      async handle(_input, { actor }) {
        if ((await read()).position.keyless) {
          throw new Fault('Conflict', 'The operator has no recovery key (SEALGATE_RECOVERY_KEY) to seal a backup to.');
        }
        return { requestedAt: isoTime(await metadata.requestBackup(actor)) };
      },
    }),
  ];
}

function stateOf(facts: { readonly keyless: boolean; readonly isRunning: boolean; readonly isAsked: boolean }) {
  if (facts.keyless) return 'no-key' as const;
  if (facts.isRunning) return 'running' as const;
  return facts.isAsked ? ('asked' as const) : ('waiting' as const);
}

function backupModel({ id, takenAtMs, bytes, parts, sha256, places, full }: BackupRecord) {
  return { id, takenAt: isoTime(takenAtMs), bytes, parts, sha256, backends: [...places], full };
}
