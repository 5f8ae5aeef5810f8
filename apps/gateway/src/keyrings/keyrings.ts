import { Fault } from '@sealgate/core/faults';
import type { TenantId } from '@sealgate/core/names';
import type { AuditActor, Clock, KeyringRecord, Metadata, Tenant } from '@sealgate/core/ports';
import { createKept } from '@sealgate/engine/kept';
import { type RecipientPolicy, SealError } from '@sealgate/sealed/inspect';
import { type Keyring, readKeyring, recipientPolicyOf, signersOf } from '@sealgate/sealed/keyring';
import { importVerifyKey, type VerifyKey } from '@sealgate/sealed/manifest';

/** As with policies: a new keyring reaches every gateway within a second. */
const FRESH_MS = 500;
const CACHED_MAX = 1000;

/** What envelopes must be, in the words of their inspection, and who may sign what is written. */
export interface KeyringRules extends Required<RecipientPolicy> {
  readonly writers: Writers;
}

/** The keys that sign, as a keyring has them now. */
export interface Writers {
  readonly inUse: readonly VerifyKey[];
  /** Ids of keys that were revoked. */
  readonly revoked: ReadonlySet<string>;
}

type Known =
  | { readonly keyring: Keyring; readonly rules: KeyringRules }
  | { readonly keyring: undefined; readonly rules: undefined };
const NONE: Known = { keyring: undefined, rules: undefined };

/** What tenants say of their own keys, signed by roots that no gateway has. */
export interface Keyrings {
  /** What envelopes must be under the tenant's newest keyring, now; undefined when it has none. The same value for a while. */
  rulesOf(tenantId: TenantId): Promise<KeyringRules | undefined>;
  /**
   * Keeps a keyring that its root signed for this tenant and that follows the newest one.
   * @throws Fault ValidationFailed (not a keyring, not this tenant's, a wrong signature), Conflict (out of order, another root)
   */
  publish(tenant: Pick<Tenant, 'id' | 'name'>, document: string, actor: AuditActor): Promise<KeyringRecord>;
}

export function createKeyrings(deps: {
  readonly metadata: Pick<Metadata, 'newestKeyring' | 'publishKeyring'>;
  readonly clock: Clock;
}): Keyrings {
  const { metadata, clock } = deps;
  const kept = createKept<TenantId, Known>({
    max: CACHED_MAX,
    freshMs: FRESH_MS,
    clock,
    async ask(tenantId, before) {
      const record = await metadata.newestKeyring(tenantId);
      if (record === undefined) return NONE;
      const same = before?.keyring?.digest === record.digest;
      // Whoever can write to the database alone makes no keyring that a gateway takes.
      const keyring = same ? before.keyring : await readKeyring(record.document);
      // Made anew each time, since keys come into use and are revoked with time.
      const nowSeconds = Math.floor(clock.now() / 1000);
      const writers = await writersOf(keyring, nowSeconds);
      return { keyring, rules: { ...recipientPolicyOf(keyring, nowSeconds), writers } };
    },
  });

  return {
    rulesOf: async (tenantId) => (await kept.get(tenantId)).rules,

    async publish(tenant, document, actor) {
      const keyring = await readKeyring(document).catch((error: unknown) => {
        if (error instanceof SealError) throw new Fault('ValidationFailed', error.message, { cause: error });
        throw error;
      });
      if (keyring.tenant !== tenant.name) {
        throw new Fault('ValidationFailed', 'The keyring is signed for another tenant.');
      }
      const { seq, digest, prev, rootKeyId, keys } = keyring;
      const record = { tenantId: tenant.id, seq, document, digest, previous: prev, rootKeyId, keys: keys.length };
      const made = await metadata.publishKeyring(record, actor);
      kept.forget(tenant.id);
      return made;
    },
  };
}

async function writersOf(keyring: Keyring, nowSeconds: number): Promise<Writers> {
  const { inUse, revoked } = signersOf(keyring, nowSeconds);
  const keys = await Promise.all(inUse.map(({ jwk }) => importVerifyKey(jwk)));
  return { inUse: keys, revoked: new Set(revoked.keys()) };
}
