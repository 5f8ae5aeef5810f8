import type { BackendId } from '@sealgate/core/names';
import type { Backend, Metadata } from '@sealgate/core/ports';
import { type DocumentsOn, documentsOn } from './documents-on.ts';
import { type DrainProgress, drainProgress, type PlacementReport } from './placement-report.ts';
import { beginRebalance, type Rebalance, type RebalanceDeps, readRebalance } from './rebalance-due.ts';
import { RECONCILE_CURSOR, readReconcilePosition } from './reconcile-position.ts';
import { readScrubPosition, SCRUB_CURSOR, type ScrubReport } from './scrub-report.ts';

/** What is known of one backend's part in the maintenance of placements. */
export interface BackendMaintenance {
  /** The last whole pass of the reconciler; null before the first. */
  readonly placements: PlacementReport | null;
  /** Undefined unless the backend is being drained; empty only when no document is there either. */
  readonly drain: (DrainProgress & { readonly documents: DocumentsOn }) | undefined;
  readonly scrub: { readonly last: ScrubReport | null; readonly underWay: ScrubReport | null };
  /** The last rebalance towards it. */
  readonly rebalance: Rebalance | undefined;
}

export interface Maintenance {
  ofBackend(backend: Pick<Backend, 'id' | 'state' | 'stateSinceMs'>): Promise<BackendMaintenance>;
  /** @throws Fault Conflict while one towards another backend is under way */
  beginRebalance(backend: BackendId, holder: string): Promise<Rebalance>;
}

/** What a lock keeps lies elsewhere too: it waits for nobody. */
const isNone = ({ manifests, backups, archives }: DocumentsOn): boolean => manifests + backups + archives.left === 0;

export function createMaintenance(deps: {
  readonly metadata: RebalanceDeps['metadata'] & Pick<Metadata, 'readCursor' | 'countCursors' | 'physicalBuckets'>;
}): Maintenance {
  const { metadata } = deps;
  return {
    async ofBackend(backend) {
      const [reconciled, scrubbed, rebalance] = await Promise.all([
        metadata.readCursor(RECONCILE_CURSOR),
        metadata.readCursor(SCRUB_CURSOR),
        readRebalance(deps),
      ]);
      const known = readReconcilePosition(reconciled);
      const scrub = readScrubPosition(scrubbed);
      const progress = drainProgress(backend, known);
      const documents = progress && (await documentsOn(metadata, backend));
      return {
        placements: known.last,
        drain: progress && documents && { ...progress, documents, empty: progress.empty && isNone(documents) },
        scrub: { last: scrub.last, underWay: scrub.pass },
        rebalance: rebalance?.backend === backend.id ? rebalance : undefined,
      };
    },
    beginRebalance: (backend, holder) => beginRebalance(deps, backend, holder),
  };
}
