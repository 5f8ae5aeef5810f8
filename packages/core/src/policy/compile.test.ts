import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault, isFault } from '../faults/index.ts';
import { POLICY_BYTES_MAX } from '../limits.ts';
import { anyBackends, testBackend } from '../testing/backends.ts';
import { builtinPolicy, compilePolicy, narrow, resolveClass, survivable } from './index.ts';

/** Many runs on a busy machine. */
const SLOW = { timeout: 300_000 };

const EXAMPLES = new URL('../../../../examples/policies/', import.meta.url);
const POLICIES = readdirSync(EXAMPLES).filter((name) => /^[a-z-]+\.yaml$/.test(name));
const example = (name: string) => compilePolicy(readFileSync(new URL(name, EXAMPLES), 'utf8'), { version: 1 });

const head = 'apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: test }\n';
const compile = (spec: string) => compilePolicy(`${head}spec:\n${spec}`, { version: 7 });

function faultOf(document: string): Fault {
  try {
    compilePolicy(document, { version: 1 });
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('it compiles');
}

describe('a policy document', () => {
  it('compiles to its classes, the default one first', () => {
    const policy = compile('  classes: [RegionalClass, StandardClass]\n  encryption: { mode: report }\n');
    expect(policy).toMatchObject({ name: 'test', version: 7, encryption: 'report', defaultClass: 'StandardClass' });
    expect([...policy.classes.keys()]).toEqual(['StandardClass', 'RegionalClass']);
    expect(compile('  classes: [RegionalClass]\n').defaultClass).toBe('RegionalClass');
    expect(compile('  defaultClass: ColdArchiveClass\n').defaultClass).toBe('ColdArchiveClass');
    expect([...compile('  {}\n').classes.keys()]).toEqual([...builtinPolicy.classes.keys()]);
  });

  it('defines classes of its own', () => {
    const policy = example('custom-classes.yaml');
    expect(policy.classes.get('Archive')).toMatchObject({
      width: 6,
      layout: { kind: 'erasure', k: 4, m: 2 },
      spread: { atLeast: { region: 4 }, within: [] },
      ack: { text: 'shards >= 5 && regions >= 3' },
    });
    expect(policy.classes.get('NationalPair')).toMatchObject({
      width: 2,
      layout: { kind: 'copies' },
      spread: { atLeast: { provider: 2 }, within: ['country'] },
    });
    expect(policy.defaultClass).toBe('Ledger');
  });

  it.each(POLICIES)('of the examples compiles: %s', (name) => {
    expect(`${example(name).name}.yaml`).toBe(name);
  });
});

const MISTAKES: readonly (readonly [spec: string, line: number, column: number, words: string])[] = [
  ['  clases: [StandardClass]\n', 5, 3, 'spec.clases: there is no such member'],
  ['  classes: StandardClass\n', 5, 12, 'spec.classes: it is a text. Write a list.'],
  ['  classes: [Standard]\n', 5, 13, 'there is no class Standard. Built-in classes are StandardClass'],
  ['  classes: [StandardClass, StandardClass]\n', 5, 28, 'listed twice'],
  ['  classes: []\n', 5, 12, 'Use at least 1'],
  ['  defaultClass: Gold\n', 5, 17, 'Gold is not among the classes. Choose one of StandardClass'],
  ['  residency: { regionLock: [EU, Mars] }\n', 5, 33, '"Mars" is not valid'],
  ['  residency: { regionLock: [UK, XX] }\n', 5, 33, 'neither a jurisdiction'],
  ['  residency: { countries: { allow: [UK] } }\n', 5, 37, 'the United Kingdom is GB'],
  ['  residency:\n    countries:\n      allow: [no]\n', 7, 15, 'two capitals'],
  ['  require: { capabilities: [teleport] }\n', 5, 29, '"teleport" is not possible here. Use put, get'],
  ['  encryption: { mode: maybe }\n', 5, 23, 'Use required, report, off'],
  ['  objectLock: { retention: { default: { mode: GOVERNANCE } } }\n', 5, 39, 'retention.default.days: it is missing'],
  ['  objectLock: { retention: { minimumDays: 9, maximumDays: 3 } }\n', 5, 59, 'it is less than minimumDays'],
  ['  encryption: { formats: [zip] }\n', 5, 27, '"zip" is not possible here'],
  ['  encryption: { requiredRecipients: [me] }\n', 5, 38, 'write a key id'],
  ['  rules: [{ name: a }]\n', 5, 11, 'a rule has either allow or deny'],
  ['  rules: [{ name: a, allow: "true" }]\n', 5, 29, 'it asks for no fact'],
  [
    '  rules:\n    - name: a\n      allow: backend.contry == "FI"\n',
    7,
    21,
    'there is no fact backend.contry. There are backend.id,',
  ],
  ["  rules:\n    - name: a\n      allow: 'backend.country == 3'\n", 7, 31, '== compares values of one type'],
  ['  rules:\n    - name: a\n      deny: backend.country ==\n', 7, 29, 'it cannot be read as CEL'],
  ['  rules:\n    - name: a\n      deny: request.key == backend.id\n', 7, 13, 'cannot ask for the request'],
  ['  classes:\n    - copies: 3\n      ack: copies >= 2\n', 6, 7, 'spec.classes[0].name: it is missing'],
  ['  classes:\n    - name: STANDARD\n      copies: 3\n      ack: copies >= 2\n', 6, 13, 'a storage class of S3'],
  ['  classes:\n    - name: StandardClass\n      copies: 3\n      ack: copies >= 2\n', 6, 13, 'is a built-in class'],
  ['  classes:\n    - name: A\n      ack: copies >= 2\n', 6, 13, 'says neither copies nor erasure'],
  [
    '  classes:\n    - name: A\n      copies: 2\n      erasure: 2+1\n      ack: copies >= 2\n',
    8,
    16,
    'either copies or erasure',
  ],
  ['  classes:\n    - name: A\n      erasure: 20+20\n      ack: copies >= 20\n', 7, 16, 'more than 32 shards'],
  ['  classes:\n    - name: A\n      erasure: two\n      ack: copies >= 2\n', 7, 16, 'write it as "k+m"'.slice(1)],
  ['  classes:\n    - name: A\n      copies: 1.5\n      ack: copies >= 1\n', 7, 15, 'whole number'],
  ['  classes:\n    - name: A\n      copies: 33\n      ack: copies >= 1\n', 7, 15, 'at most 32'],
  ['  classes:\n    - name: A\n      copies: 2\n      ack: copies >= 3\n', 8, 12, 'no 2 backends can ever hold it'],
  ['  classes:\n    - name: A\n      copies: 3\n      ack: copies >= 2 &&\n', 8, 26, 'where a counter is expected'],
  ['  classes:\n    - name: A\n      copies: 3\n      ack: "copies => 2"\n', 8, 20, '"=" has no place'],
  ['  classes:\n    - name: A\n      copies: 3\n      ack: copies == 2\n', 8, 19, 'Write copies >= 2'],
  ['  classes:\n    - name: A\n      copies: 3\n      ack: >\n        copies >> 2\n', 9, 9, 'whole number'],
  [
    '  classes:\n    - name: A\n      erasure: 4+2\n      ack: shards >= 3\n',
    8,
    12,
    'may hold with 3 shards, but 4 are needed',
  ],
  [
    '  classes:\n    - name: A\n      copies: 2\n      ack: copies >= 2\n      spread: { regions: 3 }\n',
    9,
    15,
    '3 regions cannot be met by 2 backends',
  ],
  [
    '  classes:\n    - name: A\n      copies: 2\n      ack: copies >= 2\n      spread: { countries: 2 }\n      within: [country]\n',
    9,
    15,
    'within asks for one country',
  ],
  [
    '  classes:\n    - name: A\n      copies: 2\n      ack: countries >= 2\n      within: [country]\n',
    8,
    12,
    'no 2 backends can ever hold it',
  ],
];

describe('a document that is wrong', () => {
  it.each(MISTAKES.map(([spec, line, column, words]) => ({ spec, line, column, words })))(
    'line $line, column $column: $words',
    ({ spec, line, column, words }) => {
      const fault = faultOf(`${head}spec:\n${spec}`);
      expect(fault.code).toBe('PolicyInvalid');
      expect(fault.message.toLowerCase()).toContain(words.toLowerCase());
      expect(fault.detail).toMatchObject({ line, column });
      expect(fault.message).toContain(`line ${line}, column ${column}`);
    },
  );

  it.each<[string, string, string]>([
    ['empty', '', 'it is empty. Write a map'],
    ['not a map', '- 1\n', 'it is a list'],
    ['another version', head.replace('v1', 'v2'), 'Use sealgate/v1'],
    ['no YAML', 'a: [\n', 'Mend the YAML'],
    ['a tab', 'a:\n\t- b\n', 'Mend the YAML'],
    ['a key twice', `${head}kind: Policy\n`, 'Map keys must be unique'],
    ['several documents', `${head}spec: {}\n---\n${head}`, 'multiple documents'],
    ['an alias', `${head}spec: { classes: &a [StandardClass], defaultClass: *a }\n`, 'aliases are not allowed'],
    ['a tag', `${head}spec: !!js/function 'x'\n`, 'Unresolved tag'],
    ['a number for a name', head.replace('test', '7'), 'metadata.name: it is a number. Write a text.'],
    ['deep brackets', `a: ${'['.repeat(100_000)}`, 'nested too deep'],
    ['deep blocks', Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'nested too deep'],
    ['many values', `a: [${'1,'.repeat(30_000)}]`, 'more than 20000 values'],
    ['too many bytes', `# ${'x'.repeat(POLICY_BYTES_MAX)}`, 'more than 262144 bytes'],
  ])('is refused when it is %s', (_what, document, words) => {
    const fault = faultOf(document);
    expect(fault.code).toBe('PolicyInvalid');
    expect(fault.message).toContain(words);
    expect(fault.detail).toMatchObject({ line: expect.any(Number) as number, column: expect.any(Number) as number });
  });

  it('keeps a country that YAML 1.1 would read as false', () => {
    const policy = compilePolicy(`%YAML 1.1\n---\n${head}spec: { residency: { regionLock: [NO] } }\n`, { version: 1 });
    const norway = testBackend('no', { country: 'NO', jurisdiction: 'EEA' });
    expect(policy.admits(norway, { regionLock: [] }).ok).toBe(true);
  });

  it('is told of all that is wrong at once, in the order of the text', () => {
    const { message } = faultOf(`${head}spec:\n  classes: [3]\n  encryption: { mode: x }\n  foo: 1\n`);
    expect(message.match(/line \d+/g)).toEqual(['line 5', 'line 6', 'line 7']);
  });

  it('gives nothing but PolicyInvalid for any text', SLOW, () => {
    const valid = POLICIES.map((name) => readFileSync(new URL(name, EXAMPLES), 'utf8'));
    const mutated = fc
      .tuple(fc.constantFrom(...valid), fc.nat(), fc.nat(8), fc.string({ maxLength: 6 }))
      .map(([text, at, length, insert]) => {
        const start = at % text.length;
        return text.slice(0, start) + insert + text.slice(start + length);
      });
    const fragments = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      '- ',
      '\n',
      '  ',
      '&a',
      '*a',
      '!!str',
      '<<',
      '|',
      '"',
      'a',
    );
    const text = fc.oneof(
      mutated,
      fc.string({ unit: 'binary' }),
      fc.array(fragments).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (document) => {
        try {
          compilePolicy(document, { version: 1 });
        } catch (error) {
          expect(isFault(error, 'PolicyInvalid')).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the built-in classes', () => {
  it.each([
    ['StandardClass', 3, 1, 2, 'copies >= 2 && regions >= 2'],
    ['RegionalClass', 2, 1, 1, 'copies >= 2'],
    ['ColdArchiveClass', 3, 2, 4, 'shards >= 4 && regions >= 2'],
  ])('%s', (name, storageMultiplier, lossesAtAck, lossesWhenComplete, ack) => {
    const redundancyClass = resolveClass(builtinPolicy, name);
    expect(survivable(redundancyClass)).toEqual({ storageMultiplier, lossesAtAck, lossesWhenComplete });
    expect(redundancyClass.ack.text).toBe(ack);
  });

  it('are cheaper for more parity as one’s own class', () => {
    const archive = resolveClass(example('custom-classes.yaml'), 'Archive');
    expect(survivable(archive)).toEqual({ storageMultiplier: 1.5, lossesAtAck: 1, lossesWhenComplete: 2 });
  });
});

describe('choosing a class', () => {
  it.each([undefined, '', 'STANDARD'])('%s means the default', (requested) => {
    expect(resolveClass(compile('  defaultClass: RegionalClass\n'), requested).name).toBe('RegionalClass');
  });

  it.each(['GLACIER', 'STANDARD_IA', 'standardclass', 'Nope', '__proto__'])('%s is refused', (requested) => {
    expect(() => resolveClass(builtinPolicy, requested)).toThrow(
      expect.objectContaining({
        code: 'InvalidStorageClass',
        message: expect.stringContaining('ColdArchiveClass') as string,
      }),
    );
  });
});

describe('narrowing', () => {
  const none = { regionLock: [] };

  it('admits only what both admit, whatever the policies and backends', SLOW, () => {
    const policies = POLICIES.map(example).concat(builtinPolicy);
    const lock = fc.constantFrom([], ['EU'], ['FI']);
    fc.assert(
      fc.property(
        fc.constantFrom(...policies),
        fc.constantFrom(...policies),
        anyBackends(1, 6),
        lock,
        (a, b, all, regionLock) => {
          let both: ReturnType<typeof narrow>;
          try {
            both = narrow(a, b);
          } catch (error) {
            expect(isFault(error, 'PolicyRefused')).toBe(true);
            return;
          }
          for (const backend of all) {
            const scope = { regionLock };
            const verdict = both.admits(backend, scope);
            expect(verdict.ok).toBe(a.admits(backend, scope).ok && b.admits(backend, scope).ok);
            expect(verdict.rule).not.toBe('');
          }
          if (!a.openClasses) for (const [name, one] of both.classes) expect(one).toBe(a.classes.get(name));
          expect(both.classes.has(both.defaultClass)).toBe(true);
          expect([...both.classes.keys()][0]).toBe(both.defaultClass);
        },
      ),
    );
  });

  it('asks for signed manifests when either does', () => {
    const [asks, silent] = [compile('  encryption: { requireManifest: signed }\n'), compile('  {}\n')];
    expect(asks.envelopes.manifest).toBe('signed');
    expect(silent.envelopes.manifest).toBeNull();
    for (const [outer, inner] of [
      [asks, silent],
      [silent, asks],
      [asks, builtinPolicy],
    ] as const) {
      expect(narrow(outer, inner).envelopes.manifest).toBe('signed');
    }
    expect(narrow(silent, silent).envelopes.manifest).toBeNull();
    expect(() => compile('  encryption: { requireManifest: any }\n')).toThrow(/requireManifest/);
  });

  it('keeps the stricter encryption mode', () => {
    const mode = (text: string) => compile(text === '' ? '  {}\n' : `  encryption: { mode: ${text} }\n`);
    const narrowed = (a: string, b: string) => narrow(mode(a), mode(b)).encryption;
    expect(narrowed('required', 'off')).toBe('required');
    expect(narrowed('off', 'report')).toBe('report');
    expect(narrowed('', 'off')).toBe('off');
    expect(narrowed('report', '')).toBe('report');
    expect(narrowed('', '')).toBeNull();
  });

  it('pushes locks down when either policy asks for it', () => {
    const asking = (text: string) => compile(`  objectLock: { pushDown: ${text} }\n`);
    const narrowed = (a: string, b: string) => narrow(asking(a), asking(b)).pushesLocks;
    expect([narrowed('true', 'false'), narrowed('false', 'true'), narrowed('false', 'false')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([builtinPolicy.pushesLocks, compile('  {}\n').pushesLocks]).toEqual([false, false]);
  });

  it('lets a tenant define classes only where the operator lists none', () => {
    const tenant = example('custom-classes.yaml');
    expect(narrow(builtinPolicy, tenant).defaultClass).toBe('Ledger');
    expect(() => narrow(example('standard-classes.yaml'), tenant)).toThrow(
      expect.objectContaining({ code: 'PolicyRefused', rule: 'policy.classes' }),
    );
    const nordic = narrow(example('eu-sovereign.yaml'), example('tenant-nordic.yaml'));
    expect([...nordic.classes.keys()]).toEqual(['StandardClass']);
    expect(nordic.encryption).toBe('required');
  });

  it('names the rule that decides, of either policy', () => {
    const nordic = narrow(example('eu-sovereign.yaml'), example('tenant-nordic.yaml'));
    const good = testBackend('a', { certificates: ['ISO/IEC 27001:2022'], capabilities: { objectLock: true } });
    const rules = [
      good,
      { ...good, country: 'DE' },
      { ...good, country: 'US', jurisdiction: 'US' },
      { ...good, provider: 'contoso-storage' },
    ].map((backend) => nordic.admits(backend, none).rule);
    expect(rules).toEqual([
      'residency.countries.allow',
      'residency.countries.allow',
      'residency.regionLock',
      'residency.providers.deny',
    ]);
    expect(narrow(example('eu-lock.yaml'), builtinPolicy).admits(good, none)).toEqual({
      ok: true,
      rule: 'residency.regionLock',
    });
  });
});
