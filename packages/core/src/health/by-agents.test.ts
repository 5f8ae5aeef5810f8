import { describe, expect, test } from 'vitest';
import { parseBackendId } from '../names/index.ts';
import type { Agent } from '../ports/index.ts';
import { healthByAgents } from './by-agents.ts';

const id = parseBackendId('vault');
const now = 1_000_000;
const agent = (facts: Partial<Agent> = {}): Agent => ({
  id: 'keeper',
  state: 'active',
  publicKey: null,
  encryptionKey: null,
  kinds: ['repair'],
  backends: null,
  epoch: 1,
  reported: { vault: { ok: true, latencyMs: 1 } },
  enrolmentExpiresAtMs: null,
  lastSeenAtMs: now - 1000,
  createdAtMs: 0,
  ...facts,
});
const bad = { vault: { ok: false, latencyMs: 0 } };

describe('a backend that only agents reach', () => {
  test.each<[string, readonly Agent[], string | null, 'healthy' | 'unhealthy']>([
    ['found well', [agent()], null, 'healthy'],
    ['found well by the one it names', [agent()], 'keeper', 'healthy'],
    ['found well by one of two', [agent({ reported: bad }), agent({ id: 'other' })], null, 'healthy'],
    ['found bad', [agent({ reported: bad })], null, 'unhealthy'],
    ['held by nobody', [], null, 'unhealthy'],
    ['not held by an agent that is there', [agent({ reported: {} })], null, 'unhealthy'],
    ['named to be of another one', [agent()], 'other', 'unhealthy'],
    ['not heard of', [agent({ lastSeenAtMs: now - 30_001 })], null, 'unhealthy'],
    ['never heard of', [agent({ lastSeenAtMs: null })], null, 'unhealthy'],
    ['of a disabled agent', [agent({ state: 'disabled' })], null, 'unhealthy'],
    ['not given to the agent', [agent({ backends: [parseBackendId('else')] })], null, 'unhealthy'],
    ['given to the agent', [agent({ backends: [id] })], null, 'healthy'],
  ])('%s', (_what, agents, agentId, state) => {
    const found = healthByAgents({ id, agentId }, agents, now);
    expect(found.state).toBe(state);
    expect(found.reason).not.toBe('');
  });
});
