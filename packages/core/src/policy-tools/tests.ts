import { z } from 'zod';
import type { CatalogueEntry } from '../catalogue/index.ts';
import { Fault, isFault } from '../faults/index.ts';
import { BACKENDS_MAX } from '../limits.ts';
import {
  bindPolicy,
  type CompiledPolicy,
  narrow,
  narrowRegionLock,
  readPolicyDocument,
  resolveWishedClass,
  wishesOf,
} from '../policy/index.ts';
import type { Backend } from '../ports/index.ts';
import { explainPolicies } from './explain.ts';
import { bucketFactsOf, describedBackends, wouldBeBackend, wouldBeBucket } from './would-be.ts';

const TESTS_MAX = 1000;
const text = z.string().max(256);

const given = z.strictObject({
  backends: z.array(text).optional().meta({ description: 'Which of the backends there are; all unless given.' }),
  time: z.iso.datetime().optional(),
  bucket: wouldBeBucket.optional(),
  write: z
    .strictObject({
      operation: z.enum(['put', 'copy', 'post', 'upload']).optional(),
      key: z.string().max(1024).optional(),
      bytes: z.int().min(0).optional(),
      class: text.optional(),
      tags: z.record(text, text).optional(),
    })
    .optional(),
});

const expected = z.strictObject({
  admits: z.array(text).optional(),
  refuses: z.record(text, text).optional().meta({ description: 'Backend to the rule that refuses it.' }),
  classes: z.record(text, text).optional().meta({ description: 'Class to `placed` or the rule that refuses it.' }),
  write: text.optional().meta({ description: '`allowed`, or the rule that refuses it.' }),
});

const testFile = z.strictObject({
  apiVersion: z.literal('sealgate/v1'),
  kind: z.literal('PolicyTest'),
  policies: z.array(text).min(1).max(3).meta({ description: 'Files, the outermost layer first.' }),
  backends: z
    .record(text, wouldBeBackend)
    .refine((all) => Object.keys(all).length <= BACKENDS_MAX, `more than ${BACKENDS_MAX} backends`)
    .default({}),
  tests: z
    .array(z.strictObject({ name: text, given: given.default({}), expect: expected }))
    .min(1)
    .max(TESTS_MAX),
});

export type PolicyTestFile = z.infer<typeof testFile>;

export interface PolicyTestResult {
  readonly name: string;
  /** What was expected and is not so; none: it passed. */
  readonly failures: readonly string[];
}

/** @throws Fault PolicyInvalid */
export function parsePolicyTests(document: string): PolicyTestFile {
  const parsed = testFile.safeParse(readPolicyDocument(document));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Fault('PolicyInvalid', `The policy tests are not valid: ${problems.join('; ')}.`, { rule: 'policy.tests' });
}

/**
 * Runs tests of policies without a gateway.
 * @param layers the compiled policies that the file names, in its order
 * @throws Fault PolicyInvalid for a backend or zone that is not there, PolicyRefused when the layers exclude each other
 */
export function runPolicyTests(
  file: PolicyTestFile,
  layers: readonly CompiledPolicy[],
  catalogue: readonly CatalogueEntry[],
): readonly PolicyTestResult[] {
  return [...policyTestResults(file, layers, catalogue)];
}

/** The same, one test for each step: each may take some milliseconds, and there may be many. */
export function* policyTestResults(
  file: PolicyTestFile,
  layers: readonly CompiledPolicy[],
  catalogue: readonly CatalogueEntry[],
): Generator<PolicyTestResult, void> {
  if (layers.length !== file.policies.length) {
    throw new Fault(
      'PolicyInvalid',
      `The tests name ${file.policies.length} policies, and ${layers.length} are given.`,
      {
        rule: 'policy.tests',
      },
    );
  }
  const backends = describedBackends(file.backends, catalogue, 'policy.tests');
  for (const test of file.tests) yield { name: test.name, failures: failuresOf(test, layers, backends) };
}

type PolicyTest = PolicyTestFile['tests'][number];

function failuresOf(test: PolicyTest, layers: readonly CompiledPolicy[], all: readonly Backend[]): readonly string[] {
  const { expect } = test;
  const backends = test.given.backends?.map((id) => all.find((each) => each.id === id) ?? missing(id)) ?? all;
  const situation = situationOf(test);
  const writable = new Set(backends.map(({ id }) => id));
  const { regionLock } = situation.bucket;
  const explained = explainPolicies({ layers, backends, writable, regionLock, ...situation });
  const verdicts = new Map(explained.backends.map((each) => [each.backend, each.admitted ? 'admitted' : each.rule]));
  const classes = new Map(explained.classes.map((each) => [each.name, each.now === 'placed' ? 'placed' : each.rule]));
  const wanted: (readonly [what: string, wants: string, is: string])[] = [
    ...(expect.admits ?? []).map((id) => [`backend ${id}`, 'admitted', verdicts.get(id) ?? missing(id)] as const),
    ...Object.entries(expect.refuses ?? {}).map(
      ([id, rule]) => [`backend ${id}`, rule, verdicts.get(id) ?? missing(id)] as const,
    ),
    ...Object.entries(expect.classes ?? {}).map(
      ([name, wants]) => [`class ${name}`, wants, classes.get(name) ?? 'not offered'] as const,
    ),
    ...(expect.write === undefined ? [] : [['write', expect.write, writeVerdict(test, layers, situation)] as const]),
  ];
  return wanted
    .filter(([, wants, is]) => wants !== is)
    .map(([what, wants, is]) => `${what}: expected ${wants}, is ${is}`);
}

type TestSituation = ReturnType<typeof situationOf>;

function situationOf({ given: { bucket = {}, time } }: PolicyTest) {
  return { atMs: time === undefined ? 0 : Date.parse(time), bucket: bucketFactsOf(bucket) };
}

function writeVerdict(
  { given: { write = {} } }: PolicyTest,
  layers: readonly CompiledPolicy[],
  situation: TestSituation,
) {
  const policy = bindPolicy(layers.reduce(narrow), situation);
  const { operation = 'put', key = 'key', bytes = 0, class: named, tags = null } = write;
  try {
    const { copies, regionLock } = wishesOf(tags);
    const redundancyClass = resolveWishedClass(policy, { named, fallback: undefined, copies }).name;
    const refused = policy.refusesWrite({ operation, key, bytes, redundancyClass, tags }, {});
    if (refused !== undefined) return refused.rule;
    narrowRegionLock(situation.bucket.regionLock, regionLock);
    return 'allowed';
  } catch (error) {
    if (!isFault(error, 'InvalidStorageClass', 'InvalidTag', 'PolicyRefused')) throw error;
    return error.rule ?? `tag.${String(error.detail['TagKey'])}`;
  }
}

function missing(id: string): never {
  throw new Fault('PolicyInvalid', `The tests name a backend "${id}" that they do not define.`, {
    rule: 'policy.tests',
  });
}
