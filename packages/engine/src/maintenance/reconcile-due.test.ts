import { createSeededCluster } from '@sealgate/testkit/cluster';
import { expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';
import { RECONCILE_CURSOR, readReconcilePosition } from './reconcile-position.ts';

const { signal } = new AbortController();
const actor = { kind: 'admin', id: 'test', requestId: 'test' } as const;
const HOUR_MS = 3_600_000;

test('changes that go on and on hold up no pass, and each pass goes by what everybody knew as it began', async () => {
  const cluster = await createSeededCluster({ seed: 1, limits: defaultEngineLimits, metadata: {} });
  const { clock, metadata, members } = cluster;
  const { engine } = cluster.startGateway();
  const [first] = members;
  if (first === undefined) throw new Error('There is no backend.');
  const reconcile = () =>
    clock.run(engine.reconcileDue({ holder: 'one', intervalMs: HOUR_MS, rehomeAfterMs: HOUR_MS, signal }));
  const position = async () => readReconcilePosition(await metadata.readCursor(RECONCILE_CURSOR));
  for (let look = 0; look < 4; look += 1) await reconcile();
  const before = await position();

  const settledMs = defaultEngineLimits.reconcileSettleMs;
  const epochs: { readonly epoch: string; readonly atMs: number }[] = [];
  const passes: { readonly epoch: string; readonly startedMs: number }[] = [];
  for (let look = 0; look < 20; look += 1) {
    await metadata.updateBackend(first.backend.id, { weight: 2 + look }, actor);
    epochs.push({ epoch: String(await metadata.placementEpoch()), atMs: clock.now() });
    await reconcile();
    const { epoch, last } = await position();
    if (last !== null && last.startedMs > (passes.at(-1)?.startedMs ?? before.last?.startedMs ?? 0))
      passes.push({ epoch, startedMs: last.startedMs });
    await clock.advance(settledMs / 4);
  }
  // How long what each pass went by was known then; the first goes by what was before.
  const known = passes.flatMap(({ epoch, startedMs }) => {
    const made = epochs.find((one) => one.epoch === epoch);
    return made === undefined ? [] : [startedMs - made.atMs];
  });
  expect(known.length).toBeGreaterThan(2);
  expect(Math.min(...known)).toBeGreaterThanOrEqual(settledMs);
});
