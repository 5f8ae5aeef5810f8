import type { SignKey, VerifyKey } from '@sealgate/sealed/manifest';

export type { SignKey, VerifyKey };

/** A version of an object that was seen: the number in its manifest, and the manifest's digest, base64url. */
export interface SeenVersion {
  readonly seq: number;
  readonly digest: string;
}

/** `required`: without a manifest of a trusted writer nothing is opened. `when-present`: one that is there must hold. */
export type ManifestPolicy = 'required' | 'when-present';

/** Whose signature counts for the objects of a tenant: by the owner's own decision, and by the tenant's keyring. */
export interface TrustedWriters {
  readonly keys: readonly VerifyKey[];
  /** What the tenant's keyring revoked, by key id; none of them is among `keys`. */
  readonly revoked: ReadonlyMap<string, RevokedWriter>;
}

export interface RevokedWriter {
  readonly key: VerifyKey;
  /** Seconds since 1970. */
  readonly revokedAt: number;
  /** The owner trusts it by a decision of their own. */
  readonly chosen: boolean;
}

/**
 * Who may write what the owner reads, as the owner decided: nothing of it comes from a gateway. Names of objects come as
 * their context hash, base64url.
 */
export interface Writers {
  /** With which new objects are signed; undefined: they are not. May ask for a passphrase. */
  signKey(): Promise<SignKey | undefined>;
  /** Whose signature counts. Without anybody, manifests are not looked at, unless they are required. */
  trusted(tenant: string): Promise<TrustedWriters>;
  policyOf(tenant: string, bucket: string): Promise<ManifestPolicy>;
  /** The highest version of an object that was ever seen. */
  highestSeen(context: string): Promise<SeenVersion | undefined>;
  /** Called with versions in any order; a lower one changes nothing. */
  remember(context: string, seen: SeenVersion): Promise<void>;
}
