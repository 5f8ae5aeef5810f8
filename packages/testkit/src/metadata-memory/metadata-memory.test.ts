import { describeSweeps } from '../contracts/metadata/sweeps.ts';
import { describeMetadata } from '../contracts/metadata.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { createMemoryMetadata } from './index.ts';

describeMetadata('memory', async () => {
  const clock = createVirtualClock();
  const metadata = createMemoryMetadata({ clock, deletionGraceMs: 0, pendingGraceMs: 0 });
  return { metadata, now: () => clock.now(), close: () => metadata.close() };
});

describeSweeps('memory', async () => {
  const clock = createVirtualClock();
  const attemptAgeMaxMs = 60_000;
  const metadata = createMemoryMetadata({ clock, deletionGraceMs: 0, pendingGraceMs: 0, attemptAgeMaxMs });
  const { aged, age } = metadata.agedView();
  return {
    metadata,
    sweeper: aged,
    age,
    now: () => clock.now(),
    hold: async (reason) => metadata.holdSweep(reason),
    close: () => metadata.close(),
  };
});
