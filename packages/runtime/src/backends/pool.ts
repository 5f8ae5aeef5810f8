import {
  availability,
  defaultHealthThresholds,
  type HealthRecord,
  type HealthSample,
  newHealthRecord,
  observe,
  readRank,
  sampleOfFault,
  takesWrites,
} from '@sealgate/core/health';
import type { BackendId } from '@sealgate/core/names';
import type { Backend, BackendDriver, BackendOutcome, BackendPool, BackendState, Clock } from '@sealgate/core/ports';

/** Transfers below this size say more about latency than about throughput. */
const THROUGHPUT_BYTES_MIN = 256 * 1024;

/** What the pool knows of one backend at this moment, for people and metrics. */
export interface BackendView {
  readonly backend: Backend;
  readonly hasDriver: boolean;
  readonly latencyMs: number | undefined;
  readonly availability: number | undefined;
  readonly bytesPerSecond: number | undefined;
  /** It said that it is full and is left out of writes for a while. */
  readonly full: boolean;
}

/** The pool and the side of it that the registry and the pinger work on. */
export interface ManagedPool extends BackendPool {
  view(id: BackendId): BackendView | undefined;
  /** Makes the pool hold exactly these; drivers of changed ones are made anew. Returns the drivers to be closed. */
  replace(backends: readonly Backend[]): readonly BackendDriver[];
  /** The outcome of a ping. */
  observe(id: BackendId, sample: HealthSample): void;
}

export interface PoolDeps {
  readonly clock: Clock;
  /** Undefined when this process may not or cannot speak to the backend. Must not throw. */
  readonly createDriver: (backend: Backend) => BackendDriver | undefined;
  readonly onChange: (backend: Backend, from: BackendState) => void;
  readonly onCall?: (id: BackendId, operation: string, outcome: string) => void;
}

interface Member {
  readonly row: Backend;
  readonly facts: string;
  readonly driver: BackendDriver | undefined;
  readonly health: HealthRecord;
  /** `row` with the state as this process sees it. */
  readonly shown: Backend;
}

export function createBackendPool(deps: PoolDeps): ManagedPool {
  const { clock } = deps;
  const members = new Map<BackendId, Member>();
  let all: readonly Backend[] = [];
  let writable: ReadonlySet<BackendId> = new Set();
  let full: ReadonlySet<BackendId> = new Set();
  /** On the monotonic clock: when a pause of a full backend ends and `writable` has to be made anew. */
  let writableUntilMs = Number.POSITIVE_INFINITY;

  const refreshLists = (): void => {
    const now = clock.monotonic();
    all = [...members.values()].map((member) => member.shown);
    const paused = [...members.values()].filter(({ health }) => health.fullUntilMs > now);
    writableUntilMs = Math.min(...paused.map(({ health }) => health.fullUntilMs), Number.POSITIVE_INFINITY);
    full = new Set(paused.map(({ row }) => row.id));
    writable = new Set([...members.values()].filter((m) => writesTo(m, now)).map((m) => m.row.id));
  };

  const note = (id: BackendId, sample: HealthSample): void => {
    const member = members.get(id);
    if (member === undefined) return;
    const health = observe(member.health, sample, defaultHealthThresholds);
    const changed = health.state !== member.health.state;
    const shown = changed ? { ...member.row, state: health.state } : member.shown;
    members.set(id, { ...member, health, shown });
    if (changed || sample.kind === 'full') refreshLists();
    if (changed) deps.onChange(shown, member.health.state);
  };

  return {
    all: () => all,
    driver: (id) => members.get(id)?.driver,
    writable() {
      if (clock.monotonic() >= writableUntilMs) refreshLists();
      return writable;
    },
    full() {
      if (clock.monotonic() >= writableUntilMs) refreshLists();
      return full;
    },
    readOrder: (ids) => readOrder(members, ids),
    latencyMs: (id) => members.get(id)?.health.latencyMs,
    report(id, outcome) {
      deps.onCall?.(id, operationOf(outcome), outcomeWord(outcome));
      const sample = sampleOf(outcome, clock.monotonic());
      if (sample !== undefined) note(id, sample);
    },
    observe: note,
    view: (id) => viewOf(members.get(id), clock.monotonic()),
    replace(backends) {
      const closing = replaceMembers(members, backends, deps);
      refreshLists();
      return closing;
    },
  };
}

