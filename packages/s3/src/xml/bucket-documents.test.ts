import { isFault } from '@sealgate/core/faults';
import { parseBucketName } from '@sealgate/core/names';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accelerateConfiguration,
  emptyConfigurationList,
  parseAccelerateConfiguration,
  parseRequestPayment,
  requestPayment,
} from './bucket-settings.ts';
import { type LoggingConfiguration, loggingStatus, parseLoggingStatus } from './logging.ts';
import { notificationConfiguration, parseNotificationConfiguration } from './notification.ts';
import { parseXml, textOf } from './reader.ts';
import { CAPACITY_DOCUMENT_KEY, capacityDocument, SYSTEM_DOCUMENT_KEY, systemDocument } from './system-documents.ts';
import { parseWebsiteConfiguration, websiteConfiguration } from './website.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

describe('notification configuration', () => {
  const parse = (inner: string) =>
    parseNotificationConfiguration(
      `<NotificationConfiguration ${XMLNS}>${inner}</NotificationConfiguration>`,
      () => 'made',
    );
  const queue = (inner: string) => parse(`<QueueConfiguration>${inner}</QueueConfiguration>`);
  const base = '<Queue>arn:x</Queue><Event>s3:ObjectCreated:*</Event>';

  test('all kinds of destinations, filters, ids', () => {
    const { rules } = parse(`
      <TopicConfiguration><Id>t</Id><Topic>arn:t</Topic><Event>e1</Event><Event>e2</Event></TopicConfiguration>
      <QueueConfiguration><Queue>arn:q</Queue><Event>e</Event><Filter><S3Key>
        <FilterRule><Name>Prefix</Name><Value>a &amp; b/</Value></FilterRule>
        <FilterRule><Name>suffix</Name><Value>.jpg</Value></FilterRule></S3Key></Filter></QueueConfiguration>
      <CloudFunctionConfiguration><Id>f</Id><CloudFunction>arn:f</CloudFunction><Event>e</Event></CloudFunctionConfiguration>`);
    expect(rules).toEqual([
      { id: 't', kind: 'topic', arn: 'arn:t', events: ['e1', 'e2'], prefix: '', suffix: '' },
      { id: 'made', kind: 'queue', arn: 'arn:q', events: ['e'], prefix: 'a & b/', suffix: '.jpg' },
      { id: 'f', kind: 'function', arn: 'arn:f', events: ['e'], prefix: '', suffix: '' },
    ]);
    expect(parseNotificationConfiguration(notificationConfiguration({ rules })).rules).toEqual(rules);
  });

  test('an empty one turns them off', () => {
    expect(parse('').rules).toEqual([]);
    expect(notificationConfiguration({ rules: [] })).toContain(`<NotificationConfiguration ${XMLNS}></Notif`);
  });

  test.each([
    ['<Queue>arn:x</Queue>', 'no event'],
    ['<Event>e</Event>', 'no destination'],
    [`${base}<Topic>arn:y</Topic>`, 'another kind of destination'],
    [`${base}<Filter><Prefix>a</Prefix></Filter>`, 'another kind of filter'],
    [`${base}<Id>${'x'.repeat(256)}</Id>`, 'a long id'],
  ])('%.60j: %s', (inner) => {
    expect(() => queue(inner)).toThrow(code('MalformedXML'));
  });

  test('filters name each end once', () => {
    const rule = (name: string) => `<FilterRule><Name>${name}</Name><Value>v</Value></FilterRule>`;
    const filter = (rules: string) => queue(`${base}<Filter><S3Key>${rules}</S3Key></Filter>`);
    expect(filter(rule('PREFIX')).rules[0]?.prefix).toBe('v');
    expect(() => filter(rule('prefix') + rule('Prefix'))).toThrow(code('InvalidArgument'));
    expect(() => filter(rule('infix'))).toThrow(code('InvalidArgument'));
  });

  test('what is not there is said', () => {
    expect(() => parse('<EventBridgeConfiguration/>')).toThrow(code('NotImplemented'));
  });
});

