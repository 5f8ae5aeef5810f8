import { matchesWildcards } from '../access/pattern.ts';
import type { WebIdentityTrust } from '../ports/index.ts';

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a token that was verified says of its bearer. */
export interface WebIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** Those of `aud`. */
  readonly audiences: readonly string[];
  readonly claims: Claims;
}

/** Objects that one claim name may lead through (`realm_access.roles`). */
const CLAIM_DEPTH_MAX = 4;

/** Whether a role's trust lets this identity in. An empty list of claims lets nobody in. */
export function trusts(trust: WebIdentityTrust, identity: WebIdentity): boolean {
  if (trust.issuer !== identity.issuer) return false;
  if (trust.audiences.length > 0 && !trust.audiences.some((wanted) => identity.audiences.includes(wanted)))
    return false;
  const conditions = Object.entries(trust.claims);
  return (
    conditions.length > 0 &&
    conditions.every(([name, patterns]) => {
      const values = valuesOf(claimOf(identity.claims, name));
      return values.some((value) => patterns.some((pattern) => matchesWildcards(pattern, value)));
    })
  );
}

/** The texts of a claim, by its name or by the path that the dots of its name spell. */
export function claimValues(claims: Claims, name: string): readonly string[] {
  return valuesOf(claimOf(claims, name));
}

/** A claim by its own name, dots and all, else by the path that the dots spell. */
function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  const steps = name.split('.');
  if (steps.length > CLAIM_DEPTH_MAX) return undefined;
  let value: unknown = claims;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Claims)[step];
  }
  return value;
}

/** The texts of a claim. Of a list each one counts by itself; what is no text, number or truth value never fits. */
function valuesOf(claim: unknown): string[] {
  const items: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return items.flatMap((item) =>
    typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean' ? [String(item)] : [],
  );
}
