import type { Agent, Backend, BackendState } from '../ports/index.ts';

/**
 * An agent reports every second. After so long it counts as gone: long enough for a restart, and for a gateway of its that
 * is away for a moment.
 */
const SILENT_MS = 30_000;

export interface HealthByAgents {
  readonly state: Extract<BackendState, 'healthy' | 'unhealthy'>;
  /** For the log of changes. */
  readonly reason: string;
}

/**
 * How a backend is that only agents can reach, by what those that hold it said last: healthy when one of them finds it so.
 * An agent counts when it is active, was heard of lately, was given the backend and, where the backend names its
 * agent, is that one.
 */
export function healthByAgents(
  { id, agentId }: Pick<Backend, 'id' | 'agentId'>,
  agents: readonly Pick<Agent, 'id' | 'state' | 'backends' | 'reported' | 'lastSeenAtMs'>[],
  nowMs: number,
): HealthByAgents {
  const holders = agents.filter(
    (agent) =>
      agent.state === 'active' &&
      agent.lastSeenAtMs !== null &&
      nowMs - agent.lastSeenAtMs <= SILENT_MS &&
      (agent.backends === null || agent.backends.includes(id)) &&
      (agentId === undefined || agentId === null || agentId === agent.id) &&
      Object.hasOwn(agent.reported, id),
  );
  const finds = holders.find(({ reported }) => reported[id]?.ok === true);
  if (finds !== undefined) return { state: 'healthy', reason: `agent "${finds.id}" finds it well` };
  const [holder] = holders;
  return {
    state: 'unhealthy',
    reason: holder === undefined ? 'no agent that holds it was heard of lately' : `agent "${holder.id}" cannot use it`,
  };
}
