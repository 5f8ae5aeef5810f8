import { parseObjectKey, type VersionId } from '@sealgate/core/names';
import type { Bucket, Versioning } from '@sealgate/core/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actor, type World } from './context.ts';

const KEY = parseObjectKey('key');

/** What a client can do to one key of a bucket, in any order. `place` picks a version there is, counted from the newest. */
type Act =
  | { readonly kind: 'put' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'delete-version'; readonly place: number }
  | { readonly kind: 'set'; readonly versioning: Exclude<Versioning, 'off'> };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'put' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'delete' } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete-version' as const), place: fc.nat({ max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      versioning: fc.constantFrom('enabled' as const, 'suspended' as const),
    }),
  },
);

interface ModelVersion {
  readonly versionId: VersionId | 'null';
  readonly deleteMarker: boolean;
}

/**
 * S3's rules in the fewest words: a new version or marker goes on top; where it has no id of its own it takes the place
 * of the null version wherever that is; an unversioned bucket knows the null version only and no markers.
 */
function laid(versions: readonly ModelVersion[], made: ModelVersion): ModelVersion[] {
  return [made, ...versions.filter((old) => made.versionId !== 'null' || old.versionId !== 'null')];
}

/** Every order of versioning states, writes and deletions against a model. */
export function describeVersionHistories(world: World): void {
  const metadata = () => world.metadata();

  async function perform(bucket: Bucket, versioning: Versioning, versions: readonly ModelVersion[], step: Act) {
    if (step.kind === 'set') {
      await metadata().updateBucket(bucket.id, { versioning: step.versioning }, actor);
      return { versioning: step.versioning, versions };
    }
    if (step.kind === 'put') {
      const { versionId } = await world.put(bucket, 'key');
      expect(versionId === 'null').toBe(versioning !== 'enabled');
      return { versioning, versions: laid(versions, { versionId, deleteMarker: false }) };
    }
    const newest = versions[0];
    if (step.kind === 'delete') {
      const { versionId, ...answer } = await world.remove(bucket, 'key');
      const existed = newest !== undefined && !newest.deleteMarker;
      expect(answer).toEqual({ deleteMarker: versioning !== 'off', existed });
      if (versionId === undefined) return { versioning, versions: [] };
      expect(versionId === 'null').toBe(versioning === 'suspended');
      return { versioning, versions: laid(versions, { versionId, deleteMarker: true }) };
    }
    const doomed = versions[step.place];
    if (doomed === undefined) return { versioning, versions };
    expect(await world.remove(bucket, 'key', doomed.versionId)).toEqual({ ...doomed, existed: true });
    return { versioning, versions: versions.filter((version) => version !== doomed) };
  }

  async function seen(bucket: Bucket) {
    const everything = { bucketId: bucket.id, prefix: '', delimiter: '', limit: 1000 };
    const { versions } = await metadata().listVersions({ ...everything, keyMarker: '' });
    const { objects } = await metadata().listObjects({ ...everything, after: '' });
    const current = await metadata().currentVersion(bucket.id, KEY);
    return {
      versions: versions.map(({ versionId, deleteMarker, latest }) => ({ versionId, deleteMarker, latest })),
      current: current?.versionId,
      listed: objects.length,
    };
  }

  describe('histories of versions', () => {
    it.each(['off', 'enabled'] as const)('every order of states, writes and deletions (from %s)', async (first) => {
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 14 }), async (steps) => {
          const bucket = await world.bucket(first);
          let state: { versioning: Versioning; versions: readonly ModelVersion[] } = {
            versioning: first,
            versions: [],
          };
          for (const step of steps) {
            state = await perform(bucket, state.versioning, state.versions, step);
            const [newest] = state.versions;
            expect(await seen(bucket)).toEqual({
              versions: state.versions.map((version) => ({ ...version, latest: version === newest })),
              current: newest?.versionId,
              listed: newest === undefined || newest.deleteMarker ? 0 : 1,
            });
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}
