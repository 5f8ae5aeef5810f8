import type { MetadataGrants } from '@sealgate/core/ports';
import { fail, type MemoryState } from './state.ts';

export function createGrants(state: MemoryState): MetadataGrants {
  return {
    async offerGrant({ jobId, agentId, sealed, goodMs }) {
      const job = state.askedJobs.get(jobId) ?? fail('NotFound');
      if (job.state !== 'waiting') fail('Conflict');
      const { agent } = state.agents.get(agentId) ?? fail('NotFound');
      if (agent.state !== 'active') fail('Conflict');
      state.grants.set(`${jobId} ${agentId}`, { jobId, agentId, sealed, untilMs: state.clock.now() + goodMs });
    },
    async takeGrants(agentId, epoch) {
      const { agent } = state.agents.get(agentId) ?? {};
      if (agent?.state !== 'active' || agent.epoch !== epoch) return [];
      const theirs = [...state.grants].filter(([, grant]) => grant.agentId === agentId);
      for (const [key] of theirs) state.grants.delete(key);
      return theirs
        .filter(([, { untilMs }]) => untilMs > state.clock.now())
        .map(([, { jobId, sealed }]) => ({ jobId, sealed }));
    },
  };
}
