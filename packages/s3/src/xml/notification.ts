import { randomUUID } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { DestinationKind, NotificationConfiguration, NotificationRule } from '@sealgate/core/notifications';
import { childOf, childrenOf, malformedXml, parseXml, requireChildren, textOf, type XmlElement } from './reader.ts';
import { createXmlWriter, S3_NAMESPACE } from './writer.ts';

/** The element of each kind of destination, and the one in it that names it. */
const ELEMENTS: ReadonlyMap<string, { readonly kind: DestinationKind; readonly names: readonly string[] }> = new Map([
  ['TopicConfiguration', { kind: 'topic', names: ['Topic'] }],
  ['QueueConfiguration', { kind: 'queue', names: ['Queue'] }],
  // Old clients send the second name; the answer has the first.
  ['CloudFunctionConfiguration', { kind: 'function', names: ['CloudFunction', 'LambdaFunctionArn'] }],
]);

const RULE_ID_CHARACTERS_MAX = 255;
const ARN_CHARACTERS_MAX = 512;

/**
 * Reads the body of PutBucketNotificationConfiguration. A rule without an id gets one, as at AWS. Says nothing yet about
 * whether events and destinations exist.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
 * @throws Fault MalformedXML, InvalidArgument (filter), NotImplemented (EventBridge)
 */
export function parseNotificationConfiguration(
  body: Uint8Array | string,
  newId: () => string = randomUUID,
): NotificationConfiguration {
  const root = parseXml(body, 'NotificationConfiguration');
  if (childOf(root, 'EventBridgeConfiguration') !== undefined) {
    throw new Fault('NotImplemented', 'There is no EventBridge here. Name a webhook as a queue, topic or function.');
  }
  requireChildren(root, new Set(ELEMENTS.keys()));
  return { rules: root.children.map((element) => ruleOf(element, newId)) };
}

function ruleOf(element: XmlElement, newId: () => string): NotificationRule {
  const form = ELEMENTS.get(element.name);
  if (form === undefined) throw malformedXml();
  requireChildren(element, new Set(['Id', 'Event', 'Filter', ...form.names]));
  const arn = form.names.map((name) => textOf(element, name)?.trim()).find((text) => text !== undefined);
  const events = childrenOf(element, 'Event').map(({ text }) => text.trim());
  const id = textOf(element, 'Id')?.trim() ?? '';
  if (arn === undefined || arn.length > ARN_CHARACTERS_MAX || events.length === 0) throw malformedXml();
  if (id.length > RULE_ID_CHARACTERS_MAX) throw malformedXml();
  return { id: id === '' ? newId() : id, kind: form.kind, arn, events, ...keyFilter(childOf(element, 'Filter')) };
}

function keyFilter(filter: XmlElement | undefined): Pick<NotificationRule, 'prefix' | 'suffix'> {
  const found: { prefix?: string; suffix?: string } = {};
  if (filter !== undefined) {
    requireChildren(filter, new Set(['S3Key']));
    for (const rule of filter.children.flatMap((key) => key.children)) {
      requireChildren(rule, new Set(['Name', 'Value']));
      const name = textOf(rule, 'Name')?.trim().toLowerCase();
      if (name !== 'prefix' && name !== 'suffix') {
        throw invalidFilter('filter rule name must be either prefix or suffix', name ?? '');
      }
      if (found[name] !== undefined)
        throw invalidFilter(`Cannot specify more than one ${name} rule in a filter.`, name);
      found[name] = textOf(rule, 'Value') ?? '';
    }
  }
  return { prefix: found.prefix ?? '', suffix: found.suffix ?? '' };
}

function invalidFilter(message: string, value: string): Fault {
  return new Fault('InvalidArgument', message, {
    detail: { ArgumentName: 'FilterRule', ArgumentValue: value.slice(0, 64) },
  });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html */
export function notificationConfiguration(configuration: NotificationConfiguration): string {
  const writer = createXmlWriter();
  writer.open('NotificationConfiguration', `xmlns="${S3_NAMESPACE}"`);
  for (const [name, { kind, names }] of ELEMENTS) {
    for (const rule of configuration.rules.filter((other) => other.kind === kind)) {
      writer.open(name);
      writer.leaf('Id', rule.id);
      writer.leaf(names[0] ?? '', rule.arn);
      for (const event of rule.events) writer.leaf('Event', event);
      if (rule.prefix !== '' || rule.suffix !== '') {
        writer.open('Filter');
        writer.open('S3Key');
        for (const [end, value] of [['Prefix', rule.prefix] as const, ['Suffix', rule.suffix] as const]) {
          if (value === '') continue;
          writer.open('FilterRule');
          writer.leaf('Name', end);
          writer.leaf('Value', value);
          writer.close('FilterRule');
        }
        writer.close('S3Key');
        writer.close('Filter');
      }
      writer.close(name);
    }
  }
  writer.close('NotificationConfiguration');
  return writer.end();
}
