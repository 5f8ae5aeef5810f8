import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBackendId, parseBlobId } from '../names/index.ts';
import { labelOf } from '../places/labels.ts';
import { builtinPolicy } from '../policy/compile.ts';
import type { Label, RedundancyClass } from '../policy/types.ts';
import type { Backend, ReplicaRecord, ReplicaState } from '../ports/index.ts';
import { anyBackends, testBackend } from '../testing/backends.ts';
import { anyBucketFacts, anyTime, somePolicies } from '../testing/policies.ts';
import { place } from './place.ts';
import { type ReconcileRequest, reconcile } from './reconcile.ts';

const blobId = parseBlobId('01900000-0000-7000-8000-000000000001');
const classOf = (name: string): RedundancyClass => {
  const found = builtinPolicy.classes.get(name);
  if (found === undefined) throw new Error(`no class ${name}`);
  return found;
};
const NOBODY = new Set<Backend['id']>();

function replicas(...all: readonly (readonly [id: string, state: ReplicaState, shard?: number])[]): ReplicaRecord[] {
  return all.map(([id, state, shard = 0]) => ({ backend: parseBackendId(id), shard, state }));
}

function request(backends: readonly Backend[], held: readonly ReplicaRecord[], over: Partial<ReconcileRequest> = {}) {
  const redundancyClass = over.redundancyClass ?? classOf('StandardClass');
  return {
    blob: { blobId, layout: redundancyClass.layout, replicas: held },
    policy: builtinPolicy,
    scope: { regionLock: [] },
    backends,
    writable: new Set(backends.filter(({ state }) => state === 'healthy').map(({ id }) => id)),
    lost: NOBODY,
    noRoom: NOBODY,
    ...over,
    redundancyClass,
  };
}

const five = ['a', 'b', 'c', 'd', 'e'].map((id) => testBackend(id));
const whole = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'stored']);

function with_(id: string, facts: Partial<Backend>): readonly Backend[] {
  return five.map((backend) => (backend.id === id ? { ...backend, ...facts } : backend));
}

/** The states, by backend, and whoever is new as `+`. */
function outcome(of: ReconcileRequest): string {
  const result = reconcile(of);
  if (result.kind === 'blocked') return `blocked ${result.cause} ${result.rule}`;
  if (result.kind === 'right') return 'right';
  return result.replicas
    .map(({ backend, state }, i) => (i < of.blob.replicas.length ? `${backend}:${state[0]}` : '+'))
    .join(' ');
}

describe('a blob that is where it should be', () => {
  it('stays, also when copies are owed to backends that are away for a while', () => {
    expect(outcome(request(five, whole))).toBe('right');
    const owed = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'missing']);
    expect(outcome(request(with_('c', { state: 'unhealthy' }), owed))).toBe('right');
    expect(outcome(request(with_('c', { weight: 0 }), whole))).toBe('right');
  });

  it('keeps copies above its class: somebody asked for them', () => {
    const more = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'stored'], ['d', 'stored']);
    expect(outcome(request(five, more))).toBe('right');
    expect(outcome(request(with_('d', { state: 'draining' }), more))).toBe('a:s b:s c:s d:l +');
  });
});

