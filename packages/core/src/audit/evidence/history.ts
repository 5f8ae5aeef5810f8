import type { AuditEntry, EntryReplica } from '../entry.ts';
import { createBackendHistory, type PlaceSpan } from './places.ts';

/** What evidence is about: a bucket by its number, or one key in it. */
export interface EvidenceSubject {
  readonly bucketId: number;
  readonly key: string | null;
}

/** A copy in one state, from one time to another. */
export interface CopySpan {
  readonly key: string;
  readonly blob: string;
  readonly backend: string;
  readonly shard: number;
  /** `missing`: known not to be there. Any other: bytes are there, or may be. */
  readonly state: string;
  readonly from: string;
  /** Null: still. */
  readonly to: string | null;
  readonly places: readonly PlaceSpan[];
}

export interface VersionSpan {
  readonly key: string;
  readonly version: number;
  readonly from: string;
  /** When it was removed or replaced; null: it is there. */
  readonly to: string | null;
}

export interface PlacementReport {
  readonly bucket: { readonly id: number; readonly name: string; readonly tenantId: string };
  readonly versions: readonly VersionSpan[];
  readonly copies: readonly CopySpan[];
  /** Where bytes were or may have been. */
  readonly summary: {
    readonly backends: readonly string[];
    readonly countries: readonly string[];
    readonly jurisdictions: readonly string[];
    readonly operatorJurisdictions: readonly string[];
  };
}

/** Builds the places of copies over time from entries of the log, in their order; what is about something else is passed over. */
export interface PlacementHistory {
  /** Whether the entry has a part in it. */
  add(entry: AuditEntry): boolean;
  /** What overlaps the time between two times of entries; the same time twice: what was there then. */
  report(from: string, to: string): PlacementReport;
}

interface OpenCopy {
  readonly state: string;
  readonly from: string;
}

interface Blob {
  readonly key: string;
  readonly copies: Map<string, OpenCopy>;
}

type Closed = Omit<CopySpan, 'places'>;

const PUBLISHED = 1;
const REMOVED = 2;
const MARKER_LAID = 3;
const PART_STORED = 5;
const REPLICA_CHANGED = 10;
const REPLICAS_REMOVED = 11;
const BYTES_MOVED = 12;
const REPLICAS_PLACED = 13;
const REPLICA_LEFT = 14;
const BUCKET_CREATED = 20;
const BUCKET_CHANGED = 21;

export function createPlacementHistory(subject: EvidenceSubject): PlacementHistory {
  const backends = createBackendHistory();
  const blobs = new Map<string, Blob>();
  const closed: Closed[] = [];
  const versions = createVersionHistory();
  let bucket = { id: subject.bucketId, name: '', tenantId: '' };

  function close(id: string, blob: Blob, place: string, at: string): void {
    const open = blob.copies.get(place);
    if (open === undefined) return;
    blob.copies.delete(place);
    closed.push({ key: blob.key, blob: id, ...placeOf(place), state: open.state, from: open.from, to: at });
  }

  function set(id: string, blob: Blob, replica: EntryReplica, at: string): void {
    const place = `${replica.backend} ${replica.shard}`;
    const state = replica.state ?? '';
    if (blob.copies.get(place)?.state === state) return;
    close(id, blob, place, at);
    blob.copies.set(place, { state, from: at });
  }

  function addObject(entry: AuditEntry, key: string): boolean {
    versions.add(entry, key);
    const { action, blob: id, replicas, at } = entry;
    if (
      id !== undefined &&
      replicas !== undefined &&
      (action === PUBLISHED || action === PART_STORED || action === BYTES_MOVED)
    ) {
      const blob = blobs.get(id) ?? { key, copies: new Map<string, OpenCopy>() };
      blobs.set(id, blob);
      for (const replica of replicas) set(id, blob, replica, at);
    }
    return true;
  }

  function addBlob({ action, blob: id, replicas = [], at }: AuditEntry): boolean {
    const blob = id === undefined ? undefined : blobs.get(id);
    if (id === undefined || blob === undefined) return false;
    if (action === REPLICAS_REMOVED || action === REPLICA_LEFT) {
      for (const { backend, shard } of replicas) close(id, blob, `${backend} ${shard}`, at);
    } else if (action === REPLICA_CHANGED || action === REPLICAS_PLACED) {
      for (const replica of replicas) set(id, blob, replica, at);
    }
    return true;
  }

  return {
    add(entry) {
      if (backends.add(entry)) return true;
      if (entry.bucket === subject.bucketId && entry.key !== undefined) {
        return subject.key === null || entry.key === subject.key ? addObject(entry, entry.key) : false;
      }
      if (entry.blob !== undefined) return addBlob(entry);
      if (entry.bucket !== subject.bucketId) return false;
      if (entry.action === BUCKET_CREATED) {
        bucket = { ...bucket, name: textOf(entry.detail?.['name']), tenantId: textOf(entry.detail?.['tenant']) };
      }
      if (entry.action === BUCKET_CHANGED) versions.bucketChanged(entry);
      return true;
    },
    report(from, to) {
      const open = [...blobs].flatMap(([id, { key, copies }]) =>
        [...copies].map(([place, copy]): Closed => ({ key, blob: id, ...placeOf(place), ...copy, to: null })),
      );
      const within = [...closed, ...open].filter((span) => overlaps(span, from, to)).sort(byPlaceAndTime);
      const copies = within.map((span) => ({ ...span, places: backends.spans(span.backend, span.from, span.to) }));
      return { bucket, versions: versions.within(from, to), copies, summary: summaryOf(copies, from, to) };
    },
  };
}

