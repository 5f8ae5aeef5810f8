import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackendId } from '../names/index.ts';
import { labelOf } from '../places/labels.ts';
import { compileClass } from '../policy/classes.ts';
import { builtinPolicy, compilePolicy, type Label, type RedundancyClass, resolveClass } from '../policy/index.ts';
import type { Backend } from '../ports/index.ts';
import { anyBackends, subsets, testBackend } from '../testing/backends.ts';
import { acks, anyBucketFacts, anyTime, layouts, somePolicies } from '../testing/policies.ts';
import { explain, type Placement, type PlacementRequest, place } from './index.ts';

/** Many runs on a busy machine. */
const SLOW = { timeout: 300_000 };

const finland = testBackend('fi-a', { region: 'hel' });
const finlandToo = testBackend('fi-b', { region: 'hel' });
const germany = testBackend('de-a', { region: 'fsn', country: 'DE' });
const france = testBackend('fr-a', { region: 'par', country: 'FR' });
const america = testBackend('us-a', { region: 'iad', country: 'US', jurisdiction: 'US' });
const everywhere = [finland, finlandToo, germany, france, america];

const ids = (backends: readonly Backend[]): string[] => backends.map((backend) => backend.id).sort();

function request(className: string, over: Partial<PlacementRequest> = {}): PlacementRequest {
  const backends = over.backends ?? everywhere;
  return {
    policy: builtinPolicy,
    redundancyClass: resolveClass(builtinPolicy, className),
    scope: { regionLock: [] },
    backends,
    writable: new Set(backends.map((backend) => backend.id)),
    seed: 'seed',
    ...over,
  };
}

const only = (...backends: readonly Backend[]): ReadonlySet<BackendId> => new Set(backends.map(({ id }) => id));

function placed(placement: Placement): Extract<Placement, { ok: true }> {
  if (!placement.ok) throw new Error(`refused by ${placement.rule}: ${placement.reason}`);
  return placement;
}

function refused(placement: Placement): Extract<Placement, { ok: false }> {
  if (placement.ok) throw new Error(`placed on ${ids(placement.write).join(', ')}`);
  return placement;
}

