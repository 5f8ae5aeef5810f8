import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LifecyclePosition, readPosition, writePosition } from './position.ts';

const startedMs = fc.integer({ min: 0 });
const key = fc.string({ minLength: 1 });
const after = fc.option(
  fc.record({ key, seq: fc.bigInt({ min: 1n, max: 2n ** 62n }), modifiedAtMs: startedMs, noncurrent: fc.nat() }),
);
const stage = fc.oneof(
  fc.record({ kind: fc.constant('versions' as const), prefix: fc.string(), after }),
  fc.record({ kind: fc.constant('uploads' as const), keyMarker: fc.string(), uploadIdMarker: fc.string() }),
);
const position: fc.Arbitrary<LifecyclePosition> = fc.oneof(
  fc.record({ phase: fc.constant('waiting' as const), startedMs }),
  fc.record({ phase: fc.constant('walking' as const), startedMs, bucketId: fc.nat(), stage: fc.option(stage) }),
);

describe('a position', () => {
  it('survives JSON', () => {
    fc.assert(
      fc.property(position, (each) => {
        const kept: unknown = JSON.parse(JSON.stringify(writePosition(each)));
        expect(readPosition(kept)).toEqual(each);
      }),
    );
  });

  it('that nobody understands begins anew', () => {
    fc.assert(
      fc.property(fc.anything(), (saved) => {
        expect(['waiting', 'walking']).toContain(readPosition(saved).phase);
      }),
    );
    expect(readPosition(null)).toEqual({ phase: 'waiting', startedMs: 0 });
    expect(readPosition({ phase: 'walking', startedMs: 1, bucketId: 2, stage: { kind: 'new' } })).toEqual({
      phase: 'walking',
      startedMs: 1,
      bucketId: 2,
      stage: null,
    });
  });
});
