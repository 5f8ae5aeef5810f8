import { Fault } from '../faults/index.ts';
import { POLICY_PROBLEMS_MAX } from '../limits.ts';

/** A path into the document: member names and list positions. */
export type DocumentPath = readonly PropertyKey[];

/** One thing wrong with a policy document. Lines and columns count from 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  readonly path: DocumentPath;
  readonly what: string;
  readonly fix: string;
}

/** All problems as one fault; the first one's place is in its detail. */
export function policyInvalid(problems: readonly PolicyProblem[], cause?: unknown): Fault {
  const first = problems[0] ?? { line: 1, column: 1, path: [], what: 'it cannot be read', fix: '' };
  const shown = problems.slice(0, POLICY_PROBLEMS_MAX).map(describe);
  const more = problems.length - shown.length;
  if (more > 0) shown.push(`and ${more} more.`);
  return new Fault('PolicyInvalid', `The policy is not valid: ${shown.join(' ')}`, {
    rule: 'policy.document',
    detail: { line: first.line, column: first.column, path: formatPath(first.path) },
    ...(cause === undefined ? {} : { cause }),
  });
}

function describe({ line, column, path, what, fix }: PolicyProblem): string {
  const where = path.length === 0 ? '' : `${formatPath(path)}: `;
  return `line ${line}, column ${column}: ${where}${what}.${fix === '' ? '' : ` ${fix}`}`;
}

/** `spec.classes[0].ack` */
export function formatPath(path: DocumentPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}
