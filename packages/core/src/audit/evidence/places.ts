import type { AuditEntry } from '../entry.ts';

/** Where a backend keeps bytes, as its operator says. */
export interface PlaceFacts {
  readonly provider: string;
  readonly region: string;
  readonly country: string;
  readonly jurisdiction: string;
  readonly operatorJurisdiction: string;
  readonly certificates: readonly string[];
}

/** Facts in force from a time on. */
export interface PlaceSpan {
  readonly from: string;
  /** Null: still. */
  readonly to: string | null;
  readonly facts: PlaceFacts;
}

const BACKEND_CREATED = 50;
const BACKEND_CHANGED = 53;
/** Both have all facts. Others are about health and probes, of which there are many and which say nothing of places. */
const hasFacts = (action: number): boolean => action === BACKEND_CREATED || action === BACKEND_CHANGED;

/** The backend whose facts an entry has; undefined when it has none. */
export function backendOfFacts({ action, detail }: AuditEntry): string | undefined {
  const id = detail?.['id'];
  return hasFacts(action) && typeof id === 'string' ? id : undefined;
}

/** What the log says about backends, in the order of the log. */
export interface BackendHistory {
  /** Whether the entry has facts of a backend. */
  add(entry: AuditEntry): boolean;
  /** Facts of a backend between two times, `to` null: up to now. Empty for a backend the log does not know. */
  spans(backend: string, from: string, to: string | null): PlaceSpan[];
}

export function createBackendHistory(): BackendHistory {
  const changes = new Map<string, { readonly at: string; readonly facts: PlaceFacts }[]>();
  return {
    add(entry) {
      const id = backendOfFacts(entry);
      if (id === undefined) return false;
      const known = changes.get(id) ?? [];
      known.push({ at: entry.at, facts: factsOf(entry.detail ?? {}) });
      changes.set(id, known);
      return true;
    },
    spans(backend, from, to) {
      const known = changes.get(backend) ?? [];
      const spans: PlaceSpan[] = [];
      for (const [index, { at, facts }] of known.entries()) {
        const until = known[index + 1]?.at ?? null;
        // The first facts hold for what was before them too: a backend does not move by being registered.
        const begin = index === 0 || at < from ? from : at;
        const over = until !== null && until <= from;
        const early = begin > from && to !== null && begin >= to;
        if (over || early) continue;
        spans.push({ from: begin, to: until === null || (to !== null && to < until) ? to : until, facts });
      }
      return spans;
    },
  };
}

function factsOf(detail: Readonly<Record<string, unknown>>): PlaceFacts {
  const text = (name: string): string => (typeof detail[name] === 'string' ? detail[name] : '');
  const certificates = detail['certificates'];
  return {
    provider: text('provider'),
    region: text('region'),
    country: text('country'),
    jurisdiction: text('jurisdiction'),
    operatorJurisdiction: text('operator_jurisdiction'),
    certificates: Array.isArray(certificates) ? certificates.map(String) : [],
  };
}
