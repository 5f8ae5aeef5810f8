import type { BackendId } from '../names/index.ts';
import type { CompiledPolicy, PlacementScope, RedundancyClass } from '../policy/types.ts';
import type { Backend, BlobRecord, ReplicaRecord } from '../ports/index.ts';
import { DRAINING, mayPlace, RETIRED } from './eligible.ts';
import { needsOfAck, needsOfSpread } from './needs.ts';
import { place } from './place.ts';
import { preferredWeight } from './prefer.ts';
import { refuseIllegal } from './refuse.ts';
import { rankByRendezvous } from './rendezvous.ts';
import { searchPlacement } from './search.ts';
import type { SearchProblem } from './tables.ts';
import type { Refusal } from './types.ts';

export interface ReconcileRequest {
  readonly blob: Pick<BlobRecord, 'blobId' | 'layout' | 'replicas'>;
  readonly policy: CompiledPolicy;
  /** As the policy defines it now; undefined when it knows no such class any more: what is there is kept as it is. */
  readonly redundancyClass: RedundancyClass | undefined;
  readonly scope: PlacementScope;
  readonly backends: readonly Backend[];
  /** Backends that take writes now. */
  readonly writable: ReadonlySet<BackendId>;
  /** Backends that have been away for so long that what they hold is to be made good elsewhere. */
  readonly lost: ReadonlySet<BackendId>;
  /** Backends that have no room for what they are owed of the blob. */
  readonly noRoom: ReadonlySet<BackendId>;
  /** A backend that is to get its share: the blob moves there if a new one would be placed there. */
  readonly towards?: BackendId;
}

/** What is to become of the replicas of one blob. */
export type Reconciliation =
  | { readonly kind: 'right' }
  | {
      readonly kind: 'change';
      readonly replicas: readonly ReplicaRecord[];
      /** Why replicas leave where they were; none when there are only too few. */
      readonly reasons: readonly Refusal[];
    }
  | {
      readonly kind: 'blocked';
      /** `illegal`: only another policy or another backend helps. `unavailable`: it will do when backends are back. */
      readonly cause: 'illegal' | 'unavailable';
      readonly rule: string;
      readonly reason: string;
      readonly reasons: readonly Refusal[];
    };

const RIGHT: Reconciliation = { kind: 'right' };

/**
 * Compares where a blob is with where it should be. Pure: the same request gives the same answer.
 *
 * What stays where it is goes before what is moved. A replica is told to leave only together with a complete set of
 * others, legal and spread as the class wants; that it goes no sooner than those are stored is the removal's business.
 * A blob never gets fewer replicas than it has: some may have been asked for above its class.
 */
export function reconcile(request: ReconcileRequest): Reconciliation {
  const scene = lookAt(request);
  // Whoever still writes it decides first what becomes of it.
  if (scene.writing) return RIGHT;
  if (request.towards !== undefined) return moveTowards(request, scene, request.towards);
  const all = [...scene.kept, ...scene.back, ...scene.fresh];
  const good = all.filter(({ reluctance }) => reluctance === undefined);
  const others = all.filter(({ reluctance }) => reluctance !== undefined);
  // Where there are too few places, as many as possible are used, and the rest waits for room or for a return.
  for (const candidates of others.length === 0 ? [good] : [good, [...good, ...others]]) {
    const chosen = search(scene, candidates.map(backendOf));
    if (chosen !== undefined) return settle(request, scene, chosen);
  }
  return blocked(request, scene);
}

interface Candidate {
  readonly backend: Backend;
  /** Undefined when nothing of the blob is there. */
  readonly replica: ReplicaRecord | undefined;
  /** It is legal, and of use only where there is nothing better: why. */
  readonly reluctance: Refusal | undefined;
}

interface Scene {
  /** How many backends hold the blob when it is right. */
  readonly width: number;
  readonly wants: Pick<SearchProblem, 'writeNeeds' | 'allNeeds' | 'within'>;
  /** Replicas that may stay. */
  readonly kept: readonly Candidate[];
  /** Replicas that are leaving and could stay after all. */
  readonly back: readonly Candidate[];
  /** Backends that hold nothing of the blob and could, best first. */
  readonly fresh: readonly Candidate[];
  /** Replicas that cannot stay, and why. */
  readonly reasons: readonly Refusal[];
  /** One that should not be where it is has not been written to its end. */
  readonly writing: boolean;
}

const STATE_RANK = { stored: 0, pending: 1, missing: 2, leaving: 3 } as const;

