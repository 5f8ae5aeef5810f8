import { createHash } from 'node:crypto';
import type { BackendId } from '@sealgate/core/names';
import type { NewAgent, Worker } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, replicas, type World } from './context.ts';

export function describeAgents(world: World): void {
  const metadata = () => world.metadata();
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const key = (byte: number) => new Uint8Array(32).fill(byte);
  const from = { requestId: 'request-2' };

  async function make(changes: Partial<NewAgent> = {}) {
    const id = world.unused('agent-');
    const facts = { kinds: ['repair', 'replicate'] as const, backends: null, enrolmentMs: 60_000 };
    const agent = await metadata().createAgent({ id, ...facts, enrolmentHash: hash(id), ...changes }, actor);
    return { agent, enrolmentHash: hash(id) };
  }
  async function enrolled(): Promise<string> {
    const { agent, enrolmentHash } = await make();
    await metadata().enrolAgent({ enrolmentHash, publicKey: key(1), encryptionKey: key(2), actor: from });
    return agent.id;
  }
  const session = (
    id: string,
    changes: { readonly epoch?: number; readonly jti?: string; readonly token?: string } = {},
  ) =>
    metadata().openAgentSession({
      id,
      jti: changes.jti ?? world.unused('jti-'),
      assertionMs: 60_000,
      tokenHash: hash(changes.token ?? world.unused('token-')),
      tokenMs: 60_000,
      epoch: changes.epoch ?? null,
    });

  describe('agents', () => {
    it('enrol once, with the token that was made for them, in time', async () => {
      const { agent, enrolmentHash } = await make({ backends: ['a' as BackendId], kinds: ['repair'] });
      expect(agent).toMatchObject({
        state: 'enrolling',
        publicKey: null,
        epoch: 0,
        backends: ['a'],
        kinds: ['repair'],
      });
      const request = { enrolmentHash, publicKey: key(1), encryptionKey: key(2), actor: from };
      expect(await metadata().enrolAgent({ ...request, enrolmentHash: hash('guess') })).toBeUndefined();
      expect(await metadata().enrolAgent(request)).toMatchObject({ id: agent.id, state: 'active' });
      expect(await metadata().enrolAgent(request)).toBeUndefined();
      expect(Buffer.from((await metadata().agent(agent.id))?.publicKey ?? [])).toEqual(Buffer.from(key(1)));
      const late = await make({ enrolmentMs: 0 });
      expect(await metadata().enrolAgent({ ...request, enrolmentHash: late.enrolmentHash })).toBeUndefined();
      expect(await faultOf(make({ id: agent.id }))).toBe('Conflict');
      expect((await metadata().listAgents()).map(({ id }) => id)).toContain(agent.id);
    });

    it('have one life at a time; an assertion is good once', async () => {
      const id = await enrolled();
      expect(await session(id, { token: `${id} first`, jti: 'one' })).toEqual({ kind: 'open', epoch: 1 });
      expect(await session(id, { jti: 'one' })).toEqual({ kind: 'replayed' });
      expect(await metadata().agentByToken(hash(`${id} first`))).toMatchObject({ agent: { id }, epoch: 1 });
      expect(await session(id, { epoch: 1, token: `${id} renewed` })).toEqual({ kind: 'open', epoch: 1 });
      expect(await metadata().agentByToken(hash(`${id} first`))).toBeDefined();
      expect(await session(id)).toEqual({ kind: 'open', epoch: 2 });
      expect(await metadata().agentByToken(hash(`${id} renewed`))).toBeUndefined();
      expect(await session(id, { epoch: 1 })).toEqual({ kind: 'refused' });
      expect(await session('nobody')).toEqual({ kind: 'refused' });
    });

    it('are told apart by life: what an earlier one holds or says counts for nothing', async () => {
      const id = await enrolled();
      const [, b] = await world.backends();
      const request = await world.version(await world.bucket(), 'key', {
        replicas: replicas(await world.backends(), 'stored', 'missing'),
      });
      await session(id);
      await metadata().commitVersion(request);
      const all = (await world.backends()).map((backend) => backend.id);
      const able = { writes: all, reads: all };
      const lease = async (worker: Worker) =>
        (await metadata().leaseRepairs({ worker, limit: 1000, leaseMs: 60_000, able, kinds: ['repair'] })).find(
          (one) => one.blobId === request.blobId,
        );
      const old = { name: id, epoch: 1 };
      const held = await lease(old);
      if (held === undefined) throw new Error('a lease');
      await session(id);
      const copy = { backend: b.id, shard: 0, state: 'stored' } as const;
      expect(await metadata().markLeased(old, held, copy)).toBe('stale');
      expect(await lease(old)).toBeUndefined();
      await metadata().reportAgent(id, 1, { a: { ok: true, latencyMs: 1 } });
      expect((await metadata().agent(id))?.reported).toEqual({});
      const now = { name: id, epoch: 2 };
      const fresh = await lease(now);
      if (fresh === undefined) throw new Error('The new life does not get what the old one held.');
      await metadata().setAgentState(id, 'disabled', actor);
      expect(await metadata().markLeased(now, fresh, copy)).toBe('stale');
      expect(await metadata().endLease(now, fresh, { kind: 'done' })).toBe(false);
      expect(await lease(now)).toBeUndefined();
      expect(await session(id)).toEqual({ kind: 'refused' });
      await metadata().setAgentState(id, 'active', actor);
      expect(await session(id)).toEqual({ kind: 'open', epoch: 3 });
    });

    it('report what they find', async () => {
      const id = await enrolled();
      await session(id);
      await metadata().reportAgent(id, 1, { a: { ok: false, latencyMs: 12 } });
      expect(await metadata().agent(id)).toMatchObject({ reported: { a: { ok: false, latencyMs: 12 } } });
    });

    it('go, unless a backend is in their custody', async () => {
      const id = await enrolled();
      const backend = await world.backend({ custody: 'agent', agentId: id, credentials: null });
      expect((await metadata().listBackends()).find((one) => one.id === backend.id)?.agentId).toBe(id);
      expect(await faultOf(metadata().removeAgent(id, actor))).toBe('Conflict');
      await metadata().setBackendState(backend.id, { from: ['healthy'], to: 'retired', reason: '' }, actor);
      await metadata().removeAgent(id, actor);
      expect(await metadata().agent(id)).toBeUndefined();
      expect(await faultOf(metadata().removeAgent(id, actor))).toBe('NotFound');
      expect(await faultOf(metadata().setAgentState(id, 'disabled', actor))).toBe('NotFound');
      const { agent } = await make();
      expect(await faultOf(metadata().setAgentState(agent.id, 'active', actor))).toBe('Conflict');
    });

    it('background work has its limits on each backend', async () => {
      const { id } = await world.backend();
      const limits = { bytesPerSecond: 5_000_000_000, concurrency: 3 };
      await metadata().setBackgroundLimits(id, limits, actor);
      const of = async () => (await metadata().listBackends()).find((one) => one.id === id)?.background;
      expect(await of()).toEqual(limits);
      await metadata().setBackgroundLimits(id, { bytesPerSecond: null, concurrency: null }, actor);
      expect(await of()).toEqual({ bytesPerSecond: null, concurrency: null });
      expect(await faultOf(metadata().setBackgroundLimits('none' as BackendId, limits, actor))).toBe('NoSuchBackend');
    });
  });
}
