// The generator that properties of policies draw from forgets nothing of the language.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factTypes } from '../policy/expressions/facts.ts';
import { policyJsonSchema } from '../policy/index.ts';
import { anyBackends } from './backends.ts';
import { anyBucketFacts, anyPolicy, anyTime, compiled, placeParts } from './policies.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** The paths of all members that a schema names: `spec.classes[].ack`. */
function membersOf(schema: Schema, path = ''): string[] {
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
      const own = path === '' ? name : `${path}.${name}`;
      return [own, ...membersOf(inner, own)];
    }),
    ...(schema.items === undefined ? [] : membersOf(schema.items, `${path}[]`)),
    ...(schema.anyOf ?? []).flatMap((inner) => membersOf(inner, path)),
  ];
}

function membersIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => membersIn(each, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const own = path === '' ? name : `${path}.${name}`;
    return [own, ...membersIn(inner, own)];
  });
}

const drawn = fc.sample(anyPolicy, { numRuns: 500, seed: 1 });

describe('any policy', () => {
  it('is drawn with every member that the language has', () => {
    const met = new Set(drawn.flatMap(({ document }) => membersIn(document)));
    const all = membersOf(policyJsonSchema());
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((member) => !met.has(member))).toEqual([]);
  });

  it('is drawn with rules that ask for every fact that there is', () => {
    const texts = drawn.flatMap(({ document }) => (document.spec.rules ?? []).map(({ allow, deny }) => allow ?? deny));
    const all = texts.join('\n');
    const facts = [...factTypes].filter(([, type]) => type !== 'group').map(([path]) => path);
    expect(facts.filter((path) => !all.includes(path))).toEqual([]);
  });

  it('admits a backend exactly when each of its conditions does, and refuses by the first that does not', () => {
    let [admitted, refused] = [0, 0];
    fc.assert(
      fc.property(anyPolicy, anyBackends(1, 6), anyBucketFacts, anyTime, ({ document, policy }, all, bucket, atMs) => {
        const scope = { regionLock: bucket.regionLock, bucket, atMs };
        const parts = placeParts(document).map((part) => compiled(part));
        for (const backend of all) {
          const verdict = policy.admits(backend, scope);
          const inside = { ...scope, regionLock: [] };
          const first = parts.map((part) => part.admits(backend, inside)).find(({ ok }) => !ok);
          const lock = compiled({ ...document, spec: {} }).admits(backend, scope);
          expect([verdict.ok, verdict.ok ? '' : verdict.rule]).toEqual(
            first === undefined ? [lock.ok, lock.ok ? '' : 'bucket.regionLock'] : [false, first.rule],
          );
          if (verdict.ok) admitted += 1;
          else refused += 1;
        }
      }),
      { numRuns: 250 },
    );
    expect(Math.min(admitted, refused)).toBeGreaterThan(15);
  });
});
