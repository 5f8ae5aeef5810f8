import type { AgentReport, AuditActor } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import { createMemoryMetadata } from '@sealgate/testkit/metadata-memory';
import { expect, test } from 'vitest';
import { backend } from '../testing/fixtures.ts';
import { followAgents } from './follow-agents.ts';

const actor: AuditActor = { kind: 'admin', id: 'test', requestId: '-' };

test('a backend that only an agent reaches is as the agent says, and nothing else is touched', async () => {
  const clock = createVirtualClock();
  const metadata = createMemoryMetadata({ clock });
  const vault = await metadata.createBackend(backend('vault', { custody: 'agent', agentId: 'keeper' }), actor);
  const own = await metadata.createBackend(backend('own'), actor);
  const stateOf = async (id: string) => (await metadata.listBackends()).find((one) => one.id === id)?.state;
  expect(await followAgents({ metadata })).toBe(1);
  expect([await stateOf('vault'), await stateOf('own')]).toEqual(['unhealthy', 'healthy']);
  expect(await followAgents({ metadata })).toBe(0);

  const hash = new Uint8Array(32).fill(1);
  await metadata.createAgent(
    { id: 'keeper', kinds: ['repair'], backends: null, enrolmentHash: hash, enrolmentMs: 60_000 },
    actor,
  );
  const keys = { publicKey: hash, encryptionKey: hash };
  await metadata.enrolAgent({ enrolmentHash: hash, ...keys, actor: { requestId: '-' } });
  const session = { id: 'keeper', jti: 'a', assertionMs: 1000, tokenHash: hash, tokenMs: 60_000, epoch: null };
  const opened = await metadata.openAgentSession(session);
  if (opened.kind !== 'open') throw new Error('The agent has no session.');
  const report = (found: AgentReport) => metadata.reportAgent('keeper', opened.epoch, { vault: found, own: found });
  await report({ ok: true, latencyMs: 3 });
  expect(await followAgents({ metadata })).toBe(1);
  expect(await stateOf('vault')).toBe('healthy');
  await report({ ok: false, latencyMs: 3 });
  await followAgents({ metadata });
  expect([await stateOf('vault'), await stateOf('own')]).toEqual(['unhealthy', 'healthy']);

  // An operator's word stays.
  await metadata.setBackendState(vault.id, { from: ['unhealthy'], to: 'draining', reason: '' }, actor);
  await report({ ok: true, latencyMs: 3 });
  expect(await followAgents({ metadata })).toBe(0);
  expect(await stateOf('vault')).toBe('draining');
  await metadata.setBackendState(vault.id, { from: ['draining'], to: 'recovering', reason: '' }, actor);
  await followAgents({ metadata });
  expect(await stateOf('vault')).toBe('healthy');
  await clock.advance(31_000);
  await followAgents({ metadata });
  expect([await stateOf('vault'), await stateOf(own.id)]).toEqual(['unhealthy', 'healthy']);
});