describe('a replica that cannot stay', () => {
  it.each([
    ['its backend is drained', { state: 'draining' }, 'backend.draining'],
    ['its backend is retired', { state: 'retired' }, 'backend.retired'],
    ['its country is none of the locked ones any more', { country: 'US', jurisdiction: 'US' }, 'bucket.regionLock'],
    ['nothing sure is known of its place any more', { country: 'XX' }, 'bucket.regionLock'],
  ] as const)('leaves when %s, together with one that takes its place', (_why, facts, rule) => {
    const of = request(with_('c', facts), whole, { scope: { regionLock: ['EU'] } });
    expect(outcome(of)).toBe('a:s b:s c:l +');
    expect(reconcile(of)).toMatchObject({ reasons: [{ backend: 'c', rule }] });
  });

  it('is made good elsewhere when its backend has been away for too long, and is wanted again when it is back first', () => {
    const away = with_('c', { state: 'unhealthy' });
    const lost = new Set([parseBackendId('c')]);
    expect(outcome(request(away, whole, { lost }))).toBe('a:s b:s c:l +');
    const moving = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'leaving'], ['d', 'missing']);
    expect(outcome(request(five, moving))).toBe('right');
    const gone = with_('d', { state: 'draining' });
    expect(outcome(request(gone, moving))).toBe('a:s b:s c:m d:l');
  });

  it('stays on a lost backend while no other could take its place', () => {
    const only = five
      .slice(0, 3)
      .map((backend) => (backend.id === 'c' ? { ...backend, state: 'unhealthy' as const } : backend));
    expect(outcome(request(only, whole, { lost: new Set([parseBackendId('c')]) }))).toBe('right');
  });

  it('that was never there leaves where there is no room for it, while what is there stays', () => {
    const owed = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'missing']);
    const noRoom = new Set([parseBackendId('c'), parseBackendId('b')]);
    const of = request(five, owed, { noRoom });
    expect(outcome(of)).toBe('a:s b:s c:l +');
    expect(reconcile(of)).toMatchObject({ reasons: [{ backend: 'c', rule: 'backend.room' }] });
    const moved = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'leaving'], ['d', 'missing']);
    expect(outcome(request(five, moved, { noRoom }))).toBe('right');
    const all = new Set(['c', 'd'].map(parseBackendId));
    expect(outcome(request(five, moved, { noRoom: all }))).toBe('a:s b:s c:l d:l +');
  });

  it('waits for room where no other backend could take it, and is not given up for one that is lost', () => {
    const owed = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'missing']);
    const noRoom = new Set([parseBackendId('c')]);
    expect(outcome(request(five.slice(0, 3), owed, { noRoom }))).toBe('right');
    const lost = new Set([parseBackendId('b')]);
    expect(outcome(request(five.slice(0, 4), owed, { noRoom, lost }))).toBe('a:s b:s c:l +');
    expect(outcome(request(five, owed, { noRoom, lost }))).toBe('a:s b:l c:l + +');
  });

  it('waits for who still writes it', () => {
    const writing = replicas(['a', 'stored'], ['b', 'stored'], ['c', 'pending']);
    expect(outcome(request(with_('c', { state: 'draining' }), writing))).toBe('right');
  });

  it('stays when no other backend is allowed, and the rule is named', () => {
    const three = with_('c', { state: 'draining' }).slice(0, 3);
    expect(outcome(request(three, whole))).toBe('blocked illegal backend.draining');
    const foreign = [...three, testBackend('us', { country: 'US', jurisdiction: 'US' })];
    const locked = request(foreign, whole, { scope: { regionLock: ['EU'] } });
    expect(outcome(locked)).toMatch(/^blocked illegal (backend.draining|bucket.regionLock)$/);
  });

  it('waits for backends that are away when those could take it', () => {
    const idle = with_('c', { state: 'draining' }).map((b) => (b.id > 'c' ? { ...b, state: 'unhealthy' as const } : b));
    expect(outcome(request(idle, whole))).toBe('blocked unavailable backend.writable');
  });
});

