import type { AuditActor } from './model.ts';

/** Credentials for one job, sealed to the key of one agent; ciphertext to everybody else. */
export interface SealedGrant {
  readonly jobId: string;
  /** Compact JWE. */
  readonly sealed: string;
}

export interface NewGrant extends SealedGrant {
  readonly agentId: string;
  /** How long it is good. */
  readonly goodMs: number;
}

/** Carries what owners of backends hand to agents, and can neither read nor use it. */
export interface MetadataGrants {
  /**
   * Keeps it until the agent takes it or its time is over; a later one for the same job and agent takes its place.
   * @throws Fault NotFound (no such job or agent), Conflict (the job is over, the agent is not active)
   */
  offerGrant(grant: NewGrant, actor: AuditActor): Promise<void>;
  /** At most `limit` of what waits for the agent, what ends first before others; each is given once. None to an earlier life of it. */
  takeGrants(agentId: string, epoch: number, limit: number): Promise<readonly SealedGrant[]>;
}
