import { Fault, type FaultCode, isFault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/** Who tries to prove something. */
export interface Attempt {
  readonly address: string;
  /** What is to be proved, for example an access key id. Undefined: a secret that everybody may know the name of. */
  readonly subject?: string | undefined;
}

/**
 * Counts failed proofs and locks out who fails too often: an address, and a subject that many addresses guess at.
 *
 * A pair of both that proved itself before is let through, so that nobody can lock a tenant out of its own address by
 * guessing at its key from another, and a bad neighbour behind the same address locks out only who is new there.
 * Memory is bounded: an attacker with more addresses or subjects than are remembered makes us forget his own.
 */
export interface Attempts {
  /** @throws Fault TooManyRequests */
  admit(attempt: Attempt): void;
  failed(attempt: Attempt): void;
  /** A proof that held. */
  held(attempt: Attempt): void;
}

export interface AttemptLimits {
  /** Failures that one address has within the window before it has to wait for the window's end. */
  readonly addressFailuresMax: number;
  /** The same of a subject, over all addresses. */
  readonly subjectFailuresMax: number;
  readonly windowMs: number;
  /** Addresses, subjects and pairs that are remembered, each. */
  readonly rememberedMax: number;
}

/** Of the S3 listener: a client with a wrong secret retries for a while before somebody looks. */
export const s3AttemptLimits: AttemptLimits = {
  addressFailuresMax: 100,
  subjectFailuresMax: 1000,
  windowMs: 60_000,
  rememberedMax: 10_000,
};

/** What a signature is refused with that could be a guess. An expired token or a skewed clock is none. */
const GUESSES: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
]);

/** Runs one proof under the bounds, and counts it. @throws Fault TooManyRequests, and what `proof` throws */
export async function prove<T>(
  attempts: Attempts,
  attempt: Attempt,
  proof: () => T | Promise<T>,
  guesses: ReadonlySet<FaultCode> = GUESSES,
): Promise<T> {
  attempts.admit(attempt);
  try {
    const proved = await proof();
    attempts.held(attempt);
    return proved;
  } catch (error) {
    if (isFault(error) && guesses.has(error.code)) attempts.failed(attempt);
    throw error;
  }
}

interface Failures {
  readonly count: number;
  readonly untilMs: number;
}

export function createAttempts(deps: {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limits: AttemptLimits;
}): Attempts {
  const { clock, limits } = deps;
  const { rememberedMax: max } = limits;
  const addresses = new LRUCache<string, Failures>({ max });
  const subjects = new LRUCache<string, Failures>({ max });
  const proved = new LRUCache<string, true>({ max });

  const current = (of: LRUCache<string, Failures>, name: string, nowMs: number): Failures => {
    const known = of.get(name);
    return known !== undefined && known.untilMs > nowMs ? known : { count: 0, untilMs: nowMs + limits.windowMs };
  };
  const count = (of: LRUCache<string, Failures>, name: string, nowMs: number): void => {
    const failures = current(of, name, nowMs);
    of.set(name, { ...failures, count: failures.count + 1 });
  };
  const refuseOver = (failures: Failures, bound: number, nowMs: number): void => {
    if (failures.count >= bound) throw tooMany(failures.untilMs - nowMs);
  };

  return {
    admit({ address, subject }) {
      const [place, nowMs] = [placeOf(address), clock.monotonic()];
      if (subject !== undefined && proved.get(pairOf(place, subject)) === true) return;
      refuseOver(current(addresses, place, nowMs), limits.addressFailuresMax, nowMs);
      if (subject !== undefined) refuseOver(current(subjects, subject, nowMs), limits.subjectFailuresMax, nowMs);
    },
    failed({ address, subject }) {
      const [place, nowMs] = [placeOf(address), clock.monotonic()];
      count(addresses, place, nowMs);
      if (subject === undefined) return;
      count(subjects, subject, nowMs);
      proved.delete(pairOf(place, subject));
    },
    held({ address, subject }) {
      if (subject !== undefined) proved.set(pairOf(placeOf(address), subject), true);
    },
  };
}

const pairOf = (place: string, subject: string): string => `${place} ${subject}`;

/** Bits of an IPv6 address that one customer of a network has at least; whoever has them has all addresses below. */
const IPV6_NETWORK_BITS = 64;

function placeOf(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${IPV6_NETWORK_BITS}`).toString();
}

function tooMany(waitMs: number): Fault {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Fault('TooManyRequests', `Too many failed authentications. Try again in ${seconds} s.`, {
    detail: { retryAfterSeconds: seconds },
  });
}
