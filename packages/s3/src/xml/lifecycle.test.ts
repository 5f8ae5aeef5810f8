import { isFault } from '@sealgate/core/faults';
import type { LifecycleConfiguration } from '@sealgate/core/lifecycle';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { lifecycleConfiguration, parseLifecycleConfiguration } from './lifecycle.ts';

const parse = (body: string): LifecycleConfiguration =>
  parseLifecycleConfiguration(body, { transitionMinimum: 'varies_by_storage_class', newId: () => 'made' });
const ofRules = (...rules: readonly string[]): string =>
  `<LifecycleConfiguration>${rules.map((rule) => `<Rule>${rule}</Rule>`).join('')}</LifecycleConfiguration>`;
const parseRule = (rule: string) => parse(ofRules(rule)).rules[0];

function refusal(rule: string): string {
  try {
    parse(ofRules(rule));
    return 'none';
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.code;
  }
}

const ON = '<Status>Enabled</Status>';
const ALL = `${ON}<Filter/>`;
const GOES = '<Expiration><Days>1</Days></Expiration>';

describe('a lifecycle configuration', () => {
  it('is read with all that a rule can say', () => {
    const body = ofRules(
      `<ID>a</ID>${ON}<Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>
         <ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>
       <Transition><Days>0</Days><StorageClass>Warm</StorageClass></Transition>
       <Transition><Days>5</Days><StorageClass>Cold</StorageClass></Transition>
       <Expiration><Days>9</Days></Expiration>
       <NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><StorageClass>Cold</StorageClass>
         <NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionTransition>
       <NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration>`,
      `<Prefix>old/</Prefix><Status>Disabled</Status><Expiration><Date>2026-01-02T00:00:00.000Z</Date></Expiration>
       <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
    );
    expect(parse(body).rules).toEqual([
      {
        id: 'a',
        enabled: true,
        legacyPrefix: false,
        filter: { prefix: 'p/', tags: [{ key: 'k', value: 'v' }], sizeGreaterThan: 1, sizeLessThan: 9 },
        expiration: { kind: 'days', days: 9 },
        noncurrentExpiration: { days: 3, newerVersions: null },
        transitions: [
          { when: { kind: 'days', days: 0 }, storageClass: 'Warm' },
          { when: { kind: 'days', days: 5 }, storageClass: 'Cold' },
        ],
        noncurrentTransitions: [{ days: 1, newerVersions: 2, storageClass: 'Cold' }],
        abortUploadDays: null,
      },
      {
        id: 'made',
        enabled: false,
        legacyPrefix: true,
        filter: { prefix: 'old/', tags: [], sizeGreaterThan: null, sizeLessThan: null },
        expiration: { kind: 'date', atMs: Date.UTC(2026, 0, 2) },
        noncurrentExpiration: null,
        transitions: [],
        noncurrentTransitions: [],
        abortUploadDays: 7,
      },
    ]);
    expect(parse(lifecycleConfiguration(parse(body)))).toEqual(parse(body));
  });

  it.each([
    ['2026-01-02', 'none'],
    ['2026-01-02T00:00:00', 'none'],
    ['2026-01-02T02:00:00+02:00', 'none'],
    ['2026-01-02T00:00:01Z', 'InvalidArgument'],
    ['20260102', 'MalformedXML'],
    ['2026-13-02', 'MalformedXML'],
    ['tomorrow', 'MalformedXML'],
  ])('with the date %s is answered %s', (date, answer) => {
    expect(refusal(`${ALL}<Expiration><Date>${date}</Date></Expiration>`)).toBe(answer);
  });

  it.each([
    [`<Status>enabled</Status><Filter/>${GOES}`],
    [`<Filter/>${GOES}`],
    [`${ON}${GOES}`],
    [`${ON}<Prefix/><Filter/>${GOES}`],
    [`${ALL}${GOES}${GOES}`],
    [`${ALL}${GOES}<More/>`],
    [`${ALL}<Expiration/>`],
    [`${ALL}<Expiration><Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>`],
    [`${ALL}<Expiration><Days>one</Days></Expiration>`],
    [`${ALL}<Transition><Days>1</Days></Transition>`],
    [`${ALL}<Transition><Days>1</Days><StorageClass>no class</StorageClass></Transition>`],
    [
      `${ALL}<NoncurrentVersionExpiration><NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>`,
    ],
    [`${ON}<Filter><And/></Filter>${GOES}`],
    [`${ON}<Filter><Prefix>a</Prefix><Prefix>b</Prefix></Filter>${GOES}`],
    [`${ON}<Filter><Prefix>a</Prefix><And><Prefix>b</Prefix></And></Filter>${GOES}`],
    [`${ON}<Filter><Tag><Key>k</Key></Tag></Filter>${GOES}`],
  ])('that keeps no schema is refused: %s', (rule) => {
    expect(refusal(rule)).toBe('MalformedXML');
  });

  it('is checked for what its numbers mean, too', () => {
    expect(refusal(`${ALL}<Expiration><Days>0</Days></Expiration>`)).toBe('InvalidArgument');
    expect(refusal(ALL)).toBe('InvalidRequest');
  });

  it('takes several conditions without And for all of them together', () => {
    const filter = parseRule(
      `${ON}<Filter><Prefix>days1/</Prefix><Tag><Key>a</Key><Value>1</Value></Tag><ObjectSizeLessThan>9</ObjectSizeLessThan>
       <And><Prefix>days1</Prefix><Tag><Key>b</Key><Value>2</Value></Tag><ObjectSizeLessThan>8</ObjectSizeLessThan></And></Filter>${GOES}`,
    )?.filter;
    expect(filter).toEqual({
      prefix: 'days1/',
      tags: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
      sizeGreaterThan: null,
      sizeLessThan: 8,
    });
  });

  it('is shown in the form that it was sent in', () => {
    const shown = (rule: string): string => lifecycleConfiguration(parse(ofRules(rule)));
    expect(shown(`<ID>a</ID><Prefix>p</Prefix>${ON}${GOES}`)).toContain('<ID>a</ID><Prefix>p</Prefix><Status>');
    expect(shown(`${ALL}${GOES}`)).toContain('<Filter></Filter>');
    expect(shown(`${ON}<Filter><Prefix/></Filter>${GOES}`)).toContain('<Filter><Prefix/></Filter>');
    expect(shown(`${ON}<Filter><Prefix>p</Prefix></Filter>${GOES}`)).toContain('<Filter><Prefix>p</Prefix></Filter>');
  });
});

test('fuzz: only a Fault comes out, and what is read is shown so that it reads the same', () => {
  const names = [
    'Rule',
    'ID',
    'Status',
    'Prefix',
    'Filter',
    'And',
    'Tag',
    'Key',
    'Value',
    'Expiration',
    'Days',
    'Date',
  ];
  const more = ['Transition', 'StorageClass', 'NoncurrentVersionExpiration', 'NoncurrentDays', 'ObjectSizeLessThan'];
  const tree = fc.letrec<{ node: string }>((tie) => ({
    node: fc
      .tuple(
        fc.constantFrom(...names, ...more),
        fc.oneof(
          { maxDepth: 3 },
          fc.constantFrom('', '1', '-1', 'Enabled', 'true', '2026-01-01', 'Cold', '999999999999999'),
          fc.array(tie('node'), { maxLength: 4 }).map((nodes) => nodes.join('')),
        ),
      )
      .map(([name, inner]) => `<${name}>${inner}</${name}>`),
  })).node;
  const rule = fc
    .array(fc.oneof(tree, fc.constantFrom(ON, '<Filter/>', GOES, '<Prefix>p</Prefix>')), { maxLength: 5 })
    .map((nodes) => ofRules(nodes.join('')));
  fc.assert(
    fc.property(fc.oneof(rule, fc.string()), (body) => {
      let read: LifecycleConfiguration;
      try {
        read = parse(body);
      } catch (error) {
        expect(isFault(error)).toBe(true);
        return;
      }
      expect(parse(lifecycleConfiguration(read))).toEqual(read);
    }),
    { numRuns: 2000 },
  );
});
