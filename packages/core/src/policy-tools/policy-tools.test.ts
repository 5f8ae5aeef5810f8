import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCatalogue } from '../catalogue/index.ts';
import { place, reconcile } from '../placement/index.ts';
import { compilePolicy } from '../policy/index.ts';
import type { ReplicaRecord } from '../ports/index.ts';
import { anyBackends, testBackend } from '../testing/backends.ts';
import {
  addTallies,
  costsOf,
  createTallySum,
  diffDocuments,
  diffEffects,
  emptyTally,
  explainPolicies,
  parsePolicyTests,
  policyTestResults,
  runPolicyTests,
  substitute,
  tallyOf,
} from './index.ts';

const ROOT = new URL('../../../../', import.meta.url);
const EXAMPLES = new URL('examples/policies/', ROOT);
const read = (name: string): string => readFileSync(new URL(name, EXAMPLES), 'utf8');
const catalogue = parseCatalogue(readFileSync(new URL('data/providers/providers.csv', ROOT), 'utf8'));
const compile = (spec: string, name = 'test') =>
  compilePolicy(`apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: ${name} }\nspec: ${spec}\n`, { version: 1 });

describe('tests of policies', () => {
  const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.test.yaml'));

  it.each(files)('of the examples pass: %s', (name) => {
    const file = parsePolicyTests(read(name));
    const layers = file.policies.map((policy) => compilePolicy(read(policy), { version: 1 }));
    for (const { name: test, failures } of runPolicyTests(file, layers, catalogue)) expect(failures, test).toEqual([]);
  });

  const document = (expectation: string): string =>
    `apiVersion: sealgate/v1\nkind: PolicyTest\npolicies: [x]\nbackends: { a: { country: FI, jurisdiction: EU }, b: { country: US, jurisdiction: US } }\ntests:\n  - name: t\n    expect: ${expectation}\n`;
  const layers = [compile('{ residency: { regionLock: [EU] }, rules: [{ name: r, deny: request.key == "key" }] }')];

  it.each([
    ['{ admits: [b] }', 'backend b: expected admitted, is residency.regionLock'],
    ['{ refuses: { a: residency.regionLock } }', 'backend a: expected residency.regionLock, is admitted'],
    [
      '{ refuses: { b: require.certificates.C5 } }',
      'backend b: expected require.certificates.C5, is residency.regionLock',
    ],
    ['{ classes: { StandardClass: placed } }', 'class StandardClass: expected placed, is residency.regionLock'],
    ['{ classes: { Other: placed } }', 'class Other: expected placed, is not offered'],
    ['{ write: allowed }', 'write: expected allowed, is rules.r'],
  ])('tell what is not so: %s', (expectation, failure) => {
    expect(runPolicyTests(parsePolicyTests(document(expectation)), layers, [])).toEqual([
      { name: 't', failures: [failure] },
    ]);
  });

  it.each([
    ['{ class: Other }', 'policy.classes'],
    ['{ class: GLACIER }', 'policy.classes'],
    ['{ tags: { replica-count: "32", residency: FI } }', 'allowed'],
    ['{ class: ColdArchiveClass, tags: { replica-count: "7" } }', 'tag.replica-count'],
    ['{ tags: { replica-count: many } }', 'tag.replica-count'],
    ['{ tags: { residency: US } }', 'bucket.regionLock'],
    // As a real write's, the class that rules hear of is the one that is meant.
    ['{ class: STANDARD }', 'allowed'],
    ['{ class: RegionalClass }', 'rules.standard'],
  ])('judge a write as a real one is: %s', (write, verdict) => {
    const judging = [compile('{ rules: [{ name: standard, allow: request.class == "StandardClass" }] }')];
    const text = `apiVersion: sealgate/v1\nkind: PolicyTest\npolicies: [x]\ntests:\n  - { name: t, given: { bucket: { regionLock: EU }, write: ${write} }, expect: { write: ${verdict} } }\n`;
    expect(runPolicyTests(parsePolicyTests(text), judging, [])).toEqual([{ name: 't', failures: [] }]);
  });

  it('are as many as their policies, and have no more backends than a gateway', () => {
    const of = (policies: string, backends: string) =>
      `apiVersion: sealgate/v1\nkind: PolicyTest\npolicies: ${policies}\nbackends: { ${backends} }\ntests: [{ name: t, expect: {} }]\n`;
    const many = (count: number) => [...Array(count).keys()].map((num) => `b${num}: {}`).join(', ');
    expect(() => runPolicyTests(parsePolicyTests(of('[x, y]', '')), layers, [])).toThrow(/name 2 policies/);
    expect(parsePolicyTests(of('[x]', many(1000))).tests).toHaveLength(1);
    expect(() => parsePolicyTests(of('[x]', many(1001)))).toThrow(/more than 1000 backends/);
  });

  it('are run one at a time, so that others get their turn', () => {
    const [layer] = layers;
    if (layer === undefined) throw new Error('there is a layer');
    let asked = 0;
    const counting: typeof layer = { ...layer, admits: (...about) => ((asked += 1), layer.admits(...about)) };
    const text = `apiVersion: sealgate/v1\nkind: PolicyTest\npolicies: [x]\nbackends: { a: {} }\ntests: [{ name: s, expect: {} }, { name: t, expect: {} }]\n`;
    const results = policyTestResults(parsePolicyTests(text), [counting], []);
    expect(results.next().value?.name).toBe('s');
    const first = asked;
    expect(first).toBeGreaterThan(0);
    results.next();
    expect(asked).toBe(2 * first);
  });

  it('that name what is not there are refused', () => {
    const run = (expectation: string) => () => runPolicyTests(parsePolicyTests(document(expectation)), layers, []);
    expect(run('{ admits: [c] }')).toThrow(/"c" that they do not define/);
    expect(run('{ admit: [a] }')).toThrow(/not valid/);
  });
});

