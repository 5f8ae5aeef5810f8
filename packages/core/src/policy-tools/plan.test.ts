import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCatalogue } from '../catalogue/index.ts';
import { place } from '../placement/index.ts';
import { labelOf } from '../places/labels.ts';
import { builtinPolicy, compilePolicy, type RedundancyClass } from '../policy/index.ts';
import type { Backend } from '../ports/index.ts';
import { anyBackends, subsets, testBackend } from '../testing/backends.ts';
import { catalogueBackends, describedBackends, parseBackendPlan, planPolicies } from './index.ts';
import { riskLabels, worstPlacements } from './worst.ts';

const ROOT = new URL('../../../../', import.meta.url);
const example = (name: string): string => readFileSync(new URL(`examples/policies/${name}`, ROOT), 'utf8');
const compile = (name: string) => compilePolicy(example(name), { version: 1 });
const catalogue = parseCatalogue(readFileSync(new URL('data/providers/providers.csv', ROOT), 'utf8'));
const SLOW = { timeout: 300_000 };
const PRICES = { currency: 'EUR', storagePerGbMonth: 0.01, egressPerGb: 0.02, per1000Requests: null };

const plan = (layers: readonly string[], backends: readonly Backend[], volumes = '[]') =>
  planPolicies({
    layers: layers.map(compile),
    backends,
    volumes: parseBackendPlan(`apiVersion: sealgate/v1\nkind: BackendPlan\nbackends: {}\nvolumes: ${volumes}\n`)
      .volumes,
    atMs: 0,
  });

describe('a plan against the catalogue', () => {
  it('judges every zone, and names the layer that refuses', async () => {
    const backends = catalogueBackends(catalogue, {});
    const { explanation, verdicts, classes } = await plan(['eu-sovereign.yaml', 'tenant-nordic.yaml'], backends);
    expect(explanation.backends.map(({ backend }) => backend)).toEqual(catalogue.map(({ zone }) => zone));
    expect(explanation.backends).toContainEqual(
      expect.objectContaining({
        backend: 'DE-NUE-HETZNER',
        admitted: false,
        rule: 'residency.countries.allow',
        policy: 'tenant-nordic',
      }),
    );
    expect(explanation.backends).toContainEqual(
      expect.objectContaining({
        backend: 'SE-STO-AWS',
        rule: 'residency.operatorJurisdiction.allow',
        policy: 'eu-sovereign',
      }),
    );
    expect(verdicts.reduce((sum, each) => sum + each.backends, 0)).toBe(catalogue.length);
    expect(classes.map(({ name, now }) => [name, now])).toEqual([['StandardClass', 'placed']]);
    // The catalogue has no prices: nothing is taken for free.
    expect(classes[0]?.perTb).toEqual({ costs: [], unpricedStoredBytes: 3e12, unpricedReadBytes: 1e12 });
  });

  it('takes the zones that are asked for, and refuses to answer about none', () => {
    const zones = (filter: Parameters<typeof catalogueBackends>[1]) =>
      catalogueBackends(catalogue, filter).map(({ id }) => id);
    expect(zones({ providers: ['hetzner'] })).toEqual(['DE-FSN-HETZNER', 'DE-NUE-HETZNER', 'FI-HEL-HETZNER']);
    expect(zones({ providers: ['hetzner', 'aws'], country: 'fi' })).toEqual(['FI-HEL-HETZNER']);
    const european = catalogueBackends(catalogue, { jurisdiction: 'eu' });
    expect(european.every(({ jurisdiction }) => jurisdiction === 'EU')).toBe(true);
    expect(() => zones({ providers: ['nobody'] })).toThrow(/no provider "nobody"/);
    expect(() => zones({ providers: ['hetzner'], country: 'US' })).toThrow(/No zone/);
  });
});