function createVersionHistory() {
  const spans: { key: string; version: number; isNull: boolean; from: string; to: string | null }[] = [];
  const current = new Map<string, typeof spans>();
  let versioned = false;

  function end(key: string, at: string, which: (version: (typeof spans)[number]) => boolean): void {
    const left = current.get(key) ?? [];
    for (const version of left.filter(which)) version.to = at;
    current.set(
      key,
      left.filter(({ to }) => to === null),
    );
  }

  return {
    bucketChanged({ detail }: AuditEntry): void {
      const versioning = detail?.['versioning'];
      if (typeof versioning === 'string') versioned = versioning === 'enabled';
    },
    add({ action, at, seq, version, versionsDelta }: AuditEntry, key: string): void {
      if (action === PUBLISHED) {
        // One that adds none has taken the place of the null version.
        if (versionsDelta === 0) end(key, at, ({ isNull }) => isNull);
        const made = { key, version: seq, isNull: !versioned, from: at, to: null };
        spans.push(made);
        const others = current.get(key);
        if (others === undefined) current.set(key, [made]);
        else others.push(made);
      }
      if (action === REMOVED) end(key, at, (one) => one.version === version);
      if (action === MARKER_LAID && versionsDelta === -1) end(key, at, ({ isNull }) => isNull);
    },
    within: (from: string, to: string): VersionSpan[] =>
      spans
        .filter((span) => overlaps(span, from, to))
        .map(({ isNull: _, ...span }) => span)
        .sort((a, b) => compare(a.key, b.key) || a.version - b.version),
  };
}

function overlaps(span: { readonly from: string; readonly to: string | null }, from: string, to: string): boolean {
  return span.from <= to && (span.to === null || span.to > from);
}

function summaryOf(copies: readonly CopySpan[], from: string, to: string): PlacementReport['summary'] {
  const held = copies.filter(({ state }) => state !== 'missing');
  const facts = held.flatMap(({ places }) =>
    places.filter((place) => overlaps(place, from, to)).map((place) => place.facts),
  );
  const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort(compare);
  return {
    backends: sorted(held.map(({ backend }) => backend)),
    countries: sorted(facts.map(({ country }) => country)),
    jurisdictions: sorted(facts.map(({ jurisdiction }) => jurisdiction)),
    operatorJurisdictions: sorted(facts.map(({ operatorJurisdiction }) => operatorJurisdiction)),
  };
}

function placeOf(place: string): { readonly backend: string; readonly shard: number } {
  const at = place.lastIndexOf(' ');
  return { backend: place.slice(0, at), shard: Number(place.slice(at + 1)) };
}

function byPlaceAndTime(a: Closed, b: Closed): number {
  return (
    compare(a.key, b.key) ||
    compare(a.blob, b.blob) ||
    a.shard - b.shard ||
    compare(a.backend, b.backend) ||
    compare(a.from, b.from)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
