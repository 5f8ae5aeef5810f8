/**
 * A service that keeps a key which never leaves it, and wraps other keys under it. What is wrapped may be stored anywhere; the
 * key itself is in memory only while a process runs.
 */
export interface KeyManagement {
  /** The service and its key, for people and for the row of what it wrapped: `vault-transit:<mount>/<key>`. */
  readonly name: string;
  /** 32 random bytes of the service's making, and their wrapped form. @throws Fault KeyServiceUnavailable */
  newDataKey(): Promise<{ readonly key: Uint8Array; readonly wrapped: string }>;
  /** @throws Fault KeyServiceUnavailable, ConfigInvalid when the service refuses */
  unwrap(wrapped: string): Promise<Uint8Array>;
  /** Wraps the same key under the newest version of the service's key, without telling it. The same text when it is newest. */
  rewrap(wrapped: string): Promise<string>;
}