describe('placing a blob', () => {
  it('writes the full width to writable backends and names the rest as spares', () => {
    const { write, owed, spares } = placed(place(request('StandardClass')));
    expect(write).toHaveLength(3);
    expect(owed).toEqual([]);
    expect(ids([...write, ...spares])).toEqual(ids(everywhere));
  });

  it('leaves the best draw out when only so the regions suffice', () => {
    const backends = [finland, finlandToo, testBackend('fi-c', { region: 'hel' }), germany];
    for (let seed = 0; seed < 50; seed += 1) {
      const { write } = placed(place(request('StandardClass', { backends, seed: String(seed) })));
      expect(ids(write)).toContain('de-a');
    }
  });

  it('keeps a regional class in one country, spares included', () => {
    const { write, spares } = placed(place(request('RegionalClass')));
    expect(ids(write)).toEqual(['fi-a', 'fi-b']);
    expect(spares).toEqual([]);
  });

  it('never counts an unpinned place as the same country', () => {
    const backends = ['a', 'b'].map((id) => testBackend(id, { country: 'EU' }));
    expect(refused(place(request('RegionalClass', { backends })))).toMatchObject({
      kind: 'illegal',
      rule: 'class.RegionalClass.within.country',
    });
  });

  it('gives each shard of an erasure class its own backend', () => {
    const backends = Array.from({ length: 8 }, (_, i) => testBackend(`b${i}`));
    const { write } = placed(place(request('ColdArchiveClass', { backends })));
    expect(new Set(write).size).toBe(6);
  });

  it('prefers a full set of writable backends to the better draw that takes no writes', () => {
    const { write, owed } = placed(place(request('StandardClass', { writable: only(finland, germany, france) })));
    expect(ids(write)).toEqual(['de-a', 'fi-a', 'fr-a']);
    expect(owed).toEqual([]);
  });

  it('owes what cannot be written now, when the ack rule can hold without it', () => {
    const { write, owed, spares } = placed(place(request('StandardClass', { writable: only(finland, germany) })));
    expect(ids(write)).toEqual(['de-a', 'fi-a']);
    expect(owed).toHaveLength(1);
    expect(spares).toEqual([]);
  });

  it('owes in the place that the spread still lacks', () => {
    const policy = compilePolicy(document('copies: 3', 'copies >= 2', ['spread: { countries: 3 }']), { version: 1 });
    const redundancyClass = resolveClass(policy);
    const backends = [finland, finlandToo, testBackend('fi-c'), germany, france];
    for (let seed = 0; seed < 20; seed += 1) {
      const placement = place(
        request('', { policy, redundancyClass, backends, writable: only(finland, germany), seed: String(seed) }),
      );
      expect(ids(placed(placement).owed)).toEqual(['fr-a']);
    }
  });

  it.each([
    ['backend.draining', { state: 'draining' }],
    ['backend.retired', { state: 'retired' }],
    ['backend.weight', { weight: 0 }],
  ] as const)('gives nothing new to a backend refused by %s, not even owed', (rule, facts) => {
    const backends = everywhere.map((backend) => (backend === germany ? { ...backend, ...facts } : backend));
    for (let seed = 0; seed < 20; seed += 1) {
      const { write, owed, spares } = placed(
        place(request('StandardClass', { backends, seed: String(seed), writable: only(finland, france, germany) })),
      );
      expect(ids([...write, ...owed, ...spares])).not.toContain('de-a');
    }
    const verdicts = explain(builtinPolicy, backends, { regionLock: [] });
    expect(verdicts.filter(({ verdict }) => !verdict.ok)).toMatchObject([
      { backend: { id: 'de-a' }, verdict: { rule } },
    ]);
  });
});

describe('a refusal', () => {
  it('names the lock that leaves too few backends, and each backend it refuses', () => {
    const { kind, rule, reason, refusals } = refused(
      place(request('StandardClass', { scope: { regionLock: ['DE', 'FR'] } })),
    );
    expect({ kind, rule }).toEqual({ kind: 'illegal', rule: 'bucket.regionLock' });
    expect(reason).toContain('needs 3 backends');
    expect(refusals.map((r) => [r.backend, r.rule])).toEqual([
      ['fi-a', 'bucket.regionLock'],
      ['fi-b', 'bucket.regionLock'],
      ['us-a', 'bucket.regionLock'],
    ]);
  });

  it.each([
    ['too few backends', 'StandardClass', [finland, germany], 'class.StandardClass.copies'],
    ['too few for shards', 'ColdArchiveClass', everywhere, 'class.ColdArchiveClass.shards'],
    [
      'one region',
      'StandardClass',
      ['a', 'b', 'c'].map((id) => testBackend(id, { region: 'hel' })),
      'class.StandardClass.spread.regions',
    ],
    ['no pair in a country', 'RegionalClass', [finland, germany, france], 'class.RegionalClass.within.country'],
  ] as const)('for %s names %s', (_why, className, backends, rule) => {
    expect(refused(place(request(className, { backends })))).toMatchObject({ kind: 'illegal', rule });
  });

  it('names the ack rule when all backends together cannot hold it, and the class when only the mix is wrong', () => {
    const unspread = compilePolicy(document('copies: 3', 'countries >= 3'), { version: 1 });
    const inTwo = [finland, finlandToo, germany];
    expect(
      refused(place(request('', { policy: unspread, redundancyClass: resolveClass(unspread), backends: inTwo }))).rule,
    ).toBe('class.Custom.ack');
    const mixed = compilePolicy(document('copies: 2', 'copies >= 2', ['spread: { regions: 2 }', 'within: [country]']), {
      version: 1,
    });
    const noPair = [finland, finlandToo, germany];
    expect(
      refused(place(request('', { policy: mixed, redundancyClass: resolveClass(mixed), backends: noPair }))).rule,
    ).toBe('class.Custom.spread');
  });

  it('is for now only when health is all that is missing', () => {
    const { kind, rule, reason, refusals } = refused(
      place(request('StandardClass', { writable: only(finland, finlandToo) })),
    );
    expect({ kind, rule }).toEqual({ kind: 'unavailable', rule: 'class.StandardClass.ack' });
    expect(reason).toContain('copies >= 2 && regions >= 2');
    expect(refusals.map((r) => r.rule)).toEqual(Array(3).fill('backend.writable'));
    expect(refused(place(request('StandardClass', { writable: new Set() }))).kind).toBe('unavailable');
  });

  it('tells a tenant no backend by its id', () => {
    const reasons = [
      refused(place(request('StandardClass', { scope: { regionLock: ['DE'] } }))),
      refused(place(request('StandardClass', { writable: new Set() }))),
      refused(place(request('RegionalClass', { backends: [finland, germany] }))),
    ].map((placement) => placement.reason);
    for (const reason of reasons) for (const backend of everywhere) expect(reason).not.toContain(backend.id);
  });
});

