import { systemClock } from '@sealgate/core/ports';
import { describeBackendDriver } from '@sealgate/testkit/contracts';
import { createMemoryDriver } from './memory-driver.ts';

describeBackendDriver('memory', { refusesOverwrite: true, holdsWrites: false, aheadBytesMax: 0 }, async () => {
  const driver = createMemoryDriver({ clock: systemClock });
  return { driver, dispose: () => driver.close() };
});
