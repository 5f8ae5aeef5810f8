import type { Engine } from '@sealgate/engine';

/** Comparing where blobs are with where they should be, removing what has left, reading what is there. */
export function maintenanceOf(engine: Engine, holder: string, signal: AbortSignal): readonly (() => Promise<number>)[] {
  return [
    () => engine.reconcileDue({ holder, intervalMs: 20_000, rehomeAfterMs: 40_000, signal }),
    () => engine.removeDue({ signal }),
    () => engine.scrubDue({ holder, intervalMs: 30_000, bytesPerSecond: Number.POSITIVE_INFINITY, signal }),
  ];
}
