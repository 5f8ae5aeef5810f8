import { ARCHIVE_CURSOR, ARCHIVE_LOCKS_WANTED, type ArchiveRecord, readArchivePosition } from '@sealgate/engine';
import { z } from 'zod';
import { lookAtAudit } from '../access.ts';
import { isoTime, timeField } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const count = z.number().int();

export function auditArchiveRoutes({ metadata }: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/audit/archives',
      operationId: 'listAuditArchives',
      tag: 'audit',
      summary: 'Sealed archives of the audit log on backends, the newest first',
      description:
        'At most the newest 1000; entries of action auditArchived name all. Opened and verified offline by `sealgate audit verify --archive`.',
      access: lookAtAudit,
      status: 200,
      response: z.object({
        through: count.meta({ description: 'Leaves before this one are in archives.' }),
        lastTriedAt: timeField,
        error: z.string().nullable(),
        lockedCopies: count
          .nullable()
          .meta({ description: 'Backends whose object lock keeps the newest archive; null when there is none.' }),
        warning: z.string().nullable().meta({ description: 'What is wrong with how the newest one is kept.' }),
        archives: z.array(
          z.object({
            id: z.string(),
            takenAt: timeField,
            from: count,
            to: count,
            bytes: count,
            sha256: z.string(),
            backends: z.array(z.string()),
            locked: z.array(z.string()).meta({ description: 'Backends whose object lock keeps it.' }),
            lockedUntil: timeField,
          }),
        ),
      }),
      async handle() {
        const { through, triedMs, trouble, made } = readArchivePosition(await metadata.readCursor(ARCHIVE_CURSOR));
        return {
          through,
          lastTriedAt: isoTime(triedMs === 0 ? null : triedMs),
          error: trouble?.code ?? null,
          lockedCopies: made[0]?.locked.length ?? null,
          warning: warningOf(made),
          archives: made.map(({ takenAtMs, lockedUntilMs, places, locked, ...rest }) => ({
            ...rest,
            takenAt: isoTime(takenAtMs),
            backends: [...places],
            locked: [...locked],
            lockedUntil: isoTime(lockedUntilMs),
          })),
        };
      },
    }),
  ];
}

function warningOf([newest]: readonly ArchiveRecord[]): string | null {
  if (newest === undefined || newest.locked.length >= ARCHIVE_LOCKS_WANTED) return null;
  return `Object lock keeps the newest archive on ${newest.locked.length} of its backends; ${ARCHIVE_LOCKS_WANTED} are wanted. Whoever has the keys of the others can remove it there.`;
}
