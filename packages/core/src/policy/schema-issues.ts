import type { z } from 'zod';
import type { DocumentPath } from './problems.ts';

type Issue = z.core.$ZodIssue;

export interface ExplainedIssue {
  readonly path: DocumentPath;
  /** The problem is the key at `path`, not its value. */
  readonly onKey: boolean;
  readonly what: string;
  readonly fix: string;
}

/** The schema's findings in words that say what to change. */
export function explainIssues(issues: readonly Issue[], value: unknown): readonly ExplainedIssue[] {
  return issues.flatMap((issue) => explainIssue(issue, value, []));
}

function explainIssue(issue: Issue, value: unknown, parent: DocumentPath): readonly ExplainedIssue[] {
  const path = [...parent, ...issue.path];
  const found = valueAt(value, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        onKey: true,
        what: 'there is no such member',
        fix: 'Check its spelling and its indentation, or remove it.',
      }));
    case 'invalid_union':
      return bestBranch(issue.errors).flatMap((inner) => explainIssue(inner, found, path));
    case 'invalid_type':
    case 'invalid_value':
      return [{ path, onKey: false, ...wrongValue(issue, found) }];
    case 'too_small':
      return [{ path, onKey: false, what: 'it is too small', fix: `Use at least ${issue.minimum}.` }];
    case 'too_big':
      return [{ path, onKey: false, what: 'it is too large', fix: `Use at most ${issue.maximum}.` }];
    default:
      return [{ path, onKey: false, what: `${shown(found)} is not valid`, fix: sentence(issue.message) }];
  }
}

function wrongValue(
  issue: Extract<Issue, { code: 'invalid_type' | 'invalid_value' }>,
  found: unknown,
): Pick<ExplainedIssue, 'what' | 'fix'> {
  const wanted = issue.code === 'invalid_type' ? named(issue.expected) : issue.values.map(String).join(', ');
  if (found === undefined) return { what: 'it is missing', fix: `Add it (${wanted}).` };
  if (issue.code === 'invalid_type') return { what: `it is ${typeName(found)}`, fix: `Write ${wanted}.` };
  return { what: `${shown(found)} is not possible here`, fix: `Use ${wanted}.` };
}

/** Of the forms a value may have, the one it comes nearest to: right in kind, wrong inside. */
function bestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const wrongKind = (issues: readonly Issue[]): boolean =>
    issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0);
  return branches.find((issues) => !wrongKind(issues)) ?? branches[0] ?? [];
}

function valueAt(value: unknown, path: DocumentPath): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return typeName(value);
  return `"${value.length > 40 ? `${value.slice(0, 40)}...` : value}"`;
}

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false (quote it when a text is meant)';
    default:
      return 'a map';
  }
}

function named(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'a text',
    int: 'a whole number',
    number: 'a number',
    array: 'a list',
    object: 'a map',
  };
  return names[expected] ?? expected;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
