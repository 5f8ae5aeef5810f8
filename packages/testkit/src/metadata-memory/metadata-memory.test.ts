import { describeMetadata } from '../contracts/metadata.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { createMemoryMetadata } from './index.ts';

describeMetadata('memory', async () => {
  const clock = createVirtualClock();
  const metadata = createMemoryMetadata({ clock, deletionGraceMs: 0, pendingGraceMs: 0 });
  return { metadata, now: () => clock.now(), close: () => metadata.close() };
});
