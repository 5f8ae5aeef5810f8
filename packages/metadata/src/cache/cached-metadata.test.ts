import { systemClock } from '@sealgate/core/ports';
import { describeMetadata } from '@sealgate/testkit/contracts';
import { createMemoryMetadata } from '@sealgate/testkit/metadata-memory';
import { createCachedMetadata } from './cached-metadata.ts';

// Whoever asks through the cache must not notice it.
describeMetadata('behind the cache', () =>
  Promise.resolve({
    metadata: createCachedMetadata(
      createMemoryMetadata({ clock: systemClock, deletionGraceMs: 0, pendingGraceMs: 0 }),
      systemClock,
    ),
    now: () => systemClock.now(),
    close: () => Promise.resolve(),
  }),
);