describe('what a class wants', () => {
  it('more copies than there are: they are owed', () => {
    expect(outcome(request(five, whole.slice(0, 2)))).toBe('a:s b:s +');
  });

  it('another spread: the fewest possible copies move', () => {
    const near = five.map((b) => (b.id < 'd' ? { ...b, region: 'near' } : b));
    expect(outcome(request(near, whole))).toBe('a:s b:s c:l +');
  });

  it('one country for all: when one must leave, all go where all can be', () => {
    const places = { a: 'FI', b: 'FI', c: 'DE', d: 'DE', e: 'FR' } as Record<string, string>;
    const spread = five.map((b) => ({
      ...b,
      country: places[b.id] ?? 'FI',
      state: b.id === 'b' ? ('draining' as const) : b.state,
    }));
    const of = request(spread, whole.slice(0, 2), { redundancyClass: classOf('RegionalClass') });
    expect(outcome(of)).toBe('a:l b:l + +');
  });

  it('nothing any more, because the policy dropped it: only homes count', () => {
    const { redundancyClass: _dropped, ...rest } = request(with_('c', { state: 'draining' }), whole);
    expect(outcome({ ...rest, redundancyClass: undefined })).toBe('a:s b:s c:l +');
  });
});

describe('shards', () => {
  const eight = Array.from({ length: 8 }, (_, i) => testBackend(`s${i}`));
  const cold = classOf('ColdArchiveClass');
  const six = replicas(...eight.slice(0, 6).map(({ id }, i) => [id, 'stored', i] as const));

  it('move with their number, each of which is wanted once', () => {
    const drained = eight.map((b, i) => (i === 2 || i === 4 ? { ...b, state: 'draining' as const } : b));
    const result = reconcile(request(drained, six, { redundancyClass: cold }));
    if (result.kind !== 'change') throw new Error(result.kind);
    const staying = result.replicas.filter(({ state }) => state !== 'leaving').map(({ shard }) => shard);
    expect(staying.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(result.replicas.filter(({ state }) => state === 'leaving').map(({ shard }) => shard)).toEqual([2, 4]);
  });

  it('held twice are held once', () => {
    const twice = [...six, ...replicas(['s6', 'stored', 3])];
    expect(outcome(request(eight, twice, { redundancyClass: cold }))).toBe('s0:s s1:s s2:s s3:s s4:s s5:s s6:l');
  });
});

describe('a backend that is to get its share', () => {
  it('gets the blobs that would be placed there today, in place of those that would not', () => {
    let moved = 0;
    for (let i = 0; i < 200; i += 1) {
      const id = parseBlobId(`01900000-0000-7000-8000-${i.toString(16).padStart(12, '0')}`);
      const four = five.slice(0, 4);
      const before = place({ ...request(four, []), seed: id });
      const after = place({ ...request(five, []), seed: id });
      if (!before.ok || !after.ok) throw new Error('placed');
      const held = before.write.map(({ id: backend }) => ({ backend, shard: 0, state: 'stored' as const }));
      const of = { ...request(five, held), towards: parseBackendId('e') };
      const result = reconcile({ ...of, blob: { ...of.blob, blobId: id } });
      const wanted = after.write.some(({ id: backend }) => backend === 'e');
      expect(result.kind).toBe(wanted ? 'change' : 'right');
      if (result.kind !== 'change') continue;
      moved += 1;
      const staying = result.replicas.filter(({ state }) => state !== 'leaving').map(({ backend }) => backend);
      expect(staying.toSorted()).toEqual(after.write.map(({ id: backend }) => backend).toSorted());
    }
    // Three of five backends of equal weight hold each blob.
    expect(moved).toBeGreaterThan(80);
    expect(moved).toBeLessThan(160);
  });
});

/** What repairs and removals make of a blob: all that is owed is stored, then all that leaves is gone. */
function carriedOut(
  held: readonly ReplicaRecord[],
  away: ReadonlySet<string>,
  full: ReadonlySet<string>,
): ReplicaRecord[] {
  const stored = held.map((r) =>
    r.state === 'missing' && !away.has(r.backend) && !full.has(r.backend) ? { ...r, state: 'stored' as const } : r,
  );
  const owed = stored.some(({ state }) => state === 'missing');
  return owed ? stored : stored.filter(({ state, backend }) => state !== 'leaving' || away.has(backend));
}

const layouts: fc.Arbitrary<RedundancyClass> = fc.constantFrom(
  ...['StandardClass', 'RegionalClass', 'ColdArchiveClass'].map(classOf),
);
const someStates = fc.array(fc.constantFrom<ReplicaState>('stored', 'stored', 'stored', 'missing', 'leaving'), {
  minLength: 10,
  maxLength: 10,
});

/** A healthy European world, and what became of it. */
const worlds = fc
  .array(
    fc.record({
      country: fc.constantFrom('FI', 'DE', 'FR'),
      full: fc.nat(3).map((drawn) => drawn === 0),
      region: fc.constantFrom('r1', 'r2', 'r3', 'r4'),
      change: fc.constantFrom<Partial<Backend>>(
        {},
        {},
        {},
        {},
        { state: 'draining' },
        { state: 'retired' },
        { state: 'unhealthy' },
        { country: 'US', jurisdiction: 'US' },
        { region: 'r9' },
      ),
    }),
    { minLength: 5, maxLength: 12 },
  )
  .map((all) => {
    const before = all.map(({ country, region }, i) => testBackend(`b${i}`, { country, region }));
    const noRoom = new Set(before.filter((_, i) => all[i]?.full).map(({ id }) => id));
    return { before, after: before.map((backend, i) => ({ ...backend, ...all[i]?.change })), noRoom };
  });

/** Reconciles and carries out until nothing changes. How many changes. */
function converge(first: readonly ReplicaRecord[], of: (held: readonly ReplicaRecord[]) => ReconcileRequest): number {
  let held = first;
  for (let changes = 0; changes < 8; changes += 1) {
    const result = reconcile(of(held));
    if (result.kind !== 'change') {
      if (result.kind === 'right') expectRight(of(held));
      return changes;
    }
    check(of(held), result.replicas);
    held = carriedOut(result.replicas, awayOf(of(held).backends), of(held).noRoom);
  }
  throw new Error('It does not come to an end.');
}

describe('property: no step leaves the allowed set or loses safety, and the steps come to an end', () => {
  it('after a world has changed', () => {
    let changes = 0;
    fc.assert(
      fc.property(worlds, layouts, someStates, fc.boolean(), (world, redundancyClass, states, patient) => {
        const { before, after, noRoom } = world;
        const scope = { regionLock: ['EU'] };
        const placed = place({ ...request(before, []), redundancyClass, scope, seed: blobId });
        fc.pre(placed.ok);
        const start = placed.write.map(({ id }, i): ReplicaRecord => {
          const shard = redundancyClass.layout.kind === 'copies' ? 0 : i;
          return { backend: id, shard, state: states[i] === 'missing' ? 'missing' : 'stored' };
        });
        const away = after.filter(({ state }) => state === 'unhealthy').map(({ id }) => id);
        const lost = patient ? NOBODY : new Set(away);
        changes += converge(start, (held) => request(after, held, { redundancyClass, scope, lost, noRoom }));
      }),
      { numRuns: 1000 },
    );
    expect(changes).toBeGreaterThan(300);
  });

  it('from wherever it may be, under any policy', () => {
    const rules = fc.record({ policy: fc.constantFrom(...somePolicies(200)), offered: fc.nat() });
    const scopes = fc.record({ bucket: anyBucketFacts, atMs: anyTime });
    let changes = 0;
    fc.assert(
      fc.property(
        fc.tuple(anyBackends(3, 10), anyBackends(6, 10)),
        rules,
        scopes,
        someStates,
        fc.nat(),
        ([before, after], { policy, offered }, { bucket, atMs }, states, rotation) => {
          const classes = [...policy.classes.values()];
          const redundancyClass = classes[offered % classes.length] ?? classOf('StandardClass');
          const scope = { regionLock: bucket.regionLock, bucket, atMs };
          const { width, layout } = redundancyClass;
          // Any backends of an earlier time, in any states, each shard at most twice.
          const start = before.map(({ id }, i): ReplicaRecord => {
            const shard = layout.kind === 'copies' ? 0 : (i + rotation) % width;
            return { backend: id, shard, state: states[i] ?? 'stored' };
          });
          const held = start.slice(0, layout.kind === 'copies' ? 5 : 10);
          changes += converge(held, (now) => request(after, now, { redundancyClass, policy, scope }));
        },
      ),
      { numRuns: 2000 },
    );
    expect(changes).toBeGreaterThan(100);
  });
});

function awayOf(backends: readonly Backend[]): ReadonlySet<string> {
  return new Set(backends.filter(({ state }) => state === 'unhealthy' || state === 'retired').map(({ id }) => id));
}

function check(of: ReconcileRequest, next: readonly ReplicaRecord[]): void {
  const { layout } = of.blob;
  const held = of.blob.replicas;
  const byId = new Map(of.backends.map((b) => [b.id, b]));
  for (const [index, replica] of next.entries()) {
    const was = held[index];
    if (was !== undefined) expect([replica.backend, replica.shard]).toEqual([was.backend, was.shard]);
    if (replica.state === 'stored') expect(was?.state).toBe('stored');
    const owed = replica.state === 'missing' && was?.state !== 'missing';
    if (!owed) continue;
    const backend = byId.get(replica.backend);
    if (backend === undefined) throw new Error('a backend that is not there');
    expect(of.policy.admits(backend, of.scope).ok).toBe(true);
    expect(of.writable.has(backend.id)).toBe(true);
  }
  expect(next.length).toBeGreaterThanOrEqual(held.length);
  const staying = next.filter(({ state }) => state !== 'leaving');
  expect(new Set(staying.map(({ backend }) => backend)).size).toBe(staying.length);
  if (layout.kind === 'erasure') {
    expect(staying.map(({ shard }) => shard).toSorted((a, b) => a - b)).toEqual([...Array(layout.k + layout.m).keys()]);
  } else {
    const before = held.filter(({ state }) => state !== 'leaving').length;
    expect(staying.length).toBeGreaterThanOrEqual(Math.max(of.redundancyClass?.width ?? 0, before));
  }
}

function expectRight(of: ReconcileRequest): void {
  const byId = new Map(of.backends.map((b) => [b.id, b]));
  const staying = of.blob.replicas.filter(({ state }) => state !== 'leaving');
  const homes = staying.flatMap(({ backend }) => byId.get(backend) ?? []);
  expect(homes.length).toBe(staying.length);
  for (const backend of homes) {
    expect(of.policy.admits(backend, of.scope).ok).toBe(true);
    expect(['draining', 'retired']).not.toContain(backend.state);
  }
  expectNoBetterPlace(of, staying);
  const { spread = { atLeast: {}, within: [] }, ack } = of.redundancyClass ?? {};
  expect(ack?.evaluate(homes, [])).toBe('held');
  for (const [label, atLeast] of Object.entries(spread.atLeast) as [Label, number][]) {
    expect(new Set(homes.map((b) => labelOf(b, label)).filter((v) => v !== undefined)).size).toBeGreaterThanOrEqual(
      atLeast,
    );
  }
  for (const label of spread.within) expect(new Set(homes.map((b) => labelOf(b, label))).size).toBe(1);
}

/** What waits for room has nowhere else to go: nor would it if the backend were drained. */
function expectNoBetterPlace(of: ReconcileRequest, staying: readonly ReplicaRecord[]): void {
  const waiting = staying.filter(({ state, backend }) => state === 'missing' && of.noRoom.has(backend));
  if (waiting.length === 0 || of.lost.size > 0) return;
  const full = new Set(waiting.map(({ backend }) => backend));
  const backends = of.backends.map((b) => (full.has(b.id) ? { ...b, state: 'draining' as const } : b));
  const writable = new Set([...of.writable].filter((id) => !of.noRoom.has(id)));
  expect(reconcile({ ...of, backends, writable, noRoom: NOBODY }).kind).toBe('blocked');
}