function document(layout: string, ack: string, more: readonly string[] = []): string {
  const lines = [`name: Custom`, layout, `ack: ${JSON.stringify(ack)}`, ...more].map((line) => `      ${line}`);
  return `apiVersion: sealgate/v1
kind: Policy
metadata: { name: test }
spec:
  classes:
    -
${lines.join('\n')}
  residency: { operatorJurisdiction: { deny: [US] } }
`;
}

const noUsParent = compilePolicy(document('copies: 1', 'copies >= 1'), { version: 1 });

const anyClass = fc
  .record({
    layout: layouts,
    ack: acks,
    regions: fc.integer({ min: 1, max: 3 }),
    countries: fc.integer({ min: 1, max: 3 }),
    providers: fc.integer({ min: 1, max: 3 }),
    within: fc.option(fc.constantFrom('country', 'provider', 'jurisdiction', 'region'), { nil: undefined }),
  })
  .map(({ layout, ack, within, ...spread }): RedundancyClass | undefined => {
    const definition = {
      name: 'Custom',
      ...layout,
      ack,
      spread,
      ...(within === undefined ? {} : { within: [within] }),
    };
    try {
      return compileClass(definition, () => {
        throw new RangeError('the parts contradict each other');
      });
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  })
  .filter((redundancyClass) => redundancyClass !== undefined);

/** What a class says of a set of backends, word for word and without the search. */
function satisfies(redundancyClass: RedundancyClass, chosen: readonly Backend[]): boolean {
  const { spread, width } = redundancyClass;
  const values = (label: Label): (string | undefined)[] => chosen.map((backend) => labelOf(backend, label));
  return (
    chosen.length === width &&
    Object.entries(spread.atLeast).every(
      ([label, atLeast]) =>
        atLeast === 1 || new Set(values(label as Label).filter((v) => v !== undefined)).size >= atLeast,
    ) &&
    spread.within.every((label) => !values(label).includes(undefined) && new Set(values(label)).size === 1)
  );
}

/** Under a class of its own or one that its policy offers. */
const anyRequest = fc
  .record({
    policy: fc.oneof(fc.constant(noUsParent), fc.constantFrom(...somePolicies(200))),
    ownClass: fc.option(anyClass, { nil: undefined, freq: 2 }),
    offered: fc.nat(),
    backends: fc.oneof(anyBackends(0, 9), anyBackends(7, 9)),
    writableMask: fc.oneof(fc.constant(511), fc.nat(511)),
    bucket: anyBucketFacts,
    atMs: anyTime,
    seed: fc.string(),
  })
  .map(({ policy, ownClass, offered, backends, writableMask, bucket, atMs, seed }): PlacementRequest => {
    const writable = new Set(backends.filter((_, i) => (writableMask >> i) & 1).map(({ id }) => id));
    const classes = [...policy.classes.values()];
    const redundancyClass = ownClass ?? classes[offered % classes.length] ?? resolveClass(policy);
    const scope = { regionLock: bucket.regionLock, bucket, atMs };
    return { policy, redundancyClass, scope, backends, writable, seed };
  });

/** The rules by which a backend takes no part, and by which no set of backends will do. */
const BACKEND_RULES = [
  /^residency\.(regionLock|(countries|operatorJurisdiction|providers|backends)\.(allow|deny))$/,
  /^require\.(capabilities|certificates)\.\w+$/,
  /^rules\.r\d$/,
  /^bucket\.regionLock$/,
  /^backend\.(draining|retired|weight|writable)$/,
];
const CLASS_RULES = /^class\.\w+\.(copies|shards|ack|spread(\.\w+)?|within\.\w+)$/;
const isNamed = (rule: string, more: readonly RegExp[] = []): boolean =>
  [...BACKEND_RULES, ...more].some((pattern) => pattern.test(rule));

describe('any request', () => {
  const runs = { numRuns: 2000 };

  it(
    'is placed inside the allowed set, as the class wants, and so that the ack rule can hold; or names a rule',
    SLOW,
    () => {
      const met = { placed: 0, refused: new Set<string>() };
      fc.assert(
        fc.property(anyRequest, (asked) => {
          const placement = place(asked);
          if (!placement.ok) {
            expect([placement.rule, isNamed(placement.rule, [CLASS_RULES])]).toEqual([placement.rule, true]);
            expect(placement.refusals.filter(({ rule }) => !isNamed(rule))).toEqual([]);
            met.refused.add(placement.rule.replace(/\d+$/, ''));
            return;
          }
          const { write, owed, spares } = placement;
          for (const backend of [...write, ...owed, ...spares]) {
            expect(asked.policy.admits(backend, asked.scope).ok).toBe(true);
            expect(backend.weight).toBeGreaterThan(0);
            expect(['draining', 'retired']).not.toContain(backend.state);
          }
          expect(new Set([...write, ...owed, ...spares]).size).toBe(write.length + owed.length + spares.length);
          expect([...write, ...spares].every(({ id }) => asked.writable.has(id))).toBe(true);
          expect(owed.some(({ id }) => asked.writable.has(id))).toBe(false);
          expect(satisfies(asked.redundancyClass, [...write, ...owed])).toBe(true);
          expect(asked.redundancyClass.ack.evaluate(write, [])).toBe('held');
          if (asked.policy !== noUsParent) met.placed += 1;
        }),
        runs,
      );
      expect(met.placed, 'policies of all kinds admit some').toBeGreaterThan(20);
      expect(met.refused.size, 'and refuse by rules of many kinds').toBeGreaterThan(10);
    },
  );

  it('is placed whenever trying every set finds a legal one, with as many writes as any has', SLOW, () => {
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const { redundancyClass, writable } = asked;
        const legal = explain(asked.policy, asked.backends, asked.scope)
          .filter(({ verdict }) => verdict.ok)
          .map(({ backend }) => backend);
        const sets = subsets(legal).filter((set) => satisfies(redundancyClass, set));
        const held = (set: readonly Backend[]): boolean => redundancyClass.ack.evaluate(set, []) === 'held';
        const writes = sets
          .filter((set) => held(set))
          .map((set) => set.filter(({ id }) => writable.has(id)))
          .filter(held)
          .map((set) => set.length);
        const placement = place(asked);
        const outcome = placement.ok ? placement.write.length : placement.kind;
        expect(outcome).toBe(writes.length > 0 ? Math.max(...writes) : sets.some(held) ? 'unavailable' : 'illegal');
      }),
      runs,
    );
  });

  it('depends on nothing but its content', () => {
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const shuffled = { ...asked, backends: [...asked.backends].reverse() };
        const strip = (p: Placement): unknown => (p.ok ? p : p.kind);
        expect(strip(place(shuffled))).toEqual(strip(place(asked)));
      }),
    );
  });
});