describe('an explanation', () => {
  it('of any layers names a rule for every refusal, and says placed exactly when a new object is', () => {
    const outer = compile('{ residency: { regionLock: [EU] } }', 'outer');
    const inner = compile('{ rules: [{ name: r, allow: "\\"objectLock\\" in backend.capabilities" }] }', 'inner');
    fc.assert(
      fc.property(anyBackends(0, 9), fc.subarray([outer, inner], { minLength: 1 }), (backends, layers) => {
        const writable = new Set(backends.filter(({ weight }) => weight !== 2).map(({ id }) => id));
        const explained = explainPolicies({ layers, backends, writable, regionLock: [] });
        for (const each of explained.backends) {
          expect(each.rule).not.toBe('');
          if (!each.admitted && each.rule.startsWith('residency')) expect(each.policy).toBe('outer');
          if (!each.admitted && each.rule.startsWith('rules')) expect(each.policy).toBe('inner');
        }
        for (const each of explained.classes) expect(each.rule === '').toBe(each.now === 'placed');
      }),
    );
  });
});

describe('a difference', () => {
  it('of documents is one of data', () => {
    const before = 'a: 1\nspec: { x: [1, 2], y: 3 } # a remark\n';
    expect(diffDocuments(before, 'spec:\n  y: 3\n  x: [1, 2]\na: 1\n')).toEqual([]);
    expect(diffDocuments(before, 'a: 1\nspec: { x: [1], z: 4 }\n')).toEqual([
      { path: 'spec.x', before: [1, 2], after: [1] },
      { path: 'spec.y', before: 3, after: undefined },
      { path: 'spec.z', before: undefined, after: 4 },
    ]);
  });

  it('of effects tells what becomes of backends and classes', () => {
    const backends = ['FI', 'DE', 'US'].map((country, i) =>
      testBackend(`b${i}`, { country, jurisdiction: country === 'US' ? 'US' : 'EU' }),
    );
    const explain = (spec: string) =>
      explainPolicies({
        layers: [compile(spec)],
        backends,
        writable: new Set(backends.map(({ id }) => id)),
        regionLock: [],
      });
    expect(
      diffEffects(explain('{}'), explain('{ residency: { regionLock: [EU] }, classes: [StandardClass] }')),
    ).toEqual([
      {
        kind: 'backend',
        name: 'b0',
        before: 'admitted by policy.unrestricted',
        after: 'admitted by residency.regionLock',
      },
      {
        kind: 'backend',
        name: 'b1',
        before: 'admitted by policy.unrestricted',
        after: 'admitted by residency.regionLock',
      },
      {
        kind: 'backend',
        name: 'b2',
        before: 'admitted by policy.unrestricted',
        after: 'refused by residency.regionLock',
      },
      { kind: 'class', name: 'StandardClass', before: 'placed', after: 'illegal by residency.regionLock' },
      { kind: 'class', name: 'RegionalClass', before: 'illegal by class.RegionalClass.within.country', after: '' },
      { kind: 'class', name: 'ColdArchiveClass', before: 'illegal by class.ColdArchiveClass.shards', after: '' },
    ]);
  });

  it('puts a candidate in the place of its name', () => {
    const [a, b, a2, top] = [compile('{}', 'a'), compile('{}', 'b'), compile('{}', 'a'), compile('{}', 'default')];
    expect(substitute([a, b], a2, false)).toEqual([a2, b]);
    expect(substitute([b], a2, false)).toBeUndefined();
    expect(substitute([b], a2, true)).toEqual([b, a2]);
    expect(substitute([b], top, false)).toEqual([top, b]);
  });
});

const stored = (...ids: readonly string[]): ReplicaRecord[] =>
  ids.map((id) => ({ backend: testBackend(id).id, shard: 0, state: 'stored' as const }));

