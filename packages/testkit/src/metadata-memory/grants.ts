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
    async takeGrants(agentId, epoch, limit) {
      const { agent } = state.agents.get(agentId) ?? {};
      if (agent?.state !== 'active' || agent.epoch !== epoch) return [];
      const now = state.clock.now();
      const theirs = [...state.grants].filter(([, grant]) => grant.agentId === agentId);
      for (const [key, { untilMs }] of theirs) if (untilMs <= now) state.grants.delete(key);
      const taken = theirs
        .filter(([, { untilMs }]) => untilMs > now)
        .sort(([, a], [, b]) => a.untilMs - b.untilMs)
        .slice(0, limit);
      for (const [key] of taken) state.grants.delete(key);
      return taken.map(([, { jobId, sealed }]) => ({ jobId, sealed }));
    },
  };
}
