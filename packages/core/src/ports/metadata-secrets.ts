import type { AuditActor } from './model.ts';

/** Secrets at rest, sealed under versions of the operator's passphrase. */
export interface MetadataSecrets {
  /** The version that seals, and how many secrets each one that is known still seals. */
  secretVersions(): Promise<{
    readonly newest: number;
    readonly versions: readonly { readonly version: number; readonly sealed: number }[];
  }>;
  /** Seals up to `limit` secrets of older versions under the newest one. How many there were. */
  resealSecrets(limit: number): Promise<number>;
  /**
   * Forgets a version, so that gateways start without its passphrase.
   * @throws Fault Conflict while something is sealed under it, or when it is the newest; NotFound
   */
  retireSecretVersion(version: number, actor: AuditActor): Promise<void>;
}