describe('a simulation', () => {
  it('counts exactly what the reconciliation changes, and keeps every copy in the allowed set', () => {
    const policy = compile('{ residency: { regionLock: [EU] }, rules: [{ name: r, allow: backend.weight < 3.0 }] }');
    const redundancyClass = policy.classes.get('StandardClass')!;
    const everywhere = compile('{}');
    fc.assert(
      fc.property(anyBackends(4, 9), fc.uuid(), (backends, seed) => {
        const writable = new Set(backends.filter(({ weight }) => weight > 0).map(({ id }) => id));
        const scope = { regionLock: [] };
        const first = place({ policy: everywhere, redundancyClass, scope, backends, writable, seed });
        if (!first.ok) return;
        const blob = {
          blobId: seed as never,
          bytes: 1000,
          layout: { kind: 'copies' },
          replicas: stored(...first.write.map(({ id }) => id)),
        } as const;
        const verdict = reconcile({
          blob,
          policy,
          redundancyClass,
          scope,
          backends,
          writable,
          lost: new Set(),
          noRoom: new Set(),
        });
        const tally = tallyOf(blob, verdict);
        const after = verdict.kind === 'change' ? verdict.replicas : blob.replicas;
        expect(tally.right.blobs + tally.changed.blobs + tally.blocked.reduce((n, { blobs }) => n + blobs, 0)).toBe(1);
        const coming = after.filter(({ state }) => state === 'missing');
        expect(tally.moves.map(({ to }) => to).sort()).toEqual(coming.map(({ backend }) => backend).sort());
        const leaving = after.filter(({ state }) => state === 'leaving');
        expect(tally.leaving.map(({ backend }) => backend).sort()).toEqual(
          leaving.map(({ backend }) => backend).sort(),
        );
        const bytesAfter = after.filter(({ state }) => state !== 'leaving').length * 1000;
        expect(tally.stored.reduce((sum, each) => sum + each.after, 0)).toBe(bytesAfter);
        for (const { rule } of [...tally.leaving, ...tally.blocked]) expect(rule).not.toBe('');
        if (verdict.kind !== 'change') return;
        for (const { backend, state } of after) {
          const facts = backends.find(({ id }) => id === backend)!;
          if (state !== 'leaving') expect(policy.admits(facts, scope).ok).toBe(true);
        }
      }),
    );
  });

  const change = tallyOf(
    { bytes: 3e9, layout: { kind: 'copies' }, replicas: stored('a', 'b') },
    {
      kind: 'change',
      replicas: [{ ...stored('a')[0]!, state: 'leaving' }, ...stored('b'), { ...stored('c')[0]!, state: 'missing' }],
      reasons: [{ backend: testBackend('a').id, rule: 'rules.r', reason: 'why' }],
    },
  );

  it('adds up, whatever the pages', () => {
    expect(change.moves).toEqual([{ from: 'a', to: 'c', replicas: 1, bytes: 3e9 }]);
    expect(change.leaving).toEqual([{ backend: 'a', rule: 'rules.r', blobs: 1, bytes: 3e9 }]);
    const twice = addTallies(addTallies(emptyTally, change), change);
    expect(twice.changed).toEqual({ blobs: 2, bytes: 6e9 });
    expect(twice.moves).toEqual([{ from: 'a', to: 'c', replicas: 2, bytes: 6e9 }]);
  });

  it('looks at each tally once, however many are added', () => {
    const sum = createTallySum();
    let looked = 0;
    for (let i = 0; i < 500; i += 1) {
      const move = {
        get from() {
          looked += 1;
          return `b${i}`;
        },
        ...{ to: 'c', replicas: 1, bytes: 10 },
      };
      sum.add({ ...emptyTally, changed: { blobs: 1, bytes: 10 }, moves: [move] });
    }
    expect(sum.total()).toMatchObject({ changed: { blobs: 500, bytes: 5000 } });
    expect(sum.total().moves).toHaveLength(500);
    expect(looked).toBeLessThan(5000);
  });

  it('prices what has a price and says of the rest how much it is', () => {
    const prices = { currency: 'EUR', storagePerGbMonth: 0.01, egressPerGb: 0.1, per1000Requests: null };
    const backends = [
      testBackend('a', { prices }),
      testBackend('b', { prices: { ...prices, currency: 'CHF' } }),
      testBackend('c'),
    ];
    const costs = costsOf(change, backends);
    const [euro, franc] = costs.costs;
    expect(euro).toMatchObject({ currency: 'EUR', storagePerMonthAfter: 0 });
    expect(euro?.egress).toBeCloseTo(0.3);
    expect(euro?.storagePerMonthBefore).toBeCloseTo(0.03);
    expect(franc?.storagePerMonthAfter).toBeCloseTo(0.03);
    expect(costs).toMatchObject({
      unpricedEgressBytes: 0,
      unpricedStoredBytesBefore: 0,
      unpricedStoredBytesAfter: 3e9,
    });
    expect(costsOf(change, []).unpricedEgressBytes).toBe(3e9);
  });
});
