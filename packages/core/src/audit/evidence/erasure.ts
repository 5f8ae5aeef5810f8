import { hash } from 'node:crypto';
import type { Erasure } from '../../ports/metadata-erasures.ts';
import { canonicalJson } from '../canonical.ts';
import type { AuditEntry } from '../entry.ts';
import { AuditIntegrityError } from '../integrity-error.ts';
import type { NoteVerifier } from '../note.ts';
import { createPlacementHistory, type PlacementHistory } from './history.ts';
import { documentFile, openDocument, type ProvenContent, signedText } from './signed.ts';

export const ERASURE_FORMAT = 'sealgate-erasure/1';

/** Numbers of entries: the deletion began; all that was known is removed; nothing more can come. */
const [BEGUN, REMOVED, ERASED] = [125, 126, 127];

/** What one backend had of the tenant and what it said. Times as ISO 8601 in UTC. */
export interface ErasedBackend {
  readonly backend: string;
  /** `unconfirmed`: some of it was to be removed there, and that it was nobody knows. */
  readonly outcome: 'confirmed' | 'unconfirmed';
  /** Of published blobs, confirmed to be gone; with their bytes. */
  readonly copies: number;
  readonly bytes: number;
  /** Attempts of writes that were given up, confirmed to be gone or never to have come. */
  readonly attempts: number;
  readonly firstConfirmedAt: string | null;
  readonly lastConfirmedAt: string | null;
  readonly unconfirmedCopies: number;
  readonly unconfirmedBytes: number;
  /** Why it is not waited for; null where it was. */
  readonly reason: string | null;
}

export interface ErasureReport {
  readonly tenant: { readonly id: string; readonly name: string };
  readonly state: 'settling' | 'done';
  readonly begunAt: string;
  /** When the last copy that the metadata named was confirmed to be gone, and no bucket was left. */
  readonly removedAt: string;
  readonly doneAt: string | null;
  /** What the tenant had when it began, as it counts it: all versions, without copies. */
  readonly found: Erasure['found'];
  readonly backends: readonly ErasedBackend[];
  readonly physicalBuckets: readonly {
    readonly backend: string;
    readonly name: string;
    /** Null: it is looked at again once no write can be under way any more. */
    readonly removedAt: string | null;
  }[];
  /** What stays, and why. */
  readonly stays: readonly { readonly what: string; readonly why: string; readonly until: string | null }[];
}

export interface ErasureContent extends ProvenContent {
  readonly format: typeof ERASURE_FORMAT;
  readonly issuedAt: string;
  readonly report: ErasureReport;
}

export interface SignedErasure {
  readonly erasure: ErasureContent;
  /** A signed note about its SHA-256. */
  readonly signature: string;
}

export const erasureFile = (document: SignedErasure): string => documentFile(document);
export const erasureText = (erasure: ErasureContent): string => signedText(erasure);

/** The digest by which an entry vouches for a report in canonical form, in hexadecimal. */
export const reportDigest = (canonical: string): string => hash('sha256', canonical, 'hex');

/**
 * @param facts.excluded backends that are not waited for, with the reason
 * @param facts.backupsUntilMs when the last backup of the metadata that knows the tenant goes; null: nobody knows
 */
export function erasureReport(
  erasure: Erasure,
  facts: {
    readonly state: ErasureReport['state'];
    readonly nowMs: number;
    readonly excluded: ReadonlyMap<string, string>;
    readonly backupsUntilMs: number | null;
  },
): ErasureReport {
  const ids = [...erasure.confirmed, ...erasure.waiting, ...erasure.bucketsLeft].map(({ backend }) => backend);
  const removedAt = iso(erasure.removedAtMs ?? facts.nowMs);
  const removed = erasure.bucketsRemoved.map(({ backend, name, atMs }) => ({ backend, name, removedAt: iso(atMs) }));
  const left = erasure.bucketsLeft.map((bucket) => ({ ...bucket, removedAt: null }));
  return {
    tenant: { id: erasure.tenantId, name: erasure.tenantName },
    state: facts.state,
    begunAt: iso(erasure.begunAtMs),
    removedAt,
    doneAt: facts.state === 'done' ? iso(facts.nowMs) : null,
    found: erasure.found,
    backends: [...new Set(ids)].sort().map((backend) => erasedBackend(erasure, backend, facts)),
    physicalBuckets: [...removed, ...left].sort((a, b) => compare(`${a.backend} ${a.name}`, `${b.backend} ${b.name}`)),
    stays: staying(facts.backupsUntilMs),
  };
}

