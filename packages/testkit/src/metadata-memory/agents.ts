import type { Agent, MetadataAgents } from '@sealgate/core/ports';
import { fail, type MemoryState, type StoredAgent } from './state.ts';

export function createAgents(state: MemoryState): MetadataAgents {
  const require = (id: string): StoredAgent => state.agents.get(id) ?? fail('NotFound');
  const change = (stored: StoredAgent, changes: Partial<Agent>): void => {
    stored.agent = { ...stored.agent, ...changes };
  };
  /** What it held is free at once. */
  const free = (id: string): void => {
    for (const job of state.jobs.values()) {
      if (job.lease?.worker.name === id && job.lease.worker.epoch > 0) {
        job.startAtMs = Math.min(job.startAtMs, state.clock.now());
      }
    }
  };

  return {
    async createAgent({ id, kinds, backends, enrolmentHash, enrolmentMs }) {
      if (state.agents.has(id)) fail('Conflict');
      const now = state.clock.now();
      const keys = { publicKey: null, encryptionKey: null, reported: {}, lastSeenAtMs: null };
      const times = { createdAtMs: now, enrolmentExpiresAtMs: now + enrolmentMs };
      const agent: Agent = { id, state: 'enrolling', kinds, backends, epoch: 0, ...keys, ...times };
      const empty = { assertions: new Map<string, number>(), tokens: new Map<string, never>() };
      state.agents.set(id, { agent, enrolmentHash: hex(enrolmentHash), ...empty });
      return agent;
    },
    async enrolAgent({ enrolmentHash, publicKey, encryptionKey }) {
      const now = state.clock.now();
      for (const stored of state.agents.values()) {
        if (stored.enrolmentHash !== hex(enrolmentHash) || (stored.agent.enrolmentExpiresAtMs ?? 0) <= now) continue;
        stored.enrolmentHash = null;
        change(stored, { state: 'active', publicKey, encryptionKey, enrolmentExpiresAtMs: null });
        return stored.agent;
      }
      return undefined;
    },
    agent: async (id) => state.agents.get(id)?.agent,
    listAgents: async () => [...state.agents.values()].map(({ agent }) => agent).sort((a, b) => (a.id < b.id ? -1 : 1)),
    async setAgentState(id, to) {
      const stored = require(id);
      if (stored.agent.state === 'enrolling') fail('Conflict');
      change(stored, { state: to });
      if (to === 'active') return;
      stored.tokens.clear();
      free(id);
    },
    async removeAgent(id) {
      require(id);
      if ([...state.backends.values()].some((backend) => backend.agentId === id && backend.state !== 'retired'))
        fail('Conflict');
      free(id);
      state.agents.delete(id);
    },
    async openAgentSession({ id, jti, assertionMs, tokenHash, tokenMs, epoch }) {
      const stored = state.agents.get(id);
      const now = state.clock.now();
      if (stored?.agent.state !== 'active' || (epoch !== null && epoch !== stored.agent.epoch))
        return { kind: 'refused' };
      for (const [used, untilMs] of stored.assertions) if (untilMs < now) stored.assertions.delete(used);
      if (stored.assertions.has(jti)) return { kind: 'replayed' };
      stored.assertions.set(jti, now + assertionMs);
      if (epoch === null) {
        stored.tokens.clear();
        free(id);
      }
      const session = stored.agent.epoch + (epoch === null ? 1 : 0);
      change(stored, { epoch: session, lastSeenAtMs: now });
      stored.tokens.set(hex(tokenHash), { epoch: session, untilMs: now + tokenMs });
      return { kind: 'open', epoch: session };
    },
    async agentByToken(tokenHash) {
      for (const { agent, tokens } of state.agents.values()) {
        const token = tokens.get(hex(tokenHash));
        if (token === undefined || token.untilMs <= state.clock.now()) continue;
        return agent.state === 'active' && token.epoch === agent.epoch ? { agent, epoch: token.epoch } : undefined;
      }
      return undefined;
    },
    async reportAgent(id, epoch, reported) {
      const stored = state.agents.get(id);
      if (stored?.agent.state !== 'active' || stored.agent.epoch !== epoch) return;
      change(stored, { reported, lastSeenAtMs: state.clock.now() });
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
