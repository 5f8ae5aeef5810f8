import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Agent, Clock, Metadata } from '@sealgate/core/ports';
import { ASSERTION_AUDIENCE, ASSERTION_SECONDS_MAX } from '@sealgate/runtime/agents';
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose';

/** A session goes on with another proof of the key before it ends. */
const SESSION_MS = 15 * 60_000;
/** Clocks of agents may differ so much from ours. */
const CLOCK_TOLERANCE_S = 60;
const JTI_CHARS_MIN = 16;
const JTI_CHARS_MAX = 128;
/** Before an Ed25519 key in a SubjectPublicKeyInfo: https://www.rfc-editor.org/rfc/rfc8410 */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export interface AgentCaller {
  readonly agent: Agent;
  readonly epoch: number;
}

/** Who speaks for an agent: it proves its key by a signed assertion, and gets a token that stands for that for a while. */
export interface AgentSessions {
  /** @throws Fault NotAuthenticated; LeaseLost when another process began a newer life of the agent */
  open(assertion: string): Promise<AgentCaller & { readonly token: string; readonly expiresInMs: number }>;
  /** @throws Fault NotAuthenticated */
  prove(authorization: string | undefined): Promise<AgentCaller>;
}

export function createAgentSessions(deps: {
  readonly metadata: Pick<Metadata, 'agent' | 'agentByToken' | 'openAgentSession'>;
  readonly clock: Pick<Clock, 'now'>;
}): AgentSessions {
  const { metadata, clock } = deps;
  return {
    async open(assertion) {
      const agent = await agentOf(assertion, metadata);
      const claims = await verified(assertion, agent, clock.now());
      const token = `sga_${randomBytes(32).toString('base64url')}`;
      const session = await metadata.openAgentSession({
        id: agent.id,
        jti: claims.jti,
        assertionMs: (ASSERTION_SECONDS_MAX + 2 * CLOCK_TOLERANCE_S) * 1000,
        tokenHash: hashOf(token),
        tokenMs: SESSION_MS,
        epoch: claims.epoch,
      });
      if (session.kind === 'replayed') throw new Fault('NotAuthenticated', 'This assertion was used before.');
      if (session.kind === 'refused') {
        throw new Fault('LeaseLost', 'Another process works as this agent now, or it was disabled.');
      }
      return { agent, epoch: session.epoch, token, expiresInMs: SESSION_MS };
    },
    async prove(authorization) {
      const token = /^Bearer +(sga_[\w-]{43}) *$/i.exec(authorization ?? '')?.[1];
      const known = token === undefined ? undefined : await metadata.agentByToken(hashOf(token));
      if (known === undefined) throw new Fault('NotAuthenticated', 'This call needs the session token of an agent.');
      return known;
    },
  };
}

export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** Whom the assertion claims to be from; the same words whatever is wrong. */
async function agentOf(
  assertion: string,
  metadata: Pick<Metadata, 'agent'>,
): Promise<Agent & { publicKey: Uint8Array }> {
  let id: string | undefined;
  try {
    id = decodeJwt(assertion).iss;
  } catch (cause) {
    throw new Fault('NotAuthenticated', 'The assertion does not prove an agent.', { cause });
  }
  const agent = id === undefined ? undefined : await metadata.agent(id);
  // A disabled one may prove itself too: it hears that it is over, and ends.
  if (agent === undefined || agent.publicKey === null) throw notProved();
  return { ...agent, publicKey: agent.publicKey };
}

async function verified(
  assertion: string,
  agent: Agent & { readonly publicKey: Uint8Array },
  nowMs: number,
): Promise<{ readonly jti: string; readonly epoch: number | null }> {
  const der = Buffer.concat([ED25519_SPKI, agent.publicKey]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(assertion, key, {
      algorithms: ['EdDSA', 'Ed25519'],
      audience: ASSERTION_AUDIENCE,
      issuer: agent.id,
      subject: agent.id,
      requiredClaims: ['jti', 'iat', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs),
      maxTokenAge: ASSERTION_SECONDS_MAX,
    }));
  } catch (cause) {
    throw new Fault('NotAuthenticated', 'The assertion does not prove an agent.', { cause });
  }
  const { jti = '', iat = 0, exp = 0 } = payload;
  const epoch: unknown = payload['epoch'];
  const goodEpoch = epoch === undefined || (typeof epoch === 'number' && Number.isSafeInteger(epoch) && epoch > 0);
  if (jti.length < JTI_CHARS_MIN || jti.length > JTI_CHARS_MAX || exp - iat > ASSERTION_SECONDS_MAX || !goodEpoch) {
    throw notProved();
  }
  return { jti, epoch: epoch === undefined ? null : epoch };
}

function notProved(): Fault {
  return new Fault('NotAuthenticated', 'The assertion does not prove an agent.');
}
