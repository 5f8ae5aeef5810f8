import type { AuditActor, AuditStore, CursorPosition, Metadata } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import { ARCHIVE_CURSOR, readArchivePosition } from './archive-position.ts';

export interface RemoveRequestsDeps {
  readonly metadata: Pick<Metadata, 'leaseCursor' | 'saveCursor' | 'readCursor' | 'databaseTime'>;
  readonly store: Pick<AuditStore, 'edge' | 'removeRequests'>;
  readonly limits: EngineLimits;
}

export interface RemoveRequestsOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** How long records of requests are kept; 0: as long as the log. */
  readonly keepMs: number;
  /** Archives are made: what is in none yet is kept. */
  readonly archived: boolean;
}

/** How far the removal has come: a leaf. */
const REQUESTS_CURSOR = 'audit-requests';

/**
 * Removes records of requests that are old enough and, where archives are made, in one. Their entries stay, and the log says before
 * which leaf records are gone, so that whoever verifies can tell removal from loss.
 * @returns how many entries were looked at
 */
export async function removeRequestsDue(deps: RemoveRequestsDeps, options: RemoveRequestsOptions): Promise<number> {
  const { metadata, store, limits } = deps;
  const { holder, keepMs, archived } = options;
  if (keepMs === 0) return 0;
  const lease = await metadata.leaseCursor(REQUESTS_CURSOR, holder, limits.vacuumLeaseMs);
  if (lease === undefined) return 0;
  const from = leafOf(lease.position);
  const beforeMs = (await metadata.databaseTime()) - keepMs;
  const to = archived
    ? readArchivePosition(await metadata.readCursor(ARCHIVE_CURSOR)).through
    : (await store.edge()).size;
  const actor: AuditActor = { kind: 'system', id: REQUESTS_CURSOR, requestId: '' };
  const { next } = await store.removeRequests({ from, to, beforeMs, limit: limits.requestsPage }, actor);
  await metadata.saveCursor(REQUESTS_CURSOR, holder, { position: next, leaseMs: 0 });
  return next - from;
}

/** What cannot be read never was: what was removed before is then removed again, which changes nothing. */
function leafOf(position: CursorPosition): number {
  return typeof position === 'number' && Number.isSafeInteger(position) && position >= 0 ? position : 0;
}