function erasedBackend(
  { confirmed, waiting, bucketsLeft }: Erasure,
  backend: string,
  { excluded, state }: { readonly excluded: ReadonlyMap<string, string>; readonly state: ErasureReport['state'] },
): ErasedBackend {
  const gone = confirmed.find((one) => one.backend === backend);
  const owed = waiting.find((one) => one.backend === backend);
  const holds = state === 'done' && bucketsLeft.some((one) => one.backend === backend);
  return {
    backend,
    outcome: owed !== undefined || holds ? 'unconfirmed' : 'confirmed',
    copies: gone?.copies ?? 0,
    bytes: gone?.bytes ?? 0,
    attempts: gone?.attempts ?? 0,
    firstConfirmedAt: gone === undefined ? null : iso(gone.firstMs),
    lastConfirmedAt: gone === undefined ? null : iso(gone.lastMs),
    unconfirmedCopies: owed?.copies ?? 0,
    unconfirmedBytes: owed?.bytes ?? 0,
    reason: owed !== undefined || holds ? (excluded.get(backend) ?? 'no answer') : null,
  };
}

function staying(backupsUntilMs: number | null): ErasureReport['stays'] {
  return [
    {
      what: 'entries of the audit log, with names of buckets and keys, and records of requests',
      why: 'they prove what happened, this deletion too, and are append-only',
      until: null,
    },
    {
      what: 'id, name and canonical user id of the tenant, its usage by the hour',
      why: 'policies of others may name it, so the name is not given again; usage is for the bill',
      until: null,
    },
    {
      what: 'rows about the tenant in backups of the metadata made before; bytes of objects are in none of them',
      why: 'a backup is one sealed whole: it goes by its retention',
      until: backupsUntilMs === null ? null : iso(backupsUntilMs),
    },
  ];
}

export interface VerifiedErasure extends ErasureContent {
  readonly size: number;
}

const KIND = { member: 'erasure', format: ERASURE_FORMAT, name: 'report of erasure' } as const;

/**
 * Checks signature, checkpoint and proofs, and that the log has this very report.
 * @throws AuditIntegrityError
 */
export function verifyErasure(text: string, verifiers: readonly NoteVerifier[]): VerifiedErasure {
  const { content: opened, entries, size } = openDocument(text, KIND, verifiers);
  const content = opened as ErasureContent;
  const { tenant, state } = content.report;
  const last = entries.at(-1);
  const wanted = state === 'done' ? [BEGUN, REMOVED, ERASED] : [BEGUN, REMOVED];
  const same = entries.every(({ detail }) => detail?.['tenant'] === tenant.id && detail['name'] === tenant.name);
  if (!same || entries.map(({ action }) => action).join() !== wanted.join()) {
    throw new AuditIntegrityError('The entries are not those of the deletion of this tenant.');
  }
  if (last?.detail?.['sha256'] !== reportDigest(canonicalJson(content.report))) {
    throw new AuditIntegrityError('The log vouches for another report.');
  }
  return { ...content, size };
}

/** Goes through the whole log, in its order, for copies that were never removed. */
export interface ErasureCheck {
  add(entry: AuditEntry, leaf: number): void;
  /** @throws AuditIntegrityError when copies are left that the report does not call unconfirmed */
  finish(): void;
}

export function createErasureCheck({ report, entries, size }: VerifiedErasure): ErasureCheck {
  const buckets = new Map<number, PlacementHistory>();
  const ownerOf = new Map<string, PlacementHistory>();
  const end = entries.at(-1)?.leaf ?? size;
  let until = '';
  return {
    add(entry, leaf) {
      if (leaf >= size) return;
      if (entry.action === 20 && entry.bucket !== undefined && entry.detail?.['tenant'] === report.tenant.id) {
        buckets.set(entry.bucket, createPlacementHistory({ bucketId: entry.bucket, key: null }));
      }
      const own = entry.bucket === undefined ? undefined : buckets.get(entry.bucket);
      if (own !== undefined && entry.blob !== undefined) ownerOf.set(entry.blob, own);
      (own ?? (entry.blob === undefined ? undefined : ownerOf.get(entry.blob)))?.add(entry);
      if (leaf <= end) until = entry.at;
    },
    finish() {
      const unconfirmed = new Set(
        report.backends.filter(({ outcome }) => outcome === 'unconfirmed').map(({ backend }) => backend),
      );
      for (const history of buckets.values()) {
        for (const { key, backend, blob, state } of history.report(until, until).copies) {
          if (state === 'missing' || unconfirmed.has(backend)) continue;
          throw new AuditIntegrityError(`The log has no removal of blob ${blob} of "${key}" from ${backend}.`);
        }
      }
    },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
