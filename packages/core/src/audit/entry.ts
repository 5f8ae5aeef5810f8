import { canonicalJson } from './canonical.ts';

/** A copy as an entry tells of it. `state` is missing where the entry is about a copy that went. */
export interface EntryReplica {
  readonly backend: string;
  readonly shard: number;
  readonly state?: string;
}

/**
 * One entry of the audit log with the words behind its numbers. What a column leaves open (NULL) is no member. The line of
 * an entry is what the hash tree has as its leaf, so this form is frozen: members are only added, and only for entries that
 * have what they say.
 */
export interface AuditEntry {
  /** The number of the change, in the one order of changes. */
  readonly seq: number;
  /** UTC with microseconds: `2026-11-28T10:00:00.000000Z`. */
  readonly at: string;
  /** `kind:id`. */
  readonly actor: string;
  /** See the table of actions in docs/spec/audit.md. */
  readonly action: number;
  readonly requestId: string;
  readonly remoteAddress?: string;
  /** The bucket's number; its entry of action 20 has the name and the tenant. */
  readonly bucket?: number;
  readonly key?: string;
  /** The version that the entry is about, when it has another number. */
  readonly version?: number;
  readonly blob?: string;
  readonly replicas?: readonly EntryReplica[];
  readonly bytesDelta?: number;
  readonly versionsDelta?: number;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The bytes of an entry's leaf, as text without a line end. */
export function entryLine(entry: AuditEntry): string {
  return canonicalJson(entry);
}

/** @throws SyntaxError for a line that is not in the one form that `entryLine` gives */
export function parseEntryLine(line: string): AuditEntry {
  const value: unknown = JSON.parse(line);
  if (!isEntry(value) || canonicalJson(value) !== line) throw new SyntaxError('not an entry in canonical form');
  return value;
}

function isEntry(value: unknown): value is AuditEntry {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { seq, at, actor, action, requestId } = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(seq) &&
    typeof at === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(at) &&
    typeof actor === 'string' &&
    Number.isSafeInteger(action) &&
    typeof requestId === 'string'
  );
}