describe('volumes of a plan', () => {
  const six = Array.from({ length: 6 }, (_, i) => testBackend(`b${i}`, { prices: PRICES }));

  it('cost what their copies and shards take, by the prices that are known', async () => {
    const volumes = '[{ bytes: 10e9, readBytesPerMonth: 1e9 }, { name: cold, class: ColdArchiveClass, bytes: 10e9 }]';
    const known = await plan(['standard-classes.yaml'], six, volumes);
    expect(known.volumes).toMatchObject([
      { name: 'volume 1', class: 'StandardClass', now: 'placed', costs: { unpricedStoredBytes: 0 } },
      { name: 'cold', now: 'placed', stored: six.map(({ id }) => ({ backend: id, bytes: 5e9 })) },
    ]);
    const [total] = known.costs.costs;
    // Three copies and six halves of 10 GB each, at a cent.
    expect(total?.storage).toBeCloseTo(0.6, 9);
    expect(total?.egress).toBeCloseTo(0.02, 9);
    const [standard] = known.classes;
    expect(standard?.perTb?.costs[0]?.storage).toBeCloseTo(30, 6);
    expect(standard?.perTb?.costs[0]?.egress).toBeCloseTo(20, 6);
    const half = six.map((backend, i) => (i % 2 === 0 ? { ...backend, prices: null } : backend));
    const partly = await plan(['standard-classes.yaml'], half, '[{ class: ColdArchiveClass, bytes: 10e9 }]');
    expect(partly.costs.unpricedStoredBytes).toBe(15e9);
    expect(partly.costs.costs[0]?.storage).toBeCloseTo(0.15, 9);
  });

  it('are refused by name where their bucket or class has no place', async () => {
    const volumes =
      '[{ name: swedish, bytes: 1, bucket: { regionLock: SE } }, { name: other, class: Ledger, bytes: 1 }]';
    const { volumes: planned, costs } = await plan(['standard-classes.yaml'], six, volumes);
    expect(planned).toMatchObject([
      { name: 'swedish', now: 'illegal', rule: 'bucket.regionLock', stored: [] },
      { name: 'other', now: 'illegal', rule: 'policy.classes', stored: [] },
    ]);
    expect(costs).toEqual({ costs: [], unpricedStoredBytes: 0, unpricedReadBytes: 0 });
  });

  it('lie where real writes would, and nowhere else', SLOW, async () => {
    await fc.assert(
      fc.asyncProperty(anyBackends(0, 7), async (backends) => {
        const writable = new Set(backends.map(({ id }) => id));
        const planned = await planPolicies({
          layers: [builtinPolicy],
          backends,
          volumes: [...builtinPolicy.classes.keys()].map((name) => ({ class: name, bytes: 1e6, readBytesPerMonth: 0 })),
          atMs: 0,
        });
        for (const [name, redundancyClass] of builtinPolicy.classes) {
          const request = { policy: builtinPolicy, redundancyClass, scope: { regionLock: [] }, backends, writable };
          const real = place({ ...request, seed: 'plan/0' });
          const volume = planned.volumes.find((each) => each.class === name);
          expect(volume?.now).toBe(real.ok ? 'placed' : real.kind);
          const held = volume?.stored.map(({ backend }) => backend) ?? [];
          if (real.ok) expect(held).toEqual(expect.arrayContaining(real.write.map(({ id }) => id)));
          const legal = backends.filter(
            ({ weight, state }) => weight > 0 && state !== 'draining' && state !== 'retired',
          );
          expect(legal.map(({ id }) => id)).toEqual(expect.arrayContaining(held));
        }
      }),
      { numRuns: 25 },
    );
  });

  it('are placed in small pieces, between which others get their turn', async () => {
    const backends = catalogueBackends(catalogue, {});
    let turns = 0;
    const pause = () => Promise.resolve(void (turns += 1));
    const volumes = [{ bytes: 1, readBytesPerMonth: 0 }];
    await planPolicies({ layers: [builtinPolicy], backends, volumes, atMs: 0, pause });
    expect(turns).toBeGreaterThanOrEqual(10 * (builtinPolicy.classes.size + volumes.length));
  });

  it('that are not a plan are refused with their place', () => {
    const text = (rest: string) => `apiVersion: sealgate/v1\nkind: BackendPlan\n${rest}\n`;
    expect(() => parseBackendPlan(text('backends: { a: { colour: red } }'))).toThrow(/backends\.a: .*colour/);
    expect(() => parseBackendPlan(text('backends: {}\nvolumes: [{ bytes: -1 }]'))).toThrow(/volumes\.0\.bytes/);
    expect(() => describedBackends({ a: { zone: 'FI-HEL-NOBODY' } }, catalogue, 'policy.plan')).toThrow(/no zone/);
  });
});

describe('the worst placement', () => {
  const full = (redundancyClass: RedundancyClass, chosen: readonly Backend[]): boolean => {
    const { spread, width, ack } = redundancyClass;
    const distinct = (label: Parameters<typeof labelOf>[1]) =>
      new Set(chosen.map((backend) => labelOf(backend, label)).filter((value) => value !== undefined)).size;
    return (
      chosen.length === width &&
      Object.entries(spread.atLeast).every(([label, least]) => distinct(label as 'region') >= least) &&
      spread.within.every(
        (label) => distinct(label) === 1 && chosen.every((backend) => labelOf(backend, label) !== undefined),
      ) &&
      ack.evaluate(chosen, []) === 'held'
    );
  };

  it('has the fewest different values that any legal placement has', SLOW, () => {
    fc.assert(
      fc.property(anyBackends(0, 8), (backends) => {
        for (const redundancyClass of builtinPolicy.classes.values()) {
          const all = subsets(backends).filter((chosen) => full(redundancyClass, chosen));
          const found = worstPlacements(redundancyClass, backends);
          expect(found).toHaveLength(all.length === 0 ? 0 : riskLabels.length);
          for (const { label, values, unknown, backends: ids } of found) {
            const known = (chosen: readonly Backend[]) =>
              new Set(chosen.map((backend) => labelOf(backend, label)).filter((value) => value !== undefined)).size;
            const chosen = backends.filter(({ id }) => ids.includes(id));
            expect(full(redundancyClass, chosen)).toBe(true);
            expect(values).toHaveLength(known(chosen));
            expect(unknown).toBe(chosen.filter((backend) => labelOf(backend, label) === undefined).length);
            expect(values).toHaveLength(Math.min(...all.map(known)));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
