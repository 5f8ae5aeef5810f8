import type { TenantId } from '../names/index.ts';
import type { AuditActor } from './model.ts';

/** A tenant's keyring as its offline root signed it: public keys only. */
export interface KeyringRecord {
  /** 1, 2, 3, ... without a gap. */
  readonly seq: number;
  readonly document: string;
  /** SHA-256 of the document, base64url. */
  readonly digest: string;
  /** RFC 9278 thumbprint URI. */
  readonly rootKeyId: string;
  readonly createdAtMs: number;
}

export interface PublishKeyring extends Omit<KeyringRecord, 'createdAtMs'> {
  readonly tenantId: TenantId;
  /** Digest of the one before; null: it is the first. */
  readonly previous: string | null;
  /** Keys in it, for the audit entry. */
  readonly keys: number;
}

/** Keyrings are kept for ever: clients follow them from the one that they saw last. */
export interface MetadataKeyrings {
  /**
   * The first one decides of which root all others must be. The same one again changes nothing.
   * @throws Fault NotFound (tenant), Conflict (not the next one, does not follow the newest, another root)
   */
  publishKeyring(keyring: PublishKeyring, actor: AuditActor): Promise<KeyringRecord>;
  newestKeyring(tenantId: TenantId): Promise<KeyringRecord | undefined>;
  /** Those behind a number, ascending. */
  listKeyrings(tenantId: TenantId, afterSeq: number, limit: number): Promise<readonly KeyringRecord[]>;
}