describe('logging', () => {
  const parse = (inner: string) => parseLoggingStatus(`<BucketLoggingStatus ${XMLNS}>${inner}</BucketLoggingStatus>`);
  const enabled = (inner: string) =>
    parse(`<LoggingEnabled><TargetBucket>logs</TargetBucket>${inner}</LoggingEnabled>`);
  const partitioned = (source: string) =>
    enabled(`<TargetObjectKeyFormat><PartitionedPrefix>${source}</PartitionedPrefix></TargetObjectKeyFormat>`);

  test('off', () => {
    expect(parse('')).toBeUndefined();
    expect(loggingStatus(undefined)).toContain(`<BucketLoggingStatus ${XMLNS}></BucketLoggingStatus>`);
  });

  test('with everything, and back', () => {
    const logging: LoggingConfiguration = {
      targetBucket: parseBucketName('logs'),
      targetPrefix: 'a/<b>',
      grants: [
        { grantee: { type: 'CanonicalUser', id: 'x', displayName: 'X' }, permission: 'FULL_CONTROL' },
        { grantee: { type: 'AmazonCustomerByEmail', email: 'a@b' }, permission: 'READ' },
        { grantee: { type: 'Group', uri: 'http://acs.amazonaws.com/groups/global/AllUsers' }, permission: 'WRITE' },
      ],
      keyFormat: { kind: 'partitioned', dateSource: 'DeliveryTime' },
    };
    expect(parseLoggingStatus(loggingStatus(logging))).toEqual(logging);
    expect(enabled('')).toMatchObject({ targetPrefix: '', grants: [], keyFormat: { kind: 'simple' } });
    expect(partitioned('')?.keyFormat).toEqual({ kind: 'partitioned', dateSource: 'EventTime' });
  });

  test.each([
    '<LoggingEnabled><TargetPrefix>x</TargetPrefix></LoggingEnabled>',
    '<LoggingEnabled><TargetBucket>logs</TargetBucket><LoggingType>Journal</LoggingType></LoggingEnabled>',
    '<LoggingEnabled><TargetBucket>logs</TargetBucket><TargetGrants><Grant><Permission>READ</Permission></Grant></TargetGrants></LoggingEnabled>',
    '<LoggingEnabled><TargetBucket>logs</TargetBucket><TargetGrants><Grant><Grantee><ID>a</ID></Grantee><Permission>X</Permission></Grant></TargetGrants></LoggingEnabled>',
    '<LoggingEnabled><TargetBucket>logs</TargetBucket><TargetObjectKeyFormat/></LoggingEnabled>',
  ])('refused: %.90s', (inner) => {
    expect(() => parse(inner)).toThrow(code('MalformedXML'));
  });

  test('an unknown source of dates is refused', () => {
    expect(() => partitioned('<PartitionDateSource>kaboom</PartitionDateSource>')).toThrow(code('MalformedXML'));
  });
});

describe('website', () => {
  const parse = (inner: string) => parseWebsiteConfiguration(`<WebsiteConfiguration>${inner}</WebsiteConfiguration>`);
  const index = '<IndexDocument><Suffix>i.html</Suffix></IndexDocument>';
  const rules = (inner: string) => parse(`${index}<RoutingRules><RoutingRule>${inner}</RoutingRule></RoutingRules>`);

  test.each([
    '<RedirectAllRequestsTo><HostName>h</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>',
    `${index}<ErrorDocument><Key>e.html</Key></ErrorDocument>`,
    `${index}<RoutingRules><RoutingRule><Condition><KeyPrefixEquals>docs/</KeyPrefixEquals><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition><Redirect><Protocol>http</Protocol><HostName>h</HostName><ReplaceKeyPrefixWith>d/</ReplaceKeyPrefixWith><HttpRedirectCode>301</HttpRedirectCode></Redirect></RoutingRule></RoutingRules>`,
    `${index}<RoutingRules><RoutingRule><Redirect><ReplaceKeyWith>k</ReplaceKeyWith></Redirect></RoutingRule></RoutingRules>`,
  ])('comes back as it was: %.60s', (inner) => {
    expect(websiteConfiguration(parse(inner))).toContain(`>${inner}</WebsiteConfiguration>`);
  });

  test.each([
    ['', 'InvalidArgument'],
    ['<IndexDocument><Suffix>a/b</Suffix></IndexDocument>', 'InvalidArgument'],
    [`${index}<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>`, 'InvalidArgument'],
    [
      '<RedirectAllRequestsTo><HostName>h</HostName><Protocol>ftp</Protocol></RedirectAllRequestsTo>',
      'InvalidArgument',
    ],
    ['<RedirectAllRequestsTo/>', 'MalformedXML'],
    [`${index}<Other/>`, 'MalformedXML'],
    [`${index}<ErrorDocument/>`, 'MalformedXML'],
  ])('%.60j is refused: %s', (inner, expected) => {
    expect(() => parse(inner)).toThrow(code(expected));
  });

  test.each([
    ['<Redirect/>', 'MalformedXML'],
    [
      '<Redirect><ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect>',
      'InvalidArgument',
    ],
    ['<Redirect><HttpRedirectCode>200</HttpRedirectCode></Redirect>', 'InvalidArgument'],
    ['<Condition/><Redirect><HostName>h</HostName></Redirect>', 'MalformedXML'],
    [
      '<Condition><HttpErrorCodeReturnedEquals>200</HttpErrorCodeReturnedEquals></Condition><Redirect><HostName>h</HostName></Redirect>',
      'InvalidArgument',
    ],
  ])('a rule %.60j is refused: %s', (inner, expected) => {
    expect(() => rules(inner)).toThrow(code(expected));
  });
});

