import { Fault, isFault } from '@sealgate/core/faults';
import type { AuditActor, Clock, Credential, MetadataSessions, NewSession, Tenant } from '@sealgate/core/ports';
import { newAccessKey } from '../start/key-pair.ts';
import { DESCRIPTION_MAX } from './limits.ts';

const TOKEN_BYTES = 48;

export interface SessionWish {
  readonly tenant: Pick<Tenant, 'id'>;
  readonly from: NewSession['from'];
  readonly seconds: number;
  /** Of what it is made from: a session does not outlive it. */
  readonly notAfterMs?: number | null;
  readonly policy: string | null;
  readonly description: string | null;
}

/** Makes temporary credentials. @throws (the function) Fault AccessDenied (what they are made from has just gone), QuotaExceeded */
export type IssueSession = (wish: SessionWish, actor: AuditActor) => Promise<Credential>;

export function createSessionIssuer(deps: {
  readonly metadata: Pick<MetadataSessions, 'createSession'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
}): IssueSession {
  const { metadata, clock, random } = deps;
  return async (wish, actor) => {
    const endMs = clock.now() + wish.seconds * 1000;
    const session: NewSession = {
      ...newAccessKey(random, 'temporary'),
      sessionToken: Buffer.from(random(TOKEN_BYTES)).toString('base64url'),
      tenantId: wish.tenant.id,
      from: wish.from,
      expiresAtMs: Math.min(endMs, wish.notAfterMs ?? endMs),
      policy: wish.policy,
      description: wish.description?.slice(0, DESCRIPTION_MAX) ?? null,
    };
    try {
      return await metadata.createSession(session, actor);
    } catch (error) {
      if (isFault(error, 'NotFound')) throw new Fault('AccessDenied', 'Access Denied', { cause: error });
      throw error;
    }
  };
}
