import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFault } from '../faults/index.ts';
import { ACCESS_POLICY_BYTES_MAX } from '../limits.ts';
import { parsePolicyDocument } from './policy-document.ts';

const BUCKET = { kind: 'bucket', bucket: 'photos' } as const;
const IDENTITY = { kind: 'identity' } as const;
const malformed = (message: string | RegExp): object =>
  expect.objectContaining({
    code: 'MalformedPolicy',
    message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
  }) as object;

const statement = {
  Sid: 'one',
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::photos/*',
};
const text = (...statements: readonly unknown[]): string =>
  JSON.stringify({ Version: '2012-10-17', Id: 'x', Statement: statements });
const changed = (change: Readonly<Record<string, unknown>>): string => text({ ...statement, ...change });

describe('what is read', () => {
  test('one statement may stand without a list; lists may be single strings', () => {
    const document = parsePolicyDocument(JSON.stringify({ Statement: statement }), BUCKET);
    expect(document.version).toBe('2008-10-17');
    expect(document.statements).toHaveLength(1);
    expect(document.statements[0]?.actions).toEqual({ negated: false, patterns: ['s3:getobject'] });
  });

  test('principals of every kind', () => {
    const principal = {
      AWS: ['123456789012', 'arn:aws:iam::acme:root', 'arn:aws:iam::acme:user/ann', 'a'.repeat(64), '*'],
      CanonicalUser: 'b'.repeat(64),
      Service: 'logging.s3.amazonaws.com',
      Federated: 'accounts.google.com',
    };
    const { statements } = parsePolicyDocument(changed({ Principal: principal }), BUCKET);
    expect(statements[0]?.principals?.principals).toEqual([
      { kind: 'account', account: '123456789012' },
      { kind: 'account', account: 'acme' },
      { kind: 'name', account: 'acme', name: 'user/ann' },
      { kind: 'canonical', ownerId: 'a'.repeat(64) },
      { kind: 'everyone' },
      { kind: 'canonical', ownerId: 'b'.repeat(64) },
      { kind: 'service', service: 'logging.s3.amazonaws.com' },
      { kind: 'federated' },
    ]);
  });

  test.each([
    'arn:aws:s3:::photos',
    'arn:aws:s3:::photos/a/b?c*',
    'arn:aws:s3:::*',
    'arn:aws:s3:::*/*',
    'arn:aws:s3:::pho*2026/x',
    'arn:aws:s3:::ph?tos/x',
    'arn:aws:s3:::photos/${aws:username}/*',
  ])('a bucket policy may be about %s', (Resource) => {
    expect(parsePolicyDocument(changed({ Resource }), BUCKET).statements).toHaveLength(1);
  });

  test('a policy of an identity has no principal, any resource and actions of other services', () => {
    const { Principal: _, ...own } = { ...statement, Action: ['sts:*', '*'], Resource: '*' };
    expect(parsePolicyDocument(text(own), IDENTITY).statements[0]?.principals).toBeUndefined();
    expect(() => parsePolicyDocument(text(statement), IDENTITY)).toThrow(
      malformed('Policy document should not specify a principal.'),
    );
  });
});

