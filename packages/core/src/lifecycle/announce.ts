import { afterDays, calendarDays, timeOf } from './calendar.ts';
import { type Filterable, rulesFor } from './filter.ts';
import type { LifecycleConfiguration } from './types.ts';

/** What is to happen, and by which rule. */
export interface Announcement {
  readonly atMs: number;
  readonly ruleId: string;
}

/**
 * When the current version of a key will expire (`x-amz-expiration`): the earliest rule, in calendar days whatever a
 * test makes of the length of a day.
 */
export function expirationOf(
  configuration: LifecycleConfiguration,
  version: Filterable & { readonly modifiedAtMs: number },
): Announcement | undefined {
  const found = rulesFor(configuration.rules, version).flatMap(({ id, expiration }) =>
    expiration === null || expiration.kind === 'marker'
      ? []
      : [{ atMs: timeOf(expiration, version.modifiedAtMs, calendarDays), ruleId: id }],
  );
  return earliest(found);
}

/** When an upload that stays open will be aborted (`x-amz-abort-date`, `x-amz-abort-rule-id`). */
export function abortionOf(
  configuration: LifecycleConfiguration,
  upload: { readonly key: string; readonly createdAtMs: number },
): Announcement | undefined {
  const found = abortingRules(configuration, upload.key).map(({ ruleId, days }) => ({
    atMs: afterDays(upload.createdAtMs, days, calendarDays),
    ruleId,
  }));
  return earliest(found);
}

/** The rules that abort uploads of a key. Their filters have no tags and no sizes (see `checkLifecycle`). */
export function abortingRules(
  configuration: LifecycleConfiguration,
  key: string,
): { readonly ruleId: string; readonly days: number }[] {
  return configuration.rules.flatMap(({ enabled, id, filter, abortUploadDays: days }) =>
    enabled && days !== null && key.startsWith(filter.prefix ?? '') ? [{ ruleId: id, days }] : [],
  );
}

function earliest(found: readonly Announcement[]): Announcement | undefined {
  return found.reduce<Announcement | undefined>(
    (first, next) => (first === undefined || next.atMs < first.atMs ? next : first),
    undefined,
  );
}
