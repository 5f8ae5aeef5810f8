import { Fault } from '../faults/index.ts';
import {
  KEY_BYTES_MAX,
  LIFECYCLE_DAYS_MAX,
  LIFECYCLE_ID_CHARACTERS_MAX,
  LIFECYCLE_NEWER_VERSIONS_MAX,
  LIFECYCLE_RULES_MAX,
} from '../limits.ts';
import { isMidnight } from './calendar.ts';
import type { LifecycleConfiguration, LifecycleFilter, LifecycleRule, LifecycleTime, NoncurrentWait } from './types.ts';

/**
 * Checks what the schema of the document cannot: numbers, dates, and what does not go together. The order is that of
 * S3, as far as it shows: whoever makes several mistakes learns of them one by one.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 * @throws Fault MalformedXML (number of rules), InvalidArgument, InvalidRequest
 */
export function checkLifecycle({ rules }: LifecycleConfiguration): void {
  if (rules.length === 0 || rules.length > LIFECYCLE_RULES_MAX) {
    throw new Fault('MalformedXML', `A lifecycle configuration has 1 to ${LIFECYCLE_RULES_MAX} rules.`);
  }
  const seen = new Set<string>();
  for (const rule of rules) {
    checkId(rule.id);
    if (seen.has(rule.id))
      throw argument('Rule ID must be unique. Found same ID for more than one rule.', 'ID', rule.id);
    seen.add(rule.id);
    checkFilter(rule.filter);
    checkActions(rule);
    checkOrder(rule);
    checkScope(rule);
  }
}

function checkId(id: string): void {
  if (id === '') throw argument('ID must have at least one character.', 'ID', id);
  if (id.length > LIFECYCLE_ID_CHARACTERS_MAX) {
    throw argument(`ID length should not exceed allowed limit of ${LIFECYCLE_ID_CHARACTERS_MAX}`, 'ID', id);
  }
}

function checkFilter({ prefix, tags, sizeGreaterThan, sizeLessThan }: LifecycleFilter): void {
  if (prefix !== null && new TextEncoder().encode(prefix).length > KEY_BYTES_MAX) {
    throw refused('The maximum size of a prefix is 1024.');
  }
  if (new Set(tags.map((tag) => tag.key)).size < tags.length) throw refused('Duplicate Tag Keys are not allowed.');
  if (sizeGreaterThan !== null && sizeGreaterThan < 0) {
    throw refused("'ObjectSizeGreaterThan' must not be negative.");
  }
  if (sizeLessThan !== null && sizeLessThan < 1) throw refused("'ObjectSizeLessThan' must be positive.");
  // Sizes are whole bytes: with a difference of one there is none between.
  if (sizeGreaterThan !== null && sizeLessThan !== null && sizeLessThan - sizeGreaterThan < 2) {
    throw refused("'ObjectSizeLessThan' must be larger than 'ObjectSizeGreaterThan', with a size between them.");
  }
}

function checkActions(rule: LifecycleRule): void {
  const { expiration, noncurrentExpiration, transitions, noncurrentTransitions, abortUploadDays } = rule;
  const acts =
    expiration !== null ||
    noncurrentExpiration !== null ||
    abortUploadDays !== null ||
    transitions.length + noncurrentTransitions.length > 0;
  if (!acts) throw refused('At least one action needs to be specified in a rule.');
  if (expiration !== null && expiration.kind !== 'marker') checkTime(expiration, 'Expiration', 1);
  for (const { when } of transitions) checkTime(when, 'Transition', 0);
  if (noncurrentExpiration !== null) checkWait(noncurrentExpiration, 'NoncurrentVersionExpiration', 1);
  for (const wait of noncurrentTransitions) checkWait(wait, 'NoncurrentVersionTransition', 0);
  if (abortUploadDays !== null) checkDays(abortUploadDays, 'DaysAfterInitiation', 'AbortIncompleteMultipartUpload', 1);
}