function lookAt(request: ReconcileRequest): Scene {
  const { blob, policy, scope, writable } = request;
  const byId = new Map(request.backends.map((backend) => [backend.id, backend]));
  const staying = blob.replicas.filter(({ state }) => state !== 'leaving');
  const [kept, reasons]: [Candidate[], Refusal[]] = [[], []];
  let writing = false;
  const judged = staying
    .map((replica) => ({ replica, reluctance: reluctanceAt(request, replica) }))
    .toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const { replica, reluctance } of judged) {
    const backend = byId.get(replica.backend);
    const refusal = homeRefusal(request, replica.backend, backend) ?? doubled(kept, replica, blob.layout.kind);
    writing ||= replica.state === 'pending' && (refusal ?? reluctance) !== undefined;
    if (refusal !== undefined) reasons.push(refusal);
    else if (backend !== undefined) kept.push({ backend, replica, reluctance });
  }
  const mayTake = (backend: Backend): boolean =>
    mayPlace(policy, backend, scope).ok && writable.has(backend.id) && !request.lost.has(backend.id);
  const back: Candidate[] = [];
  for (const replica of blob.replicas.filter(({ state }) => state === 'leaving')) {
    const backend = byId.get(replica.backend);
    if (backend === undefined || !mayTake(backend)) continue;
    const reluctance = withoutRoom(request, backend.id);
    if (doubled([...kept, ...back], replica, blob.layout.kind) === undefined)
      back.push({ backend, replica, reluctance });
  }
  const holding = new Set(blob.replicas.map((replica) => replica.backend));
  const others = request.backends.filter((backend) => !holding.has(backend.id) && mayTake(backend));
  const fresh = rankByRendezvous(others, blob.blobId, (backend) => preferredWeight(backend, policy.prefers)).map(
    (backend) => ({ backend, replica: undefined, reluctance: withoutRoom(request, backend.id) }),
  );
  return { ...wantsOf(request, staying.length), kept, back, fresh, reasons, writing };
}

/** Of two of the same shard the better one stays. */
function rankOf({ replica, reluctance }: Pick<Candidate, 'reluctance'> & { readonly replica: ReplicaRecord }): number {
  return STATE_RANK[replica.state] + (reluctance === undefined ? 0 : Object.keys(STATE_RANK).length);
}

/** Why a replica that may stay had better not. */
function reluctanceAt(request: ReconcileRequest, { backend, state }: ReplicaRecord): Refusal | undefined {
  if (request.lost.has(backend)) return { backend, rule: 'backend.lost', reason: 'it has been away for too long' };
  return state === 'missing' ? withoutRoom(request, backend) : undefined;
}

function withoutRoom({ noRoom }: ReconcileRequest, backend: BackendId): Refusal | undefined {
  return noRoom.has(backend) ? { backend, rule: 'backend.room', reason: 'it is full' } : undefined;
}

/** Why a replica cannot stay on its backend. */
function homeRefusal(request: ReconcileRequest, id: BackendId, backend: Backend | undefined): Refusal | undefined {
  if (backend === undefined || backend.state === 'retired')
    return { backend: id, rule: RETIRED.rule, reason: RETIRED.reason };
  const verdict = request.policy.admits(backend, request.scope);
  if (!verdict.ok) return { backend: id, rule: verdict.rule, reason: verdict.reason };
  if (backend.state === 'draining') return { backend: id, rule: DRAINING.rule, reason: DRAINING.reason };
  return undefined;
}

/** Two copies on one backend are one copy, and so are two replicas of one shard. */
function doubled(kept: readonly Candidate[], replica: ReplicaRecord, kind: 'copies' | 'erasure'): Refusal | undefined {
  const twice = kept.some(
    (each) => each.backend.id === replica.backend || (kind === 'erasure' && each.replica?.shard === replica.shard),
  );
  return twice ? { backend: replica.backend, rule: 'blob.once', reason: 'the same is held elsewhere' } : undefined;
}

function wantsOf({ blob, redundancyClass }: ReconcileRequest, staying: number): Pick<Scene, 'width' | 'wants'> {
  const { layout } = blob;
  const same =
    redundancyClass !== undefined &&
    (layout.kind === 'copies'
      ? redundancyClass.layout.kind === 'copies'
      : redundancyClass.layout.kind === 'erasure' && redundancyClass.width === layout.k + layout.m);
  const asked = same && redundancyClass.layout.kind === 'copies' ? redundancyClass.width : 0;
  const width = layout.kind === 'erasure' ? layout.k + layout.m : Math.max(asked, staying);
  if (!same) return { width, wants: { writeNeeds: [], allNeeds: [], within: [] } };
  return {
    width,
    wants: {
      writeNeeds: needsOfAck(redundancyClass),
      allNeeds: needsOfSpread(redundancyClass),
      within: redundancyClass.spread.within,
    },
  };
}

