// Credentials of a backend for one job, from who owns them to one agent. The owner signs what they are for (JWS), then seals
// it to the agent's key (JWE), so that whoever carries it can neither read it nor pass it on as something else:
// the signature names the agent, the job and the end. See docs/spec/credential-grants.md.
import {
  base64url,
  CompactEncrypt,
  CompactSign,
  calculateJwkThumbprint,
  compactDecrypt,
  compactVerify,
  decodeProtectedHeader,
  importJWK,
  type JWK,
} from 'jose';

/** The longest that a grant may be good: time enough for an agent to take the job, too short to be worth keeping. */
export const GRANT_SECONDS_MAX = 15 * 60;
/** A whole grant; what is in it has bounds of its own. */
export const GRANT_CHARS_MAX = 8192;
/** How far the clock of who granted may be ahead. */
const SKEW_SECONDS = 60;
const SIGNED_TYPE = 'sealgate-grant+jwt';
const SEALED_TYPE = 'sealgate-grant+jwe';
/** Bounds of each text in a grant: session tokens are the longest. */
const TEXT_CHARS_MAX = { st: 4096, endpoint: 2048 } as const;
const OTHER_CHARS_MAX = 256;

/** What is granted. Times in seconds since 1970. */
export interface Grant {
  readonly ak: string;
  readonly sk: string;
  /** Session token of temporary credentials. */
  readonly st?: string;
  readonly endpoint: string;
  /** The physical bucket, and the only one. */
  readonly bucket: string;
  /** What requests are signed for. */
  readonly region: string;
  readonly backend: string;
  readonly job: string;
  /** The agent that may use it: thumbprint of its X25519 key. */
  readonly agentKid: string;
  /** Good once. */
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

export type GrantProblem =
  | 'malformed'
  /** Sealed to another key, or signed for another agent and passed on. */
  | 'other-agent'
  | 'other-job'
  /** Altered on its way, or sealed with something else than it says. */
  | 'tampered'
  /** Nobody signed it whom the agent knows. */
  | 'unknown-signer'
  | 'expired'
  | 'used';

/** A grant that must not be used. Its message names no secret. */
export class GrantRefused extends Error {
  override readonly name = 'GrantRefused';
  readonly problem: GrantProblem;

