import { readPolicyDocument } from '../policy/index.ts';
import type { PolicyExplanation } from './explain.ts';

/** One value of a document that is another one in a later document; `undefined` where there is none. */
export interface DocumentChange {
  /** `spec.residency.regionLock` */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What a change of policies does to the backends and classes that there are. */
export interface EffectChange {
  readonly kind: 'backend' | 'class';
  readonly name: string;
  /** `admitted by residency.regionLock`, `refused by ...`, `placed`, ...; empty where there is no such class. */
  readonly before: string;
  readonly after: string;
}

/** Differences of two documents as data: order of members, comments and layout do not count. @throws Fault PolicyInvalid */
export function diffDocuments(before: string, after: string): readonly DocumentChange[] {
  const changes: DocumentChange[] = [];
  compare('', readPolicyDocument(before), readPolicyDocument(after), changes);
  return changes;
}

function compare(path: string, before: unknown, after: unknown, changes: DocumentChange[]): void {
  if (isMap(before) && isMap(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(path === '' ? name : `${path}.${name}`, before[name], after[name], changes);
    }
    return;
  }
  if (JSON.stringify(before) !== JSON.stringify(after)) changes.push({ path, before, after });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function diffEffects(before: PolicyExplanation, after: PolicyExplanation): readonly EffectChange[] {
  return [
    ...changesOf('backend', verdictsOf(before), verdictsOf(after)),
    ...changesOf('class', classesOf(before), classesOf(after)),
  ];
}

function changesOf(
  kind: EffectChange['kind'],
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly EffectChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name) => ({ kind, name, before: before.get(name) ?? '', after: after.get(name) ?? '' }))
    .filter((change) => change.before !== change.after);
}

function verdictsOf({ backends }: PolicyExplanation): ReadonlyMap<string, string> {
  return new Map(backends.map((each) => [each.backend, `${each.admitted ? 'admitted' : 'refused'} by ${each.rule}`]));
}

function classesOf({ classes }: PolicyExplanation): ReadonlyMap<string, string> {
  return new Map(classes.map(({ name, now, rule }) => [name, rule === '' ? now : `${now} by ${rule}`]));
}