function backendOf({ backend }: Candidate): Backend {
  return backend;
}

function search({ width, wants }: Scene, candidates: readonly Backend[]): readonly Backend[] | undefined {
  return searchPlacement({ ...wants, candidates, writable: candidates.length, writes: width, width });
}

/** The replicas when exactly the chosen backends are to hold the blob. */
function settle(request: ReconcileRequest, scene: Scene, chosen: readonly Backend[]): Reconciliation {
  const { blob } = request;
  const ids = new Set(chosen.map(({ id }) => id));
  const stays = new Set(scene.kept.flatMap(({ replica }) => replica ?? []).filter(({ backend }) => ids.has(backend)));
  const returns = new Set(scene.back.flatMap(({ replica }) => replica ?? []).filter(({ backend }) => ids.has(backend)));
  const replicas: ReplicaRecord[] = blob.replicas.map((replica) => {
    if (stays.has(replica) || replica.state === 'pending') return replica;
    return { ...replica, state: returns.has(replica) ? 'missing' : 'leaving' };
  });
  const taken = new Set([...stays, ...returns].map(({ shard }) => shard));
  const shards = blob.layout.kind === 'copies' ? [] : [...Array(scene.width).keys()].filter((s) => !taken.has(s));
  for (const { backend } of scene.fresh) {
    if (ids.has(backend.id)) replicas.push({ backend: backend.id, shard: shards.shift() ?? 0, state: 'missing' });
  }
  const changed = replicas.some((replica, index) => replica.state !== blob.replicas[index]?.state);
  const given = scene.kept.flatMap(({ backend, reluctance }) => (ids.has(backend.id) ? [] : (reluctance ?? [])));
  return changed ? { kind: 'change', replicas, reasons: [...scene.reasons, ...given] } : RIGHT;
}

/** A complete blob moves to a backend that it would be placed on today, in place of one that it would not be. */
function moveTowards(request: ReconcileRequest, scene: Scene, towards: BackendId): Reconciliation {
  const { blob, redundancyClass } = request;
  const settled = scene.reasons.length === 0 && scene.kept.every(({ reluctance }) => reluctance === undefined);
  const complete = settled && blob.replicas.every(({ state }) => state === 'stored');
  const target = scene.fresh.find(({ backend }) => backend.id === towards);
  if (!complete || target === undefined || redundancyClass === undefined) return RIGHT;
  const wanted = { ...redundancyClass, layout: blob.layout, width: scene.width };
  const today = place({ ...request, redundancyClass: wanted, seed: blob.blobId });
  if (!today.ok || !today.write.some(({ id }) => id === towards)) return RIGHT;
  const best = new Set(today.write.map(({ id }) => id));
  const kept = scene.kept.toSorted((a, b) => Number(best.has(b.backend.id)) - Number(best.has(a.backend.id)));
  const chosen = search(scene, [target, ...kept].map(backendOf));
  return chosen?.includes(target.backend) === true ? settle(request, scene, chosen) : RIGHT;
}

function blocked(request: ReconcileRequest, scene: Scene): Reconciliation {
  const { policy, scope, redundancyClass, blob } = request;
  const { reasons } = scene;
  const held = new Set(scene.kept.map(({ backend }) => backend.id));
  const judged = request.backends
    .filter(({ id }) => !held.has(id))
    .map((backend) => ({ backend, verdict: mayPlace(policy, backend, scope) }));
  const legal = [
    ...scene.kept.map(backendOf),
    ...judged.flatMap(({ backend, verdict }) => (verdict.ok ? [backend] : [])),
  ];
  if (search(scene, legal) !== undefined) {
    const reason = 'too few of the allowed backends take writes now';
    return { kind: 'blocked', cause: 'unavailable', rule: 'backend.writable', reason, reasons };
  }
  const refusals = judged.flatMap(({ backend, verdict }) =>
    verdict.ok ? [] : [{ backend: backend.id, rule: verdict.rule, reason: verdict.reason }],
  );
  if (redundancyClass === undefined) {
    const reason = `${scene.width} backends are needed and ${legal.length} are allowed`;
    return { kind: 'blocked', cause: 'illegal', rule: refusals[0]?.rule ?? 'policy.classes', reason, reasons };
  }
  const wanted = { ...redundancyClass, layout: blob.layout, width: scene.width };
  const { rule, reason } = refuseIllegal(wanted, legal, refusals);
  return { kind: 'blocked', cause: 'illegal', rule, reason, reasons };
}
