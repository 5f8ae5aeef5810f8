import { type Expectation, holds } from './register.ts';
import { findOrder, type Interval, type Step, type Verdict } from './search.ts';

/** One version of a key: `id` is whatever names it in the history, `null` the null version. A delete marker has no value. */
export interface ModelVersion {
  readonly id: string;
  readonly value: string | null;
}

/**
 * One key of a bucket with versions, of which operations may name one. What conditions speak of is the value of the
 * current version, null under a delete marker.
 */
export type VersionOperation = Interval &
  (
    | {
        /** A new version, or with `value` null a delete marker. */
        readonly kind: 'write';
        /** Names the version from here on. Of no meaning where it becomes the null version. */
        readonly id: string;
        readonly value: string | null;
        readonly expected?: Expectation;
      }
    | { readonly kind: 'read'; readonly value: string | null }
    | { readonly kind: 'observation'; readonly expected: Expectation }
    /** Removes one version; `existed` is what the answer said. */
    | { readonly kind: 'remove'; readonly id: string; readonly existed?: boolean }
  );

/**
 * The same as a register, where versions are kept: a removed version uncovers the one below it. In an unversioned bucket
 * (`off`) there is one version at most, the null one, and no markers.
 * @throws Error when the history is too large to decide
 */
export function checkVersions(
  history: readonly VersionOperation[],
  options: { readonly versioning: 'off' | 'enabled' | 'suspended'; readonly initial?: readonly ModelVersion[] },
): Verdict {
  const { versioning, initial = [] } = options;
  return findOrder(
    history.map((operation) => stepOf(operation, versioning)),
    JSON.stringify(initial),
  );
}

const parse = (state: string): ModelVersion[] => JSON.parse(state) as ModelVersion[];
const currentOf = (state: string): string | null => parse(state).at(-1)?.value ?? null;

function stepOf(operation: VersionOperation, versioning: 'off' | 'enabled' | 'suspended'): Step {
  const { began, ended, label } = operation;
  const interval = { began, ended, ...(label === undefined ? {} : { label }) };
  switch (operation.kind) {
    case 'read': {
      const { value } = operation;
      const apply = (state: string): string | undefined => (currentOf(state) === value ? state : undefined);
      return { ...interval, what: `read ${value ?? 'nothing'}`, idle: true, apply };
    }
    case 'observation': {
      const { expected } = operation;
      const apply = (state: string): string | undefined => (holds(expected, currentOf(state)) ? state : undefined);
      return { ...interval, what: `saw ${JSON.stringify(expected)}`, idle: true, apply };
    }
    case 'remove': {
      const { id, existed } = operation;
      const apply = (state: string): string | undefined => {
        const versions = parse(state);
        const left = versions.filter((version) => version.id !== id);
        const found = left.length < versions.length;
        return existed === undefined || existed === found ? JSON.stringify(left) : undefined;
      };
      return { ...interval, what: `remove ${id}`, idle: existed === false, apply };
    }
    case 'write': {
      const { id, value, expected } = operation;
      const apply = (state: string): string | undefined =>
        expected === undefined || holds(expected, currentOf(state))
          ? JSON.stringify(laid(parse(state), { id, value }, versioning))
          : undefined;
      const when = expected === undefined ? '' : ` when ${JSON.stringify(expected)}`;
      return { ...interval, what: `write ${id} ${value ?? 'marker'}${when}`, idle: false, apply };
    }
  }
}

function laid(
  versions: readonly ModelVersion[],
  made: ModelVersion,
  versioning: 'off' | 'enabled' | 'suspended',
): readonly ModelVersion[] {
  if (versioning === 'enabled') return [...versions, made];
  const kept = versions.filter((version) => version.id !== 'null');
  if (versioning === 'off' && made.value === null) return kept;
  return [...kept, { ...made, id: 'null' }];
}
