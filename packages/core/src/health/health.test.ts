import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from '../faults/index.ts';
import type { BackendState } from '../ports/index.ts';
import {
  availability,
  type HealthEvent,
  type HealthRecord,
  type HealthSample,
  healthTransitions,
  newHealthRecord,
  nextHealthState,
  observe,
  readRank,
  sampleOfFault,
  takesWrites,
  defaultHealthThresholds as thresholds,
} from './index.ts';

const states = Object.keys(healthTransitions) as BackendState[];
const evidence: readonly HealthEvent[] = ['answered', 'missed', 'faltered', 'failed', 'steadied'];
const good: HealthSample = { kind: 'good', latencyMs: 10 };
const bad: HealthSample = { kind: 'bad' };
const slow: HealthSample = { kind: 'slow' };
const late: HealthSample = { kind: 'late', latencyMs: 100 };

function after(start: HealthRecord, ...samples: readonly HealthSample[]): HealthRecord {
  return samples.reduce((record, sample) => observe(record, sample, thresholds), start);
}

function times(count: number, sample: HealthSample): HealthSample[] {
  return Array.from({ length: count }, () => sample);
}

const anySample = fc.oneof(
  fc.constant<HealthSample>(bad),
  fc.constant<HealthSample>(slow),
  fc.record({ kind: fc.constant('good' as const), latencyMs: fc.integer({ min: 0, max: 60_000 }) }),
  fc.record({ kind: fc.constant('full' as const), nowMs: fc.integer({ min: 0, max: 1_000_000 }) }),
);

describe('a lost race', () => {
  it('raises the latency, never lowers it, and says nothing about health', () => {
    const known = after(newHealthRecord('healthy'), good);
    expect(after(known, late)).toEqual({ ...known, latencyMs: 10 + 90 * thresholds.averageWeight });
    expect(after(known, { kind: 'late', latencyMs: 5 })).toEqual(known);
    expect(after(newHealthRecord('unhealthy'), late)).toMatchObject({ state: 'unhealthy', latencyMs: 100, calls: 0 });
  });
});

describe('the table', () => {
  it('never refuses evidence, whatever the state', () => {
    for (const state of states) {
      for (const event of evidence) expect(nextHealthState(state, event)).not.toBeNull();
    }
  });

  it('lets only an operator begin and end draining', () => {
    for (const state of states) {
      for (const event of evidence) {
        const next = healthTransitions[state][event];
        expect(next === 'draining').toBe(state === 'draining');
        expect(next === 'retired').toBe(state === 'retired');
      }
    }
  });

  it('retires a backend only out of draining, and for ever', () => {
    for (const state of states) {
      expect(healthTransitions[state].retire).toBe(state === 'draining' || state === 'retired' ? 'retired' : null);
    }
    expect(new Set(Object.values(healthTransitions.retired))).toEqual(new Set(['retired', null]));
  });

  it('refuses an impossible word with a Fault that says why', () => {
    expect(() => nextHealthState('healthy', 'retire')).toThrow(/healthy cannot be told to retire/);
    try {
      nextHealthState('retired', 'drain');
      expect.unreachable();
    } catch (error) {
      expect(isFault(error, 'Conflict')).toBe(true);
    }
  });

  it('ranks every state for reads and opens only two for writes', () => {
    expect(states.filter(takesWrites)).toEqual(['healthy', 'degraded']);
    expect(new Set(states.map((state) => readRank[state])).size).toBe(states.length);
  });
});

describe('observe', () => {
  it('gives a backend up after three failures in a row, not after two', () => {
    expect(after(newHealthRecord('healthy'), bad, bad).state).toBe('healthy');
    expect(after(newHealthRecord('healthy'), bad, bad, bad).state).toBe('unhealthy');
  });

  it('degrades on scattered failures and clears the name after a run of good calls', () => {
    const shaky = after(newHealthRecord('healthy'), bad, good, bad, good, bad);
    expect(shaky.state).toBe('degraded');
    expect(after(shaky, ...times(thresholds.steadyRun - 1, good)).state).toBe('degraded');
    expect(after(shaky, ...times(thresholds.steadyRun, good)).state).toBe('healthy');
  });

  it('does not call slowness a failure in a row', () => {
    expect(after(newHealthRecord('healthy'), ...times(5, slow)).state).toBe('degraded');
  });

  it('comes back through recovering, and falls back on the first miss there', () => {
    const gone = after(newHealthRecord('healthy'), bad, bad, bad);
    const back = after(gone, good);
    expect(back.state).toBe('recovering');
    expect(after(back, bad).state).toBe('unhealthy');
    expect(after(back, good, good).state).toBe('recovering');
    expect(after(back, good, good, good).state).toBe('healthy');
  });

  it('comes back as fast after a long absence as after a short one', () => {
    const gone = after(newHealthRecord('healthy'), ...times(500, bad));
    expect(after(gone, ...times(1 + thresholds.recoveredRun, good)).state).toBe('healthy');
  });

  it('gives up a backend that fails more than half of its calls without ever failing three in a row', () => {
    const samples = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? good : bad));
    expect(after(newHealthRecord('degraded'), ...samples).state).toBe('unhealthy');
  });

  it('pauses writes to a full backend without touching its health', () => {
    const full = after(newHealthRecord('healthy'), { kind: 'full', nowMs: 5 });
    expect(full.state).toBe('healthy');
    expect(full.fullUntilMs).toBe(5 + thresholds.fullPauseMs);
  });

  it('averages what it measures', () => {
    const record = after(
      newHealthRecord('healthy'),
      { kind: 'good', latencyMs: 100 },
      { kind: 'good', latencyMs: 200 },
    );
    expect(record.latencyMs).toBeCloseTo(120);
    expect(record.bytesPerSecond).toBeUndefined();
    expect(availability(after(record, bad))).toBeCloseTo(2 / 3);
    expect(availability(newHealthRecord('healthy'))).toBeUndefined();
  });

  it('property: a draining or retired backend stays so; enough good calls always lead to healthy', () => {
    fc.assert(
      fc.property(fc.constantFrom(...states), fc.array(anySample, { maxLength: 80 }), (start, samples) => {
        const record = after(newHealthRecord(start), ...samples);
        if (start === 'draining' || start === 'retired') {
          expect(record.state).toBe(start);
          return;
        }
        expect(record.state).not.toBe('draining');
        expect(record.state).not.toBe('retired');
        expect(after(record, ...times(32 + thresholds.steadyRun, good)).state).toBe('healthy');
        const gone = after(record, ...times(thresholds.failedRun, bad));
        expect(gone.state).toBe('unhealthy');
        expect(after(gone, ...times(1 + thresholds.recoveredRun, good)).state).toBe('healthy');
        expect(record.calls).toBeLessThanOrEqual(32);
        expect(availability(record) ?? 1).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('sampleOfFault', () => {
  it('counts only what the backend is to blame for', () => {
    expect(sampleOfFault('BackendTimeout', 0)?.kind).toBe('bad');
    expect(sampleOfFault('BackendRefused', 0)?.kind).toBe('bad');
    expect(sampleOfFault('BackendFull', 7)).toEqual({ kind: 'full', nowMs: 7 });
    expect(sampleOfFault('BackendCorrupt', 0)?.kind).toBe('slow');
    expect(sampleOfFault('BlobMissing', 0)).toBeUndefined();
    expect(sampleOfFault('BucketNameTaken', 0)).toBeUndefined();
  });
});
