import { Fault } from '../faults/index.ts';
import type { BackendState } from '../ports/model.ts';

/**
 * What a backend's state answers to. The first five are conclusions from evidence (see `evidence.ts`), the last three
 * are an operator's words. The specification with its invariants is docs/spec/backend-health.md.
 */
export type HealthEvent =
  /** A call went well; nothing more can be concluded yet. */
  | 'answered'
  /** A call failed; nothing more can be concluded yet. */
  | 'missed'
  /** Failures are frequent. */
  | 'faltered'
  /** It is as good as gone. */
  | 'failed'
  /** It has answered well for so long that its past no longer counts. */
  | 'steadied'
  | 'drain'
  | 'resume'
  | 'retire';

/** Every state answers every event; `null` refuses it. Only an operator's word can be refused. */
export const healthTransitions: Readonly<Record<BackendState, Readonly<Record<HealthEvent, BackendState | null>>>> = {
  healthy: {
    answered: 'healthy',
    missed: 'healthy',
    faltered: 'degraded',
    failed: 'unhealthy',
    steadied: 'healthy',
    drain: 'draining',
    resume: null,
    retire: null,
  },
  degraded: {
    answered: 'degraded',
    missed: 'degraded',
    faltered: 'degraded',
    failed: 'unhealthy',
    steadied: 'healthy',
    drain: 'draining',
    resume: null,
    retire: null,
  },
  unhealthy: {
    answered: 'recovering',
    missed: 'unhealthy',
    faltered: 'unhealthy',
    failed: 'unhealthy',
    steadied: 'recovering',
    drain: 'draining',
    resume: null,
    retire: null,
  },
  recovering: {
    answered: 'recovering',
    missed: 'unhealthy',
    faltered: 'unhealthy',
    failed: 'unhealthy',
    steadied: 'healthy',
    drain: 'draining',
    resume: null,
    retire: null,
  },
  draining: {
    answered: 'draining',
    missed: 'draining',
    faltered: 'draining',
    failed: 'draining',
    steadied: 'draining',
    drain: 'draining',
    resume: 'recovering',
    retire: 'retired',
  },
  retired: {
    answered: 'retired',
    missed: 'retired',
    faltered: 'retired',
    failed: 'retired',
    steadied: 'retired',
    drain: null,
    resume: null,
    retire: 'retired',
  },
};

/** @throws Fault Conflict when the state refuses the operator's word. */
export function nextHealthState(state: BackendState, event: HealthEvent): BackendState {
  const next = healthTransitions[state][event];
  if (next === null) throw new Fault('Conflict', `A backend that is ${state} cannot be told to ${event}.`);
  return next;
}

/** New blobs may be written there. */
export function takesWrites(state: BackendState): boolean {
  return state === 'healthy' || state === 'degraded';
}

/** Order in which replicas are read: lower first. Retired backends hold nothing; they come last. */
export const readRank: Readonly<Record<BackendState, number>> = {
  healthy: 0,
  degraded: 1,
  draining: 2,
  recovering: 3,
  unhealthy: 4,
  retired: 5,
};