describe('settings of one word', () => {
  test('come back', () => {
    expect(parseRequestPayment(requestPayment('Requester'))).toBe('Requester');
    expect(parseAccelerateConfiguration(accelerateConfiguration('Suspended'))).toBe('Suspended');
    expect(accelerateConfiguration(undefined)).toMatch(/<AccelerateConfiguration [^>]*><\/Acc/);
    expect(
      textOf(
        parseXml(emptyConfigurationList('ListMetricsConfigurationsResult'), 'ListMetricsConfigurationsResult'),
        'IsTruncated',
      ),
    ).toBe('false');
  });

  test('and no other', () => {
    expect(() =>
      parseRequestPayment('<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>'),
    ).toThrow(code('MalformedXML'));
    expect(() => parseRequestPayment('<RequestPaymentConfiguration/>')).toThrow(code('MalformedXML'));
    expect(() =>
      parseAccelerateConfiguration('<AccelerateConfiguration><Status>On</Status></AccelerateConfiguration>'),
    ).toThrow(code('MalformedXML'));
  });
});

describe('documents for backup products', () => {
  test('lie where these look', () => {
    expect([SYSTEM_DOCUMENT_KEY, CAPACITY_DOCUMENT_KEY]).toEqual([
      '.system-d26a9498-cb7c-4a87-a44a-8ae204f5ba6c/system.xml',
      '.system-d26a9498-cb7c-4a87-a44a-8ae204f5ba6c/capacity.xml',
    ]);
  });

  test('say what is so', () => {
    const system = parseXml(
      systemDocument({ modelName: 'Sealgate', capacityInfo: true, deleteKeysMax: 1000, blockKib: 4096 }),
      'SystemInfo',
    );
    expect(textOf(system, 'ModelName')).toBe('"Sealgate"');
    expect(textOf(system, 'ProtocolVersion')).toBe('"1.0"');
    const capacity = parseXml(capacityDocument({ capacity: 10, available: -1, used: 3 }), 'CapacityInfo');
    expect(['Capacity', 'Available', 'Used'].map((name) => textOf(capacity, name))).toEqual(['10', '-1', '3']);
  });
});

test('fuzz: only Faults come out of the parsers', () => {
  const words = [
    'QueueConfiguration',
    'Queue',
    'Event',
    'Filter',
    'S3Key',
    'FilterRule',
    'Name',
    'Value',
    'Id',
    'LoggingEnabled',
    'TargetBucket',
    'TargetGrants',
    'Grant',
    'Grantee',
    'ID',
    'URI',
    'Permission',
    'TargetObjectKeyFormat',
    'PartitionedPrefix',
    'IndexDocument',
    'Suffix',
    'RoutingRules',
    'RoutingRule',
    'Condition',
    'Redirect',
    'HttpRedirectCode',
    'RedirectAllRequestsTo',
    'HostName',
    'Payer',
    'Status',
    'EventBridgeConfiguration',
  ];
  const parsers: readonly [string, (body: string) => unknown][] = [
    ['NotificationConfiguration', parseNotificationConfiguration],
    ['BucketLoggingStatus', parseLoggingStatus],
    ['WebsiteConfiguration', parseWebsiteConfiguration],
    ['RequestPaymentConfiguration', parseRequestPayment],
    ['AccelerateConfiguration', parseAccelerateConfiguration],
  ];
  const { tree } = fc.letrec<{ tree: string; element: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('', 'READ', 'logs', 'prefix', '301', 'Requester'),
      fc.array(tie('element'), { maxLength: 3 }).map((all) => all.join('')),
    ),
    element: fc.tuple(fc.constantFrom(...words), tie('tree')).map(([name, inner]) => `<${name}>${inner}</${name}>`),
  }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), fc.constantFrom(...parsers), (pieces, [root, parse]) => {
      try {
        parse(`<${root}>${pieces.join('')}</${root}>`);
      } catch (error) {
        expect(isFault(error, 'MalformedXML', 'InvalidArgument', 'InvalidBucketName', 'NotImplemented')).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
});
