import type { EnvelopeChange, EnvelopeOutcome, MetadataEnvelopes, StoredEnvelope } from '@sealgate/core/ports';
import { SEALED_FORMAT } from '@sealgate/core/ports';
import { isLocked } from './locks.ts';
import { activeBucket, type MemoryState, type StoredBucket, type StoredVersion } from './state.ts';

/** As long as the PostgreSQL driver's. */
const MANIFEST_DELAY_MS = 60_000;

export function createEnvelopes(state: MemoryState): MetadataEnvelopes {
  return {
    async changeEnvelopes({ bucketId, changes, bypassGovernance = false }) {
      if (changes.length === 0) return [];
      const bucket = activeBucket(state, bucketId);
      const at = { now: state.clock.now(), bypass: bypassGovernance };
      const outcomes = changes.map((change) => changeOne(bucket, change, at));
      if (outcomes.includes('changed')) {
        state.seq += 1n;
        const known = state.recovery.requests.get(bucketId);
        const dueAtMs = Math.min(known?.dueAtMs ?? Number.POSITIVE_INFINITY, at.now + MANIFEST_DELAY_MS);
        state.recovery.requests.set(bucketId, { number: state.seq, dueAtMs, delayMs: MANIFEST_DELAY_MS });
      }
      return outcomes;
    },

    async listEnvelopes({ bucketId, prefix, after, wanted, limit, look }) {
      const bucket = state.buckets.get(bucketId);
      const rows = (bucket?.keys ?? [])
        .filter((key) => key.startsWith(prefix))
        .flatMap((key) => (bucket?.versions.get(key) ?? []).map(({ version }) => version).reverse());
      const behind = rows.filter(({ key, seq }) => {
        const order = after === null ? 1 : Buffer.compare(Buffer.from(key), Buffer.from(after.key));
        return order > 0 || (order === 0 && after !== null && seq < after.seq);
      });
      const looked = behind.slice(0, look);
      const at = { now: state.clock.now(), bypass: false };
      const envelopes = looked.flatMap((version): StoredEnvelope[] => {
        const { key, seq, versionId, envelope } = version;
        if (envelope?.encryptionAlg !== SEALED_FORMAT || isSealedTo(envelope, wanted)) return [];
        return [{ key, seq, versionId, envelope, locked: isLocked(version, at) }];
      });
      const told = envelopes.slice(0, limit);
      const last = told.length === limit ? told.at(-1) : looked.length === look ? looked.at(-1) : undefined;
      const next = last === undefined ? null : { key: last.key, seq: last.seq };
      const passed = last === undefined ? looked.length : looked.findIndex(({ seq }) => seq === last.seq) + 1;
      return { envelopes: told, looked: passed, next };
    },
  };
}

function changeOne(
  bucket: StoredBucket,
  change: EnvelopeChange,
  at: { readonly now: number; readonly bypass: boolean },
): EnvelopeOutcome {
  const found: StoredVersion | undefined = bucket.versions
    .get(change.key)
    ?.find(({ version }) => version.seq === change.seq);
  const { envelope } = found?.version ?? { envelope: null };
  if (found === undefined || envelope === null) return 'gone';
  const { keyId, keyVersion } = change.expected;
  const same = envelope.keyId === keyId && envelope.keyVersion === keyVersion;
  if (!same || envelope.encryptionAlg !== change.envelope.encryptionAlg) return 'conflict';
  if (isLocked(found.version, at)) return 'locked';
  found.version = { ...found.version, envelope: change.envelope };
  if (found.upload !== null) found.upload.record = { ...found.upload.record, envelope: change.envelope };
  return 'changed';
}

function isSealedTo(
  envelope: { readonly keyId: string; readonly encryptedKey: string },
  wanted: readonly string[],
): boolean {
  if (envelope.keyId !== wanted[0]) return false;
  const kids = [...envelope.encryptedKey.matchAll(/"kid":"([^"]*)"/g)].map(([, kid]) => kid);
  return kids.length === wanted.length && wanted.every((kid) => kids.includes(kid));
}