  constructor(problem: GrantProblem, options?: ErrorOptions) {
    super(`The grant is refused: ${problem}.`, options);
    this.problem = problem;
  }
}

export interface SealGrant {
  readonly terms: Omit<Grant, 'agentKid' | 'jti' | 'iat' | 'exp'>;
  /** Whose job it is; told to whoever carries the grant. */
  readonly tenant: string;
  readonly seconds: number;
  readonly nowMs: number;
  /** Private Ed25519 key of the owner. */
  readonly signer: JWK;
  /** The agent's public X25519 key, 32 bytes, checked by its fingerprint before. */
  readonly agentKey: Uint8Array;
}

/** The id of an agent's key: its RFC 7638 thumbprint. */
export async function agentKeyId(publicKey: Uint8Array): Promise<string> {
  return await calculateJwkThumbprint(publicJwk('X25519', publicKey));
}

/** @throws RangeError when it would be good for longer than a grant may be */
export async function sealGrant({ terms, tenant, seconds, nowMs, signer, agentKey }: SealGrant): Promise<string> {
  if (!(seconds >= 1 && seconds <= GRANT_SECONDS_MAX)) throw new RangeError('A grant is good for 15 minutes at most.');
  const iat = Math.floor(nowMs / 1000);
  const times = { jti: crypto.randomUUID(), iat, exp: iat + Math.floor(seconds) };
  const agentKid = await agentKeyId(agentKey);
  const grant: Grant = { ...terms, agentKid, ...times };
  if (parseGrant(grant) === undefined) throw new RangeError('A text of the grant is empty or too long.');
  const signed = await new CompactSign(utf8(JSON.stringify(grant)))
    .setProtectedHeader({ alg: 'EdDSA', typ: SIGNED_TYPE, kid: await calculateJwkThumbprint(signer) })
    .sign(await importJWK(signer, 'EdDSA'));
  const { jti, exp } = times;
  return await new CompactEncrypt(utf8(signed))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', typ: SEALED_TYPE, cty: 'JWT', kid: agentKid, jti, exp })
    .setKeyManagementParameters({ apu: utf8(tenant), apv: utf8(terms.job) })
    .encrypt(await importJWK(publicJwk('X25519', agentKey), 'ECDH-ES'));
}

export interface OpenGrant {
  /** The job that it came with. */
  readonly job: string;
  /** The agent's own X25519 key, private. */
  readonly agentKey: JWK;
  /** Public Ed25519 keys, 32 bytes each, that this agent takes grants from. */
  readonly signers: readonly Uint8Array[];
  readonly nowMs: number;
  /** Notes for good that the grant is used, before it is; false when it was. */
  readonly useOnce: (jti: string, expSeconds: number) => Promise<boolean>;
}

/** @throws GrantRefused whatever is wrong with it; nothing of it may be used then */
export async function openGrant(sealed: string, want: OpenGrant): Promise<Grant> {
  const { job, agentKey, signers, nowMs } = want;
  const own = await calculateJwkThumbprint(publicPart(agentKey));
  const header = headerOf(sealed);
  if (header['kid'] !== own) throw new GrantRefused('other-agent');
  if (header['apv'] !== base64url.encode(utf8(job))) throw new GrantRefused('other-job');
  const grant = parseGrant(await verify(await decrypt(sealed, agentKey), signers));
  if (grant === undefined) throw new GrantRefused('malformed');
  if (grant.agentKid !== own) throw new GrantRefused('other-agent');
  if (grant.job !== job) throw new GrantRefused('other-job');
  if (header['jti'] !== grant.jti || header['exp'] !== grant.exp) throw new GrantRefused('tampered');
  const now = nowMs / 1000;
  const tooLong = grant.exp - grant.iat > GRANT_SECONDS_MAX || grant.iat > now + SKEW_SECONDS;
  if (tooLong || grant.exp <= now) throw new GrantRefused('expired');
  if (!(await want.useOnce(grant.jti, grant.exp))) throw new GrantRefused('used');
  return grant;
}

function headerOf(sealed: string): Record<string, unknown> {
  if (sealed.length > GRANT_CHARS_MAX) throw new GrantRefused('malformed');
  try {
    return decodeProtectedHeader(sealed);
  } catch (cause) {
    throw new GrantRefused('malformed', { cause });
  }
}

async function decrypt(sealed: string, agentKey: JWK): Promise<string> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, await importJWK(agentKey, 'ECDH-ES'), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    if (protectedHeader.typ === SEALED_TYPE) return new TextDecoder().decode(plaintext);
  } catch (cause) {
    throw new GrantRefused('tampered', { cause });
  }
  throw new GrantRefused('malformed');
}

async function verify(signed: string, signers: readonly Uint8Array[]): Promise<unknown> {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(signed);
  } catch (cause) {
    throw new GrantRefused('unknown-signer', { cause });
  }
  for (const each of signers) {
    const key = publicJwk('Ed25519', each);
    if (header.typ !== SIGNED_TYPE || (await calculateJwkThumbprint(key)) !== header.kid) continue;
    try {
      const { payload } = await compactVerify(signed, await importJWK(key, 'EdDSA'), { algorithms: ['EdDSA'] });
      return JSON.parse(new TextDecoder().decode(payload)) as unknown;
    } catch (cause) {
      throw new GrantRefused('tampered', { cause });
    }
  }
  throw new GrantRefused('unknown-signer');
}

const TEXTS = ['ak', 'sk', 'endpoint', 'bucket', 'region', 'backend', 'job', 'agentKid', 'jti'] as const;

function parseGrant(value: unknown): Grant | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const claims = value as Readonly<Record<string, unknown>>;
  const fits = (name: (typeof TEXTS)[number] | 'st'): boolean => {
    const text = claims[name];
    const most = name === 'st' || name === 'endpoint' ? TEXT_CHARS_MAX[name] : OTHER_CHARS_MAX;
    return typeof text === 'string' && text !== '' && text.length <= most;
  };
  if (!TEXTS.every(fits) || (claims['st'] !== undefined && !fits('st'))) return undefined;
  if (!Number.isSafeInteger(claims['iat']) || !Number.isSafeInteger(claims['exp'])) return undefined;
  return claims as unknown as Grant;
}

function publicJwk(crv: 'X25519' | 'Ed25519', raw: Uint8Array): JWK {
  return { kty: 'OKP', crv, x: base64url.encode(raw) };
}

function publicPart({ kty, crv, x }: JWK): JWK {
  return { kty, crv, x } as JWK;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