describe('what is refused', () => {
  test.each([
    ['', "Policies must be valid JSON and the first byte must be '{'"],
    ['[]', "Policies must be valid JSON and the first byte must be '{'"],
    ['{', 'This policy contains invalid Json'],
    ['{}', 'Missing required field Statement'],
    ['{"Statement":[]}', 'Could not parse the policy: Statement is empty!'],
    ['{"Statement":[1]}', 'Invalid policy syntax.'],
    ['{"Version":"2020-01-01","Statement":[]}', 'The policy must contain a valid version string'],
    ['{"Version":"2012-10-17","Stat":[]}', 'Unknown field Stat'],
    ['{"Id":1,"Statement":[]}', 'Invalid policy syntax.'],
    [changed({ Sid: 1 }), 'Invalid policy syntax.'],
    [changed({ Effect: undefined }), 'Missing required field Effect'],
    [changed({ Effect: 'allow' }), 'Invalid effect: allow'],
    [changed({ Principal: undefined }), 'Missing required field Principal'],
    [changed({ Action: undefined }), 'Missing required field Action'],
    [changed({ Resource: undefined }), 'Missing required field Resource'],
    [changed({ NotAction: 's3:*' }), 'Invalid policy syntax.'],
    [changed({ Principal: undefined, NotPrincipal: { AWS: 'acme' } }), 'Allow with NotPrincipal is not allowed.'],
    [changed({ Principal: 'acme' }), 'Invalid principal in policy'],
    [changed({ Principal: {} }), 'Invalid principal in policy'],
    [changed({ Principal: { AWS: [] } }), 'Invalid principal in policy'],
    [changed({ Principal: { AWS: 'arn:aws:iam::acme:user/*' } }), 'Invalid principal in policy'],
    [changed({ Principal: { AWS: 'arn:aws:iam::*:root' } }), 'Invalid principal in policy'],
    [changed({ Principal: { AWS: 'arn:aws:s3:::photos' } }), 'Invalid principal in policy'],
    [changed({ Principal: { CanonicalUser: 'x' } }), 'Invalid principal in policy'],
    [changed({ Principal: { Nobody: 'x' } }), 'Invalid principal in policy'],
    [changed({ Action: 's3:GetObjects' }), 'Policy has invalid action'],
    [changed({ Action: 's3:Foo*' }), 'Policy has invalid action'],
    [changed({ Action: 'sts:AssumeRole' }), 'Policy has invalid action'],
    [changed({ Action: [] }), 'Policy has invalid action'],
    [changed({ Resource: 'photos/*' }), 'Policy has invalid resource'],
    [changed({ Resource: 'arn:aws:s3:::other/*' }), 'Policy has invalid resource'],
    [changed({ Resource: 'arn:aws:s3:::photos2' }), 'Policy has invalid resource'],
    [changed({ Resource: ['arn:aws:s3:::photos', 'arn:aws:s3:::x*'] }), 'Policy has invalid resource'],
    [text(statement, statement), 'Statement IDs (SID) in a single policy must be unique.'],
    [changed({ Condition: { Like: {} } }), 'Invalid Condition type : Like'],
    ['{"Statement":[],"Statement":[]}', 'This policy contains a duplicate member: Statement'],
    ['{"Statement":[],"\\u0053tatement":[]}', 'This policy contains a duplicate member: Statement'],
    [changed({ Condition: '#' }).replace('"#"', '['.repeat(20) + ']'.repeat(20)), 'The policy is nested too deeply.'],
  ])('%s', (document, message) => {
    expect(() => parsePolicyDocument(document, BUCKET)).toThrow(malformed(message));
  });

  test('more than 20 KiB', () => {
    const long = (bytes: number): string => {
      const empty = changed({ Sid: '' });
      return empty.replace('"Sid":""', `"Sid":"${'x'.repeat(bytes - empty.length)}"`);
    };
    expect(parsePolicyDocument(long(ACCESS_POLICY_BYTES_MAX), BUCKET).statements).toHaveLength(1);
    expect(() => parsePolicyDocument(long(ACCESS_POLICY_BYTES_MAX + 1), BUCKET)).toThrow(malformed(/maximum allowed/));
    expect(() => parsePolicyDocument(changed({ Sid: 'ä'.repeat(10_300) }), BUCKET)).toThrow(malformed(/maximum/));
  });

  test('a name of a member that is no name of a member', () => {
    const colons = changed({ Sid: 'a":"b', Resource: ['arn:aws:s3:::photos/a:b', 'arn:aws:s3:::photos/a:b'] });
    expect(parsePolicyDocument(colons, BUCKET).statements).toHaveLength(1);
  });
});

test('fuzz: only MalformedPolicy comes out', () => {
  const word = fc.constantFrom(
    'Version',
    'Statement',
    'Effect',
    'Allow',
    'Deny',
    'Principal',
    'NotPrincipal',
    'AWS',
    '*',
    'Action',
    's3:*',
    'Resource',
    'arn:aws:s3:::photos/*',
    'Condition',
    'StringEquals',
    's3:prefix',
    'IpAddress',
    '${aws:username}',
    '__proto__',
    '2012-10-17',
  );
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 6 },
      word,
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(word, tie('node'), { maxKeys: 6 }),
    ),
  })).node;
  const whole = fc.record({
    Version: fc.constant('2012-10-17'),
    Statement: fc.record(
      {
        Effect: fc.constantFrom('Allow', 'Deny'),
        Principal: tree,
        Action: tree,
        Resource: tree,
        Condition: tree,
      },
      { requiredKeys: ['Effect'] },
    ),
  });
  const texts = fc.oneof(
    fc.string(),
    tree.map((value) => JSON.stringify(value)),
    whole.map((value) => JSON.stringify(value)),
    fc.tuple(whole, fc.nat(), fc.string()).map(([value, at, noise]) => {
      const json = JSON.stringify(value);
      return json.slice(0, at % json.length) + noise + json.slice(at % json.length);
    }),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom(BUCKET, IDENTITY), (document, holder) => {
      try {
        parsePolicyDocument(document, holder);
      } catch (error) {
        expect(isFault(error, 'MalformedPolicy')).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
});
