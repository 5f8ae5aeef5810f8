import { TRANSITION_BYTES_MIN } from '../limits.ts';
import { afterDays, type LifecycleCalendar, timeOf } from './calendar.ts';
import { type Filterable, rulesFor } from './filter.ts';
import type { LifecycleConfiguration, LifecycleRule, NoncurrentWait } from './types.ts';

/** A version (or delete marker) in its place among the versions of its key. */
export type LifecycleSubject = Filterable & {
  readonly modifiedAtMs: number;
  readonly redundancyClass: string;
} & (
    | {
        /** What a GET finds. */
        readonly place: 'current';
        /** The bucket keeps versions (or did): expiring lays a delete marker and destroys nothing. */
        readonly versioned: boolean;
      }
    | {
        readonly place: 'noncurrent';
        readonly deleteMarker: boolean;
        /** When the next newer version came. */
        readonly noncurrentSinceMs: number;
        /** Noncurrent versions newer than this one, delete markers not counted. */
        readonly newerNoncurrent: number;
      }
    /** A delete marker that is the only version of its key. */
    | { readonly place: 'lone-marker' }
  );

export type DueAction =
  /** Of a current version: it goes, or gets a delete marker. Of others: gone for good. */
  | {
      readonly kind: 'expire';
      readonly ruleId: string;
      /** Noncurrent versions newer than it that must still be there. */
      readonly newerVersions: number;
    }
  | { readonly kind: 'transition'; readonly ruleId: string; readonly redundancyClass: string };

export interface Judging {
  readonly nowMs: number;
  readonly calendar: LifecycleCalendar;
  /** The redundancy class that a rule means by a name: S3's `STANDARD` is the default one of the bucket's policy. */
  readonly classOf: (storageClass: string) => string;
}

/**
 * What is to be done with a version now, in this order. Removal for good takes precedence over a transition; a
 * transition takes precedence over a delete marker, which then follows.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html
 */
export function dueActions(
  configuration: LifecycleConfiguration,
  subject: LifecycleSubject,
  judging: Judging,
): readonly DueAction[] {
  const rules = rulesFor(configuration.rules, subject);
  const expire = dueExpiration(rules, subject, judging);
  const keepsBytes = subject.place === 'current' && subject.versioned;
  if (expire !== undefined && !keepsBytes) return [expire];
  const transition = dueTransition(configuration, rules, subject, judging);
  return [transition, expire].filter((action) => action !== undefined);
}

function dueExpiration(
  rules: readonly LifecycleRule[],
  subject: LifecycleSubject,
  judging: Judging,
): DueAction | undefined {
  for (const rule of rules) {
    if (subject.place === 'noncurrent') {
      const wait = rule.noncurrentExpiration;
      if (wait === null || noncurrentTime(wait, subject, judging.calendar) > judging.nowMs) continue;
      return { kind: 'expire', ruleId: rule.id, newerVersions: wait.newerVersions ?? 0 };
    }
    if (expiresNow(rule, subject, judging)) return { kind: 'expire', ruleId: rule.id, newerVersions: 0 };
  }
  return undefined;
}

/** A delete marker with nothing beneath goes by age like an object, or at once where the rule says so. */
function expiresNow(rule: LifecycleRule, subject: LifecycleSubject, { nowMs, calendar }: Judging): boolean {
  const { expiration } = rule;
  if (expiration === null) return false;
  if (expiration.kind === 'marker') return expiration.remove && subject.place === 'lone-marker';
  return timeOf(expiration, subject.modifiedAtMs, calendar) <= nowMs;
}

interface Stage {
  readonly atMs: number;
  readonly ruleId: string;
  readonly storageClass: string;
}

/**
 * The class a version belongs into is that of the stage that came last, whichever rule it is from: a function of the
 * version and the time alone, so rules that contradict each other cannot make it wander to and fro. One that is already
 * where a later stage will bring it does not go back.
 */
function dueTransition(
  configuration: LifecycleConfiguration,
  rules: readonly LifecycleRule[],
  subject: LifecycleSubject,
  { nowMs, calendar, classOf }: Judging,
): DueAction | undefined {
  const stages = rules
    .filter((rule) => !tooSmall(configuration, rule, subject))
    .flatMap((rule) => stagesOf(rule, subject, calendar));
  let last: Stage | undefined;
  for (const stage of stages) {
    if (stage.atMs > nowMs) {
      if (classOf(stage.storageClass) === subject.redundancyClass) return undefined;
    } else if (last === undefined || stage.atMs >= last.atMs) last = stage;
  }
  if (last === undefined) return undefined;
  const redundancyClass = classOf(last.storageClass);
  return redundancyClass === subject.redundancyClass
    ? undefined
    : { kind: 'transition', ruleId: last.ruleId, redundancyClass };
}

function stagesOf(rule: LifecycleRule, subject: LifecycleSubject, calendar: LifecycleCalendar): Stage[] {
  if (subject.place === 'current') {
    return rule.transitions.map(({ when, storageClass }) => ({
      atMs: timeOf(when, subject.modifiedAtMs, calendar),
      ruleId: rule.id,
      storageClass,
    }));
  }
  if (subject.place === 'lone-marker' || subject.deleteMarker) return [];
  return rule.noncurrentTransitions.map((wait) => ({
    atMs: noncurrentTime(wait, subject, calendar),
    ruleId: rule.id,
    storageClass: wait.storageClass,
  }));
}

function tooSmall(configuration: LifecycleConfiguration, { filter }: LifecycleRule, { bytes }: Filterable): boolean {
  const saysSize = filter.sizeGreaterThan !== null || filter.sizeLessThan !== null;
  return configuration.transitionMinimum === 'all_storage_classes_128K' && !saysSize && bytes < TRANSITION_BYTES_MIN;
}

/** Never, for as long as it is among the newest ones that are kept. */
function noncurrentTime(
  wait: NoncurrentWait,
  subject: Extract<LifecycleSubject, { place: 'noncurrent' }>,
  calendar: LifecycleCalendar,
): number {
  if (subject.newerNoncurrent < (wait.newerVersions ?? 0)) return Number.POSITIVE_INFINITY;
  return afterDays(subject.noncurrentSinceMs, wait.days, calendar);
}