function replaceMembers(
  members: Map<BackendId, Member>,
  backends: readonly Backend[],
  deps: Pick<PoolDeps, 'createDriver'>,
): readonly BackendDriver[] {
  const closing: BackendDriver[] = [];
  const before = new Map(members);
  members.clear();
  for (const row of backends) {
    if (row.state === 'retired') continue;
    const known = before.get(row.id);
    const facts = factsOf(row);
    const same = known?.facts === facts;
    const driver = same ? known.driver : deps.createDriver(row);
    // Whom this process cannot ask is as the database says.
    const health = driver === undefined ? newHealthRecord(row.state) : healthOf(known, row);
    if (same) before.delete(row.id);
    members.set(row.id, { row, facts, driver, health, shown: { ...row, state: health.state } });
  }
  for (const { driver } of before.values()) if (driver !== undefined) closing.push(driver);
  return closing;
}

/** An operator's word comes from the database and wins; the other states are this process's own experience. */
function healthOf(known: Member | undefined, row: Backend): HealthRecord {
  if (known === undefined) return newHealthRecord(row.state);
  const operated = row.state === 'draining' || known.health.state === 'draining';
  return operated && row.state !== known.health.state ? { ...known.health, state: row.state } : known.health;
}

/** What a driver is made of: a change of any of it makes a new one. */
function factsOf(row: Backend): string {
  const { type, endpoint, providerRegion, addressing, custody, credentials, capabilities } = row;
  const secret = credentials === null ? null : [credentials.accessKeyId, credentials.secretAccessKey];
  return JSON.stringify([type, endpoint, providerRegion, addressing, custody, secret, capabilities]);
}

function writesTo({ health, driver }: Member, now: number): boolean {
  return takesWrites(health.state) && driver !== undefined && health.fullUntilMs <= now;
}

function readOrder(members: ReadonlyMap<BackendId, Member>, ids: Iterable<BackendId>): BackendId[] {
  const readable: Member[] = [];
  for (const id of ids) {
    const member = members.get(id);
    if (member?.driver !== undefined) readable.push(member);
  }
  // One that was never measured goes before slow ones, so that it gets measured.
  readable.sort(
    (a, b) =>
      readRank[a.health.state] - readRank[b.health.state] || (a.health.latencyMs ?? 0) - (b.health.latencyMs ?? 0),
  );
  return readable.map((member) => member.row.id);
}

function viewOf(member: Member | undefined, now: number): BackendView | undefined {
  if (member === undefined) return undefined;
  const { shown, driver, health } = member;
  return {
    backend: shown,
    hasDriver: driver !== undefined,
    latencyMs: health.latencyMs,
    availability: availability(health),
    bytesPerSecond: health.bytesPerSecond,
    full: health.fullUntilMs > now,
  };
}

function sampleOf(outcome: BackendOutcome, nowMs: number): HealthSample | undefined {
  if (outcome.kind === 'failed') return sampleOfFault(outcome.code, nowMs);
  if (outcome.kind === 'detached') return { kind: 'slow' };
  if (outcome.kind === 'late') return outcome;
  // A write's receipt waits for its whole body, so only reads tell how fast the first byte comes.
  const latency = outcome.operation === 'get' ? { latencyMs: outcome.latencyMs } : {};
  const measurable = outcome.bytes >= THROUGHPUT_BYTES_MIN && outcome.durationMs > 0;
  const speed = measurable ? { bytesPerSecond: (outcome.bytes * 1000) / outcome.durationMs } : {};
  return { kind: 'good', ...latency, ...speed };
}

function operationOf(outcome: BackendOutcome): string {
  return outcome.kind === 'ok' ? outcome.operation : 'any';
}

function outcomeWord(outcome: BackendOutcome): string {
  return outcome.kind === 'failed' ? outcome.code : outcome.kind;
}
