import type { z } from 'zod';
import type { Fault } from '../faults/index.ts';
import { lockRefusal } from '../places/residency.ts';
import type { Backend } from '../ports/index.ts';
import { builtinClasses, type ClassProblem, compileClass } from './classes.ts';
import { type PolicyDocument, policyDocument } from './document.ts';
import {
  compileRule,
  ExpressionProblem,
  type ExpressionRule,
  isAboutBackends,
  refuseWrite,
} from './expressions/index.ts';
import { type DocumentPath, formatPath, type PolicyProblem, policyInvalid } from './problems.ts';
import { type BackendRule, backendRules } from './rules.ts';
import { explainIssues } from './schema-issues.ts';
import { type CompiledPolicy, type PlacementScope, type RedundancyClass, UNRESTRICTED, type Verdict } from './types.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

export interface CompileOptions {
  /** The version under which the document is stored. */
  readonly version: number;
}

/** The operator's policy of this name holds for every tenant, below nothing and above all others. */
export const DEFAULT_POLICY = 'default';

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
  const rules = compileRules(spec.rules ?? [], yaml);
  const aboutWrites = rules.filter((rule) => !isAboutBackends(rule));
  return {
    name: metadata.name,
    version: options.version,
    encryption: spec.encryption?.mode ?? null,
    pushesLocks: spec.objectLock?.pushDown ?? false,
    openClasses: spec.classes === undefined,
    ...withDefault(classes, spec.defaultClass, yaml),
    saysDefaultClass: spec.defaultClass !== undefined,
    envelopes: {
      formats: spec.encryption?.formats ?? [SEALED_FORMAT],
      keyAlgorithms: spec.encryption?.keyAlgorithms ?? null,
      requiredRecipients: spec.encryption?.requiredRecipients ?? [],
      manifest: spec.encryption?.requireManifest ?? null,
    },
    retention: retentionOf(spec, yaml),
    prefers: preferenceOf(spec),
    needsSituation: rules.some(({ condition }) => condition.subjects.has('bucket') || condition.subjects.has('time')),
    admits: admission(backendRules(spec, rules.filter(isAboutBackends))),
    refusesWrite: (write, situation) => refuseWrite(aboutWrites, write, situation),
  };
}

/** Our own format: what a strict bucket takes unless its policy says otherwise. */
const SEALED_FORMAT = 'sgo1';

/** What holds where no policy is attached: all built-in classes, every backend, no say on encryption. */
export const builtinPolicy: CompiledPolicy = {
  name: 'builtin',
  version: 0,
  encryption: null,
  pushesLocks: false,
  openClasses: true,
  classes: builtinClasses,
  defaultClass: BUILTIN_DEFAULT,
  saysDefaultClass: false,
  envelopes: { formats: null, keyAlgorithms: null, requiredRecipients: [], manifest: null },
  retention: { minimumDays: 0, maximumDays: null, byDefault: null, mode: null },
  prefers: null,
  needsSituation: false,
  admits: admission([]),
  refusesWrite: () => undefined,
};

function admission(rules: readonly BackendRule[]): CompiledPolicy['admits'] {
  const admitted: Verdict = { ok: true, rule: rules[0]?.name ?? UNRESTRICTED };
  const admittedByLock: Verdict = { ok: true, rule: 'bucket.regionLock' };
  return (backend: Backend, scope: PlacementScope): Verdict => {
    for (const rule of rules) {
      const reason = rule.refusal(backend, scope);
      if (reason !== undefined) return { ok: false, rule: rule.name, reason };
    }
    if (scope.regionLock.length === 0) return admitted;
    const reason = lockRefusal(backend, scope.regionLock);
    return reason === undefined ? admittedByLock : { ok: false, rule: 'bucket.regionLock', reason };
  };
}

function compileRules(
  documents: NonNullable<PolicyDocument['spec']['rules']>,
  yaml: YamlDocument,
): readonly ExpressionRule[] {
  const names = new Set<string>();
  return documents.map((document, index) => {
    const path = ['spec', 'rules', index];
    if (names.has(document.name)) {
      throw problemAt(yaml, [...path, 'name'], `the rule ${document.name} is there already`, 'Choose another name.');
    }
    names.add(document.name);
    if ((document.allow === undefined) === (document.deny === undefined)) {
      throw problemAt(yaml, path, 'a rule has either allow or deny', 'Write exactly one of them.');
    }
    const text = [...path, document.allow === undefined ? 'deny' : 'allow'];
    try {
      const rule = compileRule(document);
      const { subjects } = rule.condition;
      if (subjects.size === 0)
        throw problemAt(yaml, text, 'it asks for no fact', 'Ask for backend, bucket, request or time.');
      if (subjects.has('backend') && subjects.has('request')) {
        throw problemAt(
          yaml,
          text,
          'a rule about backends cannot ask for the request, which is over when its bytes are repaired or moved',
          'Ask for the bucket, or write a rule about requests without backend.',
        );
      }
      return rule;
    } catch (error) {
      if (!(error instanceof ExpressionProblem)) throw error;
      const { what, fix } = error;
      throw policyInvalid([{ ...yaml.positionInside(text, error), path: text, what, fix }], error);
    }
  });
}

function retentionOf({ objectLock }: PolicyDocument['spec'], yaml: YamlDocument): CompiledPolicy['retention'] {
  const { minimumDays = 0, maximumDays = null, default: byDefault = null, mode = null } = objectLock?.retention ?? {};
  const path = ['spec', 'objectLock', 'retention'];
  if (maximumDays !== null && maximumDays < minimumDays) {
    throw problemAt(yaml, [...path, 'maximumDays'], 'it is less than minimumDays', 'Raise it or lower the other.');
  }
  if (byDefault !== null && (byDefault.days < minimumDays || byDefault.days > (maximumDays ?? byDefault.days))) {
    throw problemAt(
      yaml,
      [...path, 'default', 'days'],
      'it is outside minimumDays and maximumDays',
      'Choose one between.',
    );
  }
  if (byDefault?.mode === 'GOVERNANCE' && mode === 'COMPLIANCE') {
    throw problemAt(yaml, [...path, 'default', 'mode'], 'mode asks for COMPLIANCE', 'Write COMPLIANCE.');
  }
  return { minimumDays, maximumDays, byDefault, mode };
}

function preferenceOf({ prefer }: PolicyDocument['spec']): CompiledPolicy['prefers'] {
  if (prefer === undefined) return null;
  return { price: prefer.price ?? 0, latency: prefer.latency ?? 0, currency: prefer.currency ?? 'EUR' };
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
