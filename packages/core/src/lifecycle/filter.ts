import type { LifecycleFilter, LifecycleRule } from './types.ts';

/** What a filter looks at. */
export interface Filterable {
  readonly key: string;
  readonly bytes: number;
  readonly tags: Readonly<Record<string, string>> | null;
}

function matchesFilter(filter: LifecycleFilter, version: Filterable): boolean {
  const { prefix, tags, sizeGreaterThan, sizeLessThan } = filter;
  return (
    (prefix === null || version.key.startsWith(prefix)) &&
    (sizeGreaterThan === null || version.bytes > sizeGreaterThan) &&
    (sizeLessThan === null || version.bytes < sizeLessThan) &&
    tags.every((tag) => version.tags !== null && valueOf(version.tags, tag.key) === tag.value)
  );
}

/** Enabled rules whose filter holds for the version. */
export function rulesFor(rules: readonly LifecycleRule[], version: Filterable): LifecycleRule[] {
  return rules.filter((rule) => rule.enabled && matchesFilter(rule.filter, version));
}

/**
 * The parts of a bucket that the rules speak of: prefixes of which none begins with another, ascending as UTF-16 does.
 * Whoever walks a bucket need look nowhere else.
 */
export function walkedPrefixes(rules: readonly LifecycleRule[]): string[] {
  const sorted = rules
    .filter((rule) => rule.enabled)
    .map((rule) => rule.filter.prefix ?? '')
    .sort();
  const kept: string[] = [];
  for (const prefix of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

function valueOf(tags: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(tags, key) ? tags[key] : undefined;
}
