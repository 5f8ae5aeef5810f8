import type { BackendId } from '@sealgate/core/names';
import { BACKUP_CURSOR, type Metadata } from '@sealgate/core/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

let database: TestDatabase;
let metadata: Metadata;
beforeAll(async () => {
  database = await suiteDatabase();
  metadata = await openTestMetadata(database.databaseUrl);
});
afterAll(async () => {
  await metadata.close();
  await database.drop();
});

const actor = { kind: 'system', id: BACKUP_CURSOR, requestId: 'run-1' } as const;

it('the log has who asked for a backup, and what was made and removed, and nothing of who had lost the work', async () => {
  await metadata.requestBackup({ kind: 'admin', id: 'operator', requestId: 'asked' });
  await metadata.leaseCursor(BACKUP_CURSOR, 'here', 60_000);
  const facts = { bytes: 7, backends: ['hel', 'par'] as unknown as readonly BackendId[] };
  const changes = [
    { kind: 'made', id: 'newer', ...facts },
    { kind: 'removed', id: 'older', ...facts },
  ] as const;
  const save = { position: {}, leaseMs: 0, changes, actor };
  expect(await metadata.saveBackups('there', save)).toBe(false);
  expect(await metadata.saveBackups('here', save)).toBe(true);
  const rows = await sql(
    database.databaseUrl,
    'SELECT action, request_id, detail FROM sealgate.audit_log WHERE action BETWEEN 145 AND 147 ORDER BY seq',
  );
  expect(rows).toEqual([
    { action: 145, request_id: 'asked', detail: null },
    { action: 146, request_id: 'run-1', detail: { id: 'newer', ...facts } },
    { action: 147, request_id: 'run-1', detail: { id: 'older', ...facts } },
  ]);
});
