// What a tenant's policy, and a bucket's, make of the operator's: less or the same, in every member of the language.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from '../faults/index.ts';
import { anyBackends } from '../testing/backends.ts';
import { anyBucketFacts, anyPolicy, anyTime, anyWrite } from '../testing/policies.ts';
import { bindPolicy, narrow } from './index.ts';
import type { CompiledPolicy } from './types.ts';

const STRICTNESS = ['off', 'report', 'required'];

/** The three as one; undefined when nothing is left that all allow. */
function within(layers: readonly CompiledPolicy[]): CompiledPolicy | undefined {
  try {
    return layers.reduce(narrow);
  } catch (error) {
    if (isFault(error, 'PolicyRefused')) return undefined;
    throw error;
  }
}

/** Nothing can be left when no class is in all lists, or when one wants longer retention than another allows. */
function contradicts(layers: readonly CompiledPolicy[]): boolean {
  const lists = layers.filter(({ openClasses }) => !openClasses).map(({ classes }) => [...classes.keys()]);
  const [first = [], ...others] = lists;
  const common = first.filter((name) => others.every((list) => list.includes(name)));
  const least = Math.max(...layers.map(({ retention }) => retention.minimumDays));
  const most = Math.min(...layers.map(({ retention }) => retention.maximumDays ?? Number.POSITIVE_INFINITY));
  return (lists.length > 0 && common.length === 0) || most < least;
}

const layersOf = fc
  .tuple(anyPolicy, anyPolicy, anyPolicy)
  .map((drawn): readonly CompiledPolicy[] => drawn.map(({ policy }) => policy));

function expectNarrower(all: CompiledPolicy, layers: readonly CompiledPolicy[]): void {
  for (const layer of layers) {
    const { envelopes, retention } = layer;
    for (const format of all.envelopes.formats ?? ['any']) expect(envelopes.formats ?? [format]).toContain(format);
    for (const name of all.envelopes.keyAlgorithms ?? ['any']) {
      expect(envelopes.keyAlgorithms ?? [name]).toContain(name);
    }
    expect(all.envelopes.requiredRecipients).toEqual(expect.arrayContaining([...envelopes.requiredRecipients]));
    if (envelopes.manifest !== null) expect(all.envelopes.manifest).toBe(envelopes.manifest);
    if (layer.encryption !== null) {
      expect(STRICTNESS.indexOf(all.encryption ?? '')).toBeGreaterThanOrEqual(STRICTNESS.indexOf(layer.encryption));
    }
    if (layer.pushesLocks) expect(all.pushesLocks).toBe(true);
    expect(all.retention.minimumDays).toBeGreaterThanOrEqual(retention.minimumDays);
    if (retention.maximumDays !== null) {
      expect(all.retention.maximumDays ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(retention.maximumDays);
    }
    if (retention.mode === 'COMPLIANCE') expect(all.retention.mode).toBe('COMPLIANCE');
    if (retention.byDefault !== null) expect(all.retention.byDefault).not.toBeNull();
    if (!layer.openClasses) for (const name of all.classes.keys()) expect([...layer.classes.keys()]).toContain(name);
  }
  const { byDefault, minimumDays, maximumDays, mode } = all.retention;
  if (byDefault !== null) {
    expect(byDefault.days).toBeGreaterThanOrEqual(minimumDays);
    expect(byDefault.days).toBeLessThanOrEqual(maximumDays ?? byDefault.days);
    if (mode === 'COMPLIANCE') expect(byDefault.mode).toBe('COMPLIANCE');
  }
  const defining = layers.find(({ openClasses }) => !openClasses) ?? layers[0];
  for (const [name, one] of all.classes) expect(one).toBe(defining?.classes.get(name));
  expect([...all.classes.keys()][0]).toBe(all.defaultClass);
  const innermost = layers.findLast(({ saysDefaultClass }) => saysDefaultClass);
  if (innermost !== undefined && all.classes.has(innermost.defaultClass)) {
    expect(all.defaultClass).toBe(innermost.defaultClass);
  }
}

describe('three layers of any policies', () => {
  it('allow together only what each allows, whatever member says it', () => {
    let narrowed = 0;
    fc.assert(
      fc.property(layersOf, (layers) => {
        const all = within(layers);
        expect(all === undefined).toBe(contradicts(layers));
        if (all === undefined) return;
        narrowed += 1;
        expectNarrower(all, layers);
      }),
      { numRuns: 250 },
    );
    expect(narrowed).toBeGreaterThan(20);
  });

  it('admit a backend, and take a write, exactly when all three do, and name a rule of one that does not', () => {
    fc.assert(
      fc.property(
        layersOf,
        anyBackends(1, 5),
        anyBucketFacts,
        anyTime,
        anyWrite,
        (layers, backends, bucket, atMs, write) => {
          const whole = within(layers);
          if (whole === undefined) return;
          const situation = { bucket, atMs };
          const all = bindPolicy(whole, situation);
          const { regionLock } = bucket;
          for (const backend of backends) {
            const each = layers.map((layer) => layer.admits(backend, { ...situation, regionLock }));
            const verdict = all.admits(backend, { regionLock });
            expect(verdict.ok).toBe(each.every(({ ok }) => ok));
            if (!verdict.ok) expect(each.flatMap(({ ok, rule }) => (ok ? [] : [rule]))).toContain(verdict.rule);
          }
          const refusals = layers.flatMap((layer) => layer.refusesWrite(write, situation) ?? []);
          expect(all.refusesWrite(write, {})).toEqual(refusals[0]);
        },
      ),
      { numRuns: 200 },
    );
  });
});