function checkTime(when: LifecycleTime, action: string, daysMin: 0 | 1): void {
  if (when.kind === 'days') checkDays(when.days, 'Days', action, daysMin);
  else if (!isMidnight(when.atMs))
    throw argument("'Date' must be at midnight GMT", 'Date', new Date(when.atMs).toISOString());
}

function checkWait(wait: NoncurrentWait, action: string, daysMin: 0 | 1): void {
  checkDays(wait.days, 'NoncurrentDays', action, daysMin);
  const newer = wait.newerVersions;
  if (newer !== null && (newer < 1 || newer > LIFECYCLE_NEWER_VERSIONS_MAX)) {
    throw argument(
      `'NewerNoncurrentVersions' for ${action} action must be between 1 and ${LIFECYCLE_NEWER_VERSIONS_MAX}`,
      'NewerNoncurrentVersions',
      newer,
    );
  }
}

function checkDays(days: number, name: string, action: string, min: 0 | 1): void {
  if (days >= min && days <= LIFECYCLE_DAYS_MAX) return;
  throw argument(
    `'${name}' for ${action} action must be a ${min === 0 ? 'nonnegative' : 'positive'} integer`,
    name,
    days,
  );
}

/** What comes later in a rule must also be later, else it could never have been meant. */
function checkOrder(rule: LifecycleRule): void {
  const { expiration, transitions, noncurrentExpiration, noncurrentTransitions } = rule;
  const timed = expiration !== null && expiration.kind !== 'marker' ? [expiration] : [];
  const kinds = new Set([...timed, ...transitions.map(({ when }) => when)].map(({ kind }) => kind));
  if (kinds.size > 1) {
    throw refused(
      `Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for ${scopeOf(rule)}`,
    );
  }
  const at = (when: LifecycleTime): number => (when.kind === 'days' ? when.days : when.atMs);
  for (const end of timed) {
    const name = end.kind === 'days' ? 'Days' : 'Date';
    if (transitions.some(({ when }) => at(when) >= at(end))) throw late(rule, name, 'Expiration', 'Transition');
  }
  if (noncurrentExpiration !== null && noncurrentTransitions.some(({ days }) => days >= noncurrentExpiration.days)) {
    throw late(rule, 'NoncurrentDays', 'NoncurrentVersionExpiration', 'NoncurrentVersionTransition');
  }
  for (const classes of [transitions, noncurrentTransitions].map((list) => list.map((each) => each.storageClass))) {
    if (new Set(classes).size < classes.length) {
      throw refused(`Found two or more transitions to the same StorageClass in lifecycle rule for ${scopeOf(rule)}`);
    }
  }
}

/** Uploads have no tags or sizes yet, delete markers have none ever: a rule by them would never do anything. */
function checkScope({ filter, expiration, abortUploadDays }: LifecycleRule): void {
  const what =
    filter.tags.length > 0
      ? 'Tags'
      : filter.sizeGreaterThan !== null || filter.sizeLessThan !== null
        ? 'Object Size'
        : undefined;
  if (what === undefined) return;
  if (abortUploadDays !== null) throw refused(`AbortIncompleteMultipartUpload cannot be specified with ${what}.`);
  if (expiration?.kind === 'marker') throw refused(`ExpiredObjectDeleteMarker cannot be specified with ${what}.`);
}

function late(rule: LifecycleRule, name: string, later: string, earlier: string): Fault {
  return argument(
    `'${name}' in the ${later} action for ${scopeOf(rule)} must be greater than '${name}' in the ${earlier} action`,
    name,
    rule.id,
  );
}

function scopeOf({ filter }: LifecycleRule): string {
  return `prefix '${filter.prefix ?? ''}'`;
}

function argument(message: string, name: string, value: string | number): Fault {
  return new Fault('InvalidArgument', message, {
    detail: { ArgumentName: name, ArgumentValue: typeof value === 'string' ? value.slice(0, 128) : value },
  });
}

function refused(message: string): Fault {
  return new Fault('InvalidRequest', message);
}
