import fc from 'fast-check';
import type { LifecycleConfiguration, LifecycleFilter, LifecycleRule } from '../lifecycle/types.ts';

export const NO_FILTER: LifecycleFilter = { prefix: null, tags: [], sizeGreaterThan: null, sizeLessThan: null };

/** An enabled rule for everything that does nothing yet. */
export function rule(changes: Partial<LifecycleRule> = {}): LifecycleRule {
  return {
    id: 'rule',
    enabled: true,
    legacyPrefix: false,
    filter: NO_FILTER,
    expiration: null,
    noncurrentExpiration: null,
    transitions: [],
    noncurrentTransitions: [],
    abortUploadDays: null,
    ...changes,
  };
}

export function configuration(...rules: readonly LifecycleRule[]): LifecycleConfiguration {
  return { rules, transitionMinimum: 'varies_by_storage_class' };
}

const days = fc.integer({ min: 0, max: 10 });
const time = fc.oneof(
  fc.record({ kind: fc.constant('days' as const), days }),
  fc.record({
    kind: fc.constant('date' as const),
    atMs: fc.integer({ min: -10, max: 30_000 }).map((d) => d * 86_400_000),
  }),
);
const wait = { days, newerVersions: fc.option(fc.integer({ min: 1, max: 5 })) };
const storageClass = fc.constantFrom('A', 'B', 'C');

/** Any configuration that can be written down, sensible or not. Class names are A to C, prefixes and tags short. */
export const anyConfiguration: fc.Arbitrary<LifecycleConfiguration> = fc.record({
  transitionMinimum: fc.constantFrom('all_storage_classes_128K' as const, 'varies_by_storage_class' as const),
  rules: fc.array(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 5 }),
      enabled: fc.boolean(),
      legacyPrefix: fc.constant(false),
      filter: fc.record({
        prefix: fc.option(fc.constantFrom('', 'a', 'ab', 'b')),
        tags: fc.subarray([
          { key: 'k', value: 'v' },
          { key: 'l', value: 'w' },
        ]),
        sizeGreaterThan: fc.option(fc.integer({ min: 0, max: 200_000 })),
        sizeLessThan: fc.option(fc.integer({ min: 1, max: 200_000 })),
      }),
      expiration: fc.option(fc.oneof(time, fc.record({ kind: fc.constant('marker' as const), remove: fc.boolean() }))),
      noncurrentExpiration: fc.option(fc.record(wait)),
      transitions: fc.array(fc.record({ when: time, storageClass }), { maxLength: 3 }),
      noncurrentTransitions: fc.array(fc.record({ ...wait, storageClass }), { maxLength: 3 }),
      abortUploadDays: fc.option(days),
    }),
    { maxLength: 4 },
  ),
});
