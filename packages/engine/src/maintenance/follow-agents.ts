import { healthByAgents } from '@sealgate/core/health';
import type { AuditActor, BackendState, Metadata } from '@sealgate/core/ports';

export interface FollowAgentsDeps {
  readonly metadata: Pick<
    Metadata,
    'databaseTime' | 'hurryRepairs' | 'listAgents' | 'listBackends' | 'setBackendState'
  >;
}

/** What a process may learn; an operator's words (draining, retired) are not overwritten. */
const LEARNED: readonly BackendState[] = ['healthy', 'degraded', 'unhealthy', 'recovering'];

const ACTOR: AuditActor = { kind: 'system', id: 'backend-health', requestId: '-' };

/**
 * Writes down how the backends are that no gateway can ask, as the agents that hold them say. Several processes may do it:
 * the change is made by one of them.
 *
 * @returns how many changed their state
 */
export async function followAgents({ metadata }: FollowAgentsDeps): Promise<number> {
  const theirs = (await metadata.listBackends()).filter(
    ({ custody, state }) => custody === 'agent' && LEARNED.includes(state),
  );
  if (theirs.length === 0) return 0;
  const [agents, nowMs] = await Promise.all([metadata.listAgents(), metadata.databaseTime()]);
  let changed = 0;
  for (const backend of theirs) {
    const { state, reason } = healthByAgents(backend, agents, nowMs);
    if (state === backend.state) continue;
    if (!(await metadata.setBackendState(backend.id, { from: [backend.state], to: state, reason }, ACTOR))) continue;
    changed += 1;
    // It is back: what is owed to it need not wait for the queue's patience.
    if (state === 'healthy') await metadata.hurryRepairs(backend.id);
  }
  return changed;
}
