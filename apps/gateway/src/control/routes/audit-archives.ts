import { ARCHIVE_CURSOR, readArchivePosition } from '@sealgate/engine';
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
