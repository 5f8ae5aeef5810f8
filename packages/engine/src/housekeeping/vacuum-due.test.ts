import type { VacuumKind } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { silentEvents } from '../events.ts';
import { defaultEngineLimits } from '../limits.ts';
import { vacuumDue } from './vacuum-due.ts';

const KEEP = { strays: 1, probes: 2, buckets: 3, usage: 4, snapshots: 5 };

/** Rows of each kind that are old, and what the vacuum asked for. */
function metadataWith(old: Record<VacuumKind, number>) {
  const asked: string[] = [];
  let saved: unknown;
  return {
    asked,
    saved: () => saved,
    leaseCursor: async () => ({ position: null, leasedUntilMs: 0 }) as never,
    async saveCursor(_: string, __: string, { position }: { readonly position: unknown }) {
      saved = position;
      return true;
    },
    databaseTime: async () => 1_000_000,
    async vacuum({ kind, keepMs, limit }: { kind: VacuumKind; keepMs: number; limit: number }) {
      asked.push(`${kind} ${keepMs} ${limit}`);
      const removed = Math.min(old[kind], limit);
      old[kind] -= removed;
      return removed;
    },
  };
}

describe('the vacuum', () => {
  it('removes every kind in batches of its own until nothing of it is old', async () => {
    const metadata = metadataWith({ strays: 1500, probes: 0, buckets: 1, usage: 0, snapshots: 12 });
    const deps = { metadata, limits: defaultEngineLimits, events: silentEvents };
    const options = { holder: 'me', intervalMs: 1000, keepMs: KEEP, signal: new AbortController().signal };
    expect(await vacuumDue(deps, options)).toBe(1);
    expect(metadata.asked).toEqual([
      ...['strays 1 1000', 'strays 1 1000', 'probes 2 1000', 'buckets 3 1000', 'usage 4 1000'],
      // Each of these has up to 50 000 files.
      ...['snapshots 5 5', 'snapshots 5 5', 'snapshots 5 5'],
    ]);
    const removed = { strays: 1500, probes: 0, buckets: 1, usage: 0, snapshots: 12 };
    expect(metadata.saved()).toEqual({ startedMs: 1_000_000, removed });
  });
});
