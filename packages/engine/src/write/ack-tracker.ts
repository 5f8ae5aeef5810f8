import type { AckRule } from '@sealgate/core/ack';
import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { Backend, Clock } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import { createChange } from './change.ts';

/**
 * The copies of one write. States of a copy: writing -> stored | failed. `failed` also covers what was detached for
 * slowness; whether bytes landed there is unknown, so it counts as missing and, after a refused write, as rubbish.
 */
export type CopyState = 'writing' | 'stored' | 'failed';

export interface AckTracker {
  begin(backend: Backend): void;
  settle(backend: Backend, state: 'stored' | 'failed'): void;
  state(backend: BackendId): CopyState | undefined;
  backends(state: CopyState): readonly Backend[];
  /** True when the rule can still hold. */
  possible(): boolean;
  /** Resolves when the rule holds and the rest had its linger. @throws Fault AckRuleFailed as soon as it cannot hold */
  held(signal: AbortSignal): Promise<void>;
}

export function createAckTracker(options: {
  readonly rule: AckRule;
  readonly clock: Clock;
  readonly limits: EngineLimits;
}): AckTracker {
  const { rule, clock, limits } = options;
  const copies = new Map<BackendId, { readonly backend: Backend; state: CopyState }>();
  const startedMs = clock.monotonic();
  const change = createChange(clock);

  const backends = (state: CopyState): Backend[] =>
    [...copies.values()].filter((c) => c.state === state).map((c) => c.backend);
  const evaluate = () => rule.evaluate(backends('stored'), backends('writing'));

  return {
    begin(backend) {
      copies.set(backend.id, { backend, state: 'writing' });
    },
    settle(backend, state) {
      const copy = copies.get(backend.id);
      if (copy?.state !== 'writing') return;
      copy.state = state;
      change.notify();
    },
    state: (id) => copies.get(id)?.state,
    backends,
    possible: () => evaluate() !== 'impossible',
    async held(signal) {
      for (let state = evaluate(); state !== 'held'; state = evaluate()) {
        const moved = state === 'possible' && (await change.wait(limits.writeStallMs, signal));
        if (!moved) {
          throw new Fault('AckRuleFailed', 'Too few storage locations confirmed the data. Please try again.', {
            rule: rule.text,
          });
        }
      }
      const lingerMs = Math.min(limits.lingerMsMax, limits.lingerShare * (clock.monotonic() - startedMs) + 1);
      const until = clock.monotonic() + lingerMs;
      while (backends('writing').length > 0) {
        const left = until - clock.monotonic();
        if (left <= 0 || !(await change.wait(left, signal))) return;
      }
    },
  };
}
