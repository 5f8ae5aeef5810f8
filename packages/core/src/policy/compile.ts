import type { z } from 'zod';
import type { Fault } from '../faults/index.ts';
import { lockRefusal } from '../places/residency.ts';
import type { Backend } from '../ports/index.ts';
import { builtinClasses, type ClassProblem, compileClass } from './classes.ts';
import { type PolicyDocument, policyDocument } from './document.ts';
import { type DocumentPath, formatPath, type PolicyProblem, policyInvalid } from './problems.ts';
import { type BackendRule, backendRules } from './rules.ts';
import { explainIssues } from './schema-issues.ts';
import { type CompiledPolicy, type PlacementScope, type RedundancyClass, UNRESTRICTED, type Verdict } from './types.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

export interface CompileOptions {
  /** The version under which the document is stored. */
  readonly version: number;
}

const BUILTIN_DEFAULT = 'StandardClass';

/**
 * Compiles a policy document (YAML, see docs/reference/policy.schema.json).
 * @throws Fault PolicyInvalid; the message names line, column and fix of every problem, `detail` those of the first
 */
export function compilePolicy(document: string, options: CompileOptions): CompiledPolicy {
  const yaml = readYaml(document);
  const checked = policyDocument.safeParse(yaml.value);
  if (!checked.success) throw policyInvalid(schemaProblems(checked.error, yaml));
  const { metadata, spec } = checked.data;
  const classes = compileClasses(spec.classes, yaml);
  return {
    name: metadata.name,
    version: options.version,
    encryption: spec.encryption?.mode ?? null,
    pushesLocks: spec.objectLock?.pushDown ?? false,
    openClasses: spec.classes === undefined,
    ...withDefault(classes, spec.defaultClass, yaml),
    admits: admission(backendRules(spec)),
  };
}

/** What holds where no policy is attached: all built-in classes, every backend, no say on encryption. */
export const builtinPolicy: CompiledPolicy = {
  name: 'builtin',
  version: 0,
  encryption: null,
  pushesLocks: false,
  openClasses: true,
  classes: builtinClasses,
  defaultClass: BUILTIN_DEFAULT,
  admits: admission([]),
};

function admission(rules: readonly BackendRule[]): CompiledPolicy['admits'] {
  const admitted: Verdict = { ok: true, rule: rules[0]?.name ?? UNRESTRICTED };
  const admittedByLock: Verdict = { ok: true, rule: 'bucket.regionLock' };
  return (backend: Backend, scope: PlacementScope): Verdict => {
    for (const rule of rules) {
      const reason = rule.refusal(backend);
      if (reason !== undefined) return { ok: false, rule: rule.name, reason };
    }
    if (scope.regionLock.length === 0) return admitted;
    const reason = lockRefusal(backend, scope.regionLock);
    return reason === undefined ? admittedByLock : { ok: false, rule: 'bucket.regionLock', reason };
  };
}

function compileClasses(
  listed: PolicyDocument['spec']['classes'],
  yaml: YamlDocument,
): ReadonlyMap<string, RedundancyClass> {
  if (listed === undefined) return builtinClasses;
  const classes = new Map<string, RedundancyClass>();
  for (const [index, entry] of listed.entries()) {
    const path = ['spec', 'classes', index];
    const compiled =
      typeof entry === 'string' ? namedClass(entry, path, yaml) : compileClass(entry, classProblem(path, yaml));
    if (classes.has(compiled.name)) {
      throw problemAt(yaml, path, `the class ${compiled.name} is listed twice`, 'Remove one of them.');
    }
    if (typeof entry !== 'string' && builtinClasses.has(entry.name)) {
      throw problemAt(yaml, [...path, 'name'], `${entry.name} is a built-in class`, 'Choose another name.');
    }
    classes.set(compiled.name, compiled);
  }
  return classes;
}

function namedClass(name: string, path: DocumentPath, yaml: YamlDocument): RedundancyClass {
  const builtin = builtinClasses.get(name);
  if (builtin !== undefined) return builtin;
  const names = [...builtinClasses.keys()].join(', ');
  throw problemAt(yaml, path, `there is no class ${name}`, `Built-in classes are ${names}; define any other one here.`);
}

function withDefault(
  classes: ReadonlyMap<string, RedundancyClass>,
  wanted: string | undefined,
  yaml: YamlDocument,
): Pick<CompiledPolicy, 'classes' | 'defaultClass'> {
  const fallback = classes.has(BUILTIN_DEFAULT) ? BUILTIN_DEFAULT : ([...classes.keys()][0] ?? BUILTIN_DEFAULT);
  const name = wanted ?? fallback;
  const first = classes.get(name);
  if (first === undefined) {
    const names = [...classes.keys()].join(', ');
    throw problemAt(yaml, ['spec', 'defaultClass'], `${name} is not among the classes`, `Choose one of ${names}.`);
  }
  return { defaultClass: name, classes: new Map([[name, first], ...classes]) };
}

function classProblem(path: DocumentPath, yaml: YamlDocument): ClassProblem {
  return (member, what, fix, at): never => {
    const full = [...path, member];
    const position = at === undefined ? yaml.positionOf(full) : yaml.positionInside(full, at);
    throw policyInvalid([{ ...position, path: full, what, fix }]);
  };
}

function problemAt(yaml: YamlDocument, path: DocumentPath, what: string, fix: string): Fault {
  return policyInvalid([{ ...yaml.positionOf(path), path, what, fix }]);
}

/** In the order of the text, one for each place. */
function schemaProblems(error: z.ZodError, yaml: YamlDocument): readonly PolicyProblem[] {
  const problems = explainIssues(error.issues, yaml.value).map(({ path, onKey, what, fix }) => ({
    ...(onKey ? yaml.positionOfKey(path) : yaml.positionOf(path)),
    path,
    what,
    fix,
  }));
  const seen = new Set<string>();
  return problems
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .filter(({ path }) => {
      const place = formatPath(path);
      if (seen.has(place)) return false;
      seen.add(place);
      return true;
    });
}
