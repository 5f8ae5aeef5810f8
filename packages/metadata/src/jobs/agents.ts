import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { Agent, AgentReport, JobKind, MetadataAgents } from '@sealgate/core/ports';
import { accepted, type Context, orConflict } from '../context.ts';

interface AgentRow {
  readonly id: string;
  readonly state: Agent['state'];
  readonly public_key: Buffer | null;
  readonly encryption_key: Buffer | null;
  readonly kinds: readonly JobKind[];
  readonly backends: readonly BackendId[] | null;
  readonly epoch: bigint;
  readonly reported: Readonly<Record<string, AgentReport>>;
  readonly enrolment_expires_at: number | null;
  readonly last_seen_at: number | null;
  readonly created_at: number;
}

interface SessionRow {
  readonly outcome: 'open' | 'replayed' | 'refused';
  readonly epoch: bigint | null;
}

export function createAgents(context: Context): MetadataAgents {
  const { database } = context;

  return {
    async createAgent({ id, kinds, backends, enrolmentHash, enrolmentMs }, actor) {
      const columns = await context.actor(actor);
      const [row] = await orConflict('There is an agent of this name already.', () =>
        database.write<AgentRow>('create-agent', [...columns, id, kinds, backends, enrolmentHash, enrolmentMs]),
      );
      if (row === undefined) throw new Fault('InternalError', 'The agent was not stored.');
      return agentOf(row);
    },

    async enrolAgent({ enrolmentHash, publicKey, encryptionKey, actor }) {
      const [who, request, remote] = await context.actor({ ...actor, kind: 'agent', id: 'enrolment' });
      const values = [enrolmentHash, publicKey, encryptionKey, request, remote, who];
      const [row] = await database.write<AgentRow>('enrol-agent', values);
      return row === undefined ? undefined : agentOf(row);
    },

    async agent(id) {
      const [row] = await database.read<AgentRow>('agent', [id]);
      return row === undefined ? undefined : agentOf(row);
    },

    listAgents: async () => (await database.read<AgentRow>('list-agents', [])).map(agentOf),

    async setAgentState(id, state, actor) {
      const values = [...(await context.actor(actor)), id, state];
      accepted(await database.write<{ outcome: string }>('set-agent-state', values));
    },

    async removeAgent(id, actor) {
      const values = [...(await context.actor(actor)), id];
      accepted(await database.write<{ outcome: string }>('remove-agent', values));
    },

    async openAgentSession({ id, jti, assertionMs, tokenHash, tokenMs, epoch }) {
      const [actor, request] = await context.actor({ kind: 'agent', id, requestId: '' });
      const values = [actor, request, id, jti, assertionMs, tokenHash, tokenMs, epoch];
      const [row] = await database.write<SessionRow>('open-agent-session', values);
      if (row?.outcome === 'open' && row.epoch !== null) return { kind: 'open', epoch: Number(row.epoch) };
      return { kind: row?.outcome === 'replayed' ? 'replayed' : 'refused' };
    },

    async agentByToken(tokenHash) {
      const [row] = await database.read<AgentRow & { readonly session_epoch: bigint }>('agent-by-token', [tokenHash]);
      return row === undefined ? undefined : { agent: agentOf(row), epoch: Number(row.session_epoch) };
    },

    async reportAgent(id, epoch, reported) {
      await database.write('report-agent', [id, epoch, JSON.stringify(reported)]);
    },
  };
}

function agentOf(row: AgentRow): Agent {
  return {
    id: row.id,
    state: row.state,
    publicKey: row.public_key,
    encryptionKey: row.encryption_key,
    kinds: row.kinds,
    backends: row.backends,
    epoch: Number(row.epoch),
    reported: row.reported,
    enrolmentExpiresAtMs: row.enrolment_expires_at,
    lastSeenAtMs: row.last_seen_at,
    createdAtMs: row.created_at,
  };
}
