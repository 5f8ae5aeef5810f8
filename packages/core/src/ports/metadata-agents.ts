import type { BackendId } from '../names/index.ts';
import type { JobKind } from './metadata-jobs.ts';
import type { AuditActor } from './model.ts';

/** How an agent found a backend when it last looked. */
export interface AgentReport {
  readonly ok: boolean;
  readonly latencyMs: number;
}

/** A worker outside of the gateway, known by its key. */
export interface Agent {
  readonly id: string;
  /** `enrolling`: the token was given out, the key has not come in. */
  readonly state: 'enrolling' | 'active' | 'disabled';
  /** Ed25519, 32 bytes: proves who it is. */
  readonly publicKey: Uint8Array | null;
  /** X25519, 32 bytes: what is meant for it alone is sealed to this. */
  readonly encryptionKey: Uint8Array | null;
  readonly kinds: readonly JobKind[];
  /** Null: all that it has credentials of. */
  readonly backends: readonly BackendId[] | null;
  /** Counts its lives: a result of an earlier one changes nothing. */
  readonly epoch: number;
  readonly reported: Readonly<Record<string, AgentReport>>;
  readonly enrolmentExpiresAtMs: number | null;
  readonly lastSeenAtMs: number | null;
  readonly createdAtMs: number;
}

export interface NewAgent {
  readonly id: string;
  readonly kinds: readonly JobKind[];
  readonly backends: readonly BackendId[] | null;
  /** SHA-256 of the one-time token. */
  readonly enrolmentHash: Uint8Array;
  readonly enrolmentMs: number;
}

export interface OpenAgentSession {
  readonly id: string;
  /** Of the assertion that proved the key: good once until then. */
  readonly jti: string;
  readonly assertionMs: number;
  /** SHA-256 of the token that the session is known by. */
  readonly tokenHash: Uint8Array;
  readonly tokenMs: number;
  /** The epoch that goes on; null begins a new one, which ends every earlier one. */
  readonly epoch: number | null;
}

export type AgentSession =
  | { readonly kind: 'open'; readonly epoch: number }
  /** The assertion was used before. */
  | { readonly kind: 'replayed' }
  /** Not active, or a newer life of the same agent has begun. */
  | { readonly kind: 'refused' };

export interface MetadataAgents {
  /** @throws Fault Conflict when the name is taken. */
  createAgent(agent: NewAgent, actor: AuditActor): Promise<Agent>;
  /** Takes the keys of the agent that the token was for, once. Undefined for a token that is not good (any more). */
  enrolAgent(request: {
    readonly enrolmentHash: Uint8Array;
    readonly publicKey: Uint8Array;
    readonly encryptionKey: Uint8Array;
    readonly actor: Omit<AuditActor, 'kind' | 'id'>;
  }): Promise<Agent | undefined>;
  agent(id: string): Promise<Agent | undefined>;
  /** By id. */
  listAgents(): Promise<readonly Agent[]>;
  /** Disabling ends its sessions and leases at once. @throws Fault NotFound, Conflict (it has not enrolled) */
  setAgentState(id: string, state: 'active' | 'disabled', actor: AuditActor): Promise<void>;
  /** @throws Fault NotFound, Conflict (a backend is in its custody) */
  removeAgent(id: string, actor: AuditActor): Promise<void>;
  openAgentSession(request: OpenAgentSession): Promise<AgentSession>;
  /** Whose live session a token stands for. */
  agentByToken(tokenHash: Uint8Array): Promise<{ readonly agent: Agent; readonly epoch: number } | undefined>;
  /** What it holds and how it finds it. Ignored from an earlier life. */
  reportAgent(id: string, epoch: number, reported: Readonly<Record<string, AgentReport>>): Promise<void>;
}
