import {
  checkLifecycle,
  type Expiration,
  type LifecycleConfiguration,
  type LifecycleFilter,
  type LifecycleRule,
  type LifecycleTag,
  type LifecycleTime,
  type NoncurrentTransition,
  type NoncurrentWait,
  type Transition,
  type TransitionMinimum,
} from '@sealgate/core/lifecycle';
import { validateTags } from '../headers/tags.ts';
import { OBJECT_TAGS_MAX } from '../limits.ts';
import {
  booleanOf,
  childOf,
  childrenOf,
  integerOf,
  malformedXml,
  parseXml,
  requireChildren,
  textOf,
  type XmlElement,
} from './reader.ts';
import { createXmlWriter, S3_NAMESPACE, type XmlWriter } from './writer.ts';

const ROOT = 'LifecycleConfiguration';
const CONFIGURATION: ReadonlySet<string> = new Set(['Rule']);
/** May come more than once in a rule. */
const LISTS = ['Transition', 'NoncurrentVersionTransition'];
const RULE: ReadonlySet<string> = new Set([
  'ID',
  'Status',
  'Prefix',
  'Filter',
  'Expiration',
  'NoncurrentVersionExpiration',
  'AbortIncompleteMultipartUpload',
  ...LISTS,
]);
const PREDICATES = ['Prefix', 'Tag', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'];
const AND: ReadonlySet<string> = new Set(PREDICATES);
const FILTER: ReadonlySet<string> = new Set([...PREDICATES, 'And']);
const EXPIRATION: ReadonlySet<string> = new Set(['Days', 'Date', 'ExpiredObjectDeleteMarker']);
const TRANSITION: ReadonlySet<string> = new Set(['Days', 'Date', 'StorageClass']);
const WAIT: ReadonlySet<string> = new Set(['NoncurrentDays', 'NewerNoncurrentVersions']);
const NONCURRENT_TRANSITION: ReadonlySet<string> = new Set([...WAIT, 'StorageClass']);
const ABORT: ReadonlySet<string> = new Set(['DaysAfterInitiation']);

/** A day or a time of ISO 8601; without a zone it is UTC. */
const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;
const CLASS_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/**
 * Reads and checks the body of PutBucketLifecycleConfiguration, the legacy form with a prefix beside the actions too.
 *
 * A filter may say several things without `And` around them, which S3 refuses: they hold together then, so that no rule
 * takes more than its author wrote.
 *
 * @param options.newId names a rule that has no id
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
 * @throws Fault MalformedXML, InvalidArgument, InvalidRequest, InvalidTag
 */
export function parseLifecycleConfiguration(
  body: Uint8Array | string,
  options: { readonly transitionMinimum: TransitionMinimum; readonly newId: () => string },
): LifecycleConfiguration {
  const root = parseXml(body, ROOT);
  requireChildren(root, CONFIGURATION);
  const rules = root.children.map((element) => parseRule(element, options.newId));
  const configuration = { rules, transitionMinimum: options.transitionMinimum };
  checkLifecycle(configuration);
  return configuration;
}

function parseRule(element: XmlElement, newId: () => string): LifecycleRule {
  requireChildren(element, RULE);
  requireOnce(element, LISTS);
  const status = textOf(element, 'Status')?.trim();
  if (status !== 'Enabled' && status !== 'Disabled') throw malformedXml();
  const filter = childOf(element, 'Filter');
  const prefix = childOf(element, 'Prefix');
  if ((filter === undefined) === (prefix === undefined)) throw malformedXml();
  const expiration = childOf(element, 'Expiration');
  const wait = childOf(element, 'NoncurrentVersionExpiration');
  const abort = childOf(element, 'AbortIncompleteMultipartUpload');
  if (abort !== undefined) requireChildren(abort, ABORT);
  const id = textOf(element, 'ID') ?? '';
  return {
    id: id === '' ? newId() : id,
    enabled: status === 'Enabled',
    legacyPrefix: filter === undefined,
    filter: filter === undefined ? { ...NOTHING, prefix: prefix?.text ?? '' } : parseFilter(filter),
    expiration: expiration === undefined ? null : parseExpiration(expiration),
    noncurrentExpiration: wait === undefined ? null : parseWait(wait, WAIT),
    transitions: childrenOf(element, 'Transition').map(parseTransition),
    noncurrentTransitions: childrenOf(element, 'NoncurrentVersionTransition').map(parseNoncurrentTransition),
    abortUploadDays: abort === undefined ? null : integerOf(abort, 'DaysAfterInitiation'),
  };
}

const NOTHING: LifecycleFilter = { prefix: null, tags: [], sizeGreaterThan: null, sizeLessThan: null };

function parseFilter(element: XmlElement): LifecycleFilter {
  requireChildren(element, FILTER);
  requireOnce(element, []);
  const and = childOf(element, 'And');
  if (and === undefined) return predicatesOf(element);
  requireChildren(and, AND);
  requireOnce(and, ['Tag']);
  if (and.children.length === 0) throw malformedXml();
  return both(predicatesOf(element), predicatesOf(and));
}

function predicatesOf(element: XmlElement): LifecycleFilter {
  return {
    prefix: textOf(element, 'Prefix') ?? null,
    tags: validateTags(childrenOf(element, 'Tag').map(parseTag), OBJECT_TAGS_MAX),
    sizeGreaterThan: optionalInteger(element, 'ObjectSizeGreaterThan'),
    sizeLessThan: optionalInteger(element, 'ObjectSizeLessThan'),
  };
}

/** What holds when both hold. */
function both(one: LifecycleFilter, other: LifecycleFilter): LifecycleFilter {
  return {
    prefix: longerOf(one.prefix, other.prefix),
    tags: [...one.tags, ...other.tags],
    sizeGreaterThan: either(one.sizeGreaterThan, other.sizeGreaterThan, Math.max),
    sizeLessThan: either(one.sizeLessThan, other.sizeLessThan, Math.min),
  };
}

/** No key begins with two prefixes of which neither begins with the other. */
function longerOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  if (one.startsWith(other)) return one;
  if (other.startsWith(one)) return other;
  throw malformedXml();
}

function either(one: number | null, other: number | null, choose: (a: number, b: number) => number): number | null {
  return one === null || other === null ? (one ?? other) : choose(one, other);
}

function parseTag(element: XmlElement): LifecycleTag {
  const [key, value] = [textOf(element, 'Key'), textOf(element, 'Value')];
  if (key === undefined || value === undefined || element.children.length !== 2) throw malformedXml();
  return { key, value };
}

function parseExpiration(element: XmlElement): Expiration {
  requireChildren(element, EXPIRATION);
  if (element.children.length !== 1) throw malformedXml();
  const remove = booleanOf(element, 'ExpiredObjectDeleteMarker');
  return remove === undefined ? parseTime(element) : { kind: 'marker', remove };
}

function parseTransition(element: XmlElement): Transition {
  requireChildren(element, TRANSITION);
  if (element.children.length !== 2) throw malformedXml();
  return { when: parseTime(element), storageClass: parseClass(element) };
}

function parseNoncurrentTransition(element: XmlElement): NoncurrentTransition {
  return { ...parseWait(element, NONCURRENT_TRANSITION), storageClass: parseClass(element) };
}

function parseWait(element: XmlElement, names: ReadonlySet<string>): NoncurrentWait {
  requireChildren(element, names);
  requireOnce(element, []);
  return {
    days: integerOf(element, 'NoncurrentDays'),
    newerVersions: optionalInteger(element, 'NewerNoncurrentVersions'),
  };
}

function parseTime(element: XmlElement): LifecycleTime {
  const date = textOf(element, 'Date')?.trim();
  if (date === undefined) return { kind: 'days', days: integerOf(element, 'Days') };
  if (!DATE.test(date)) throw malformedXml();
  const zoned = date.includes('T') && !/(Z|[+-]\d\d:\d\d)$/.test(date) ? `${date}Z` : date;
  const atMs = Date.parse(zoned);
  if (Number.isNaN(atMs)) throw malformedXml();
  return { kind: 'date', atMs };
}

function parseClass(element: XmlElement): string {
  const name = textOf(element, 'StorageClass')?.trim() ?? '';
  if (!CLASS_NAME.test(name)) throw malformedXml();
  return name;
}

function optionalInteger(element: XmlElement, name: string): number | null {
  return childOf(element, name) === undefined ? null : integerOf(element, name);
}

/** Of a second element of one name nobody could say which counts. */
function requireOnce(element: XmlElement, lists: readonly string[]): void {
  const names = element.children.map((child) => child.name).filter((name) => !lists.includes(name));
  if (new Set(names).size < names.length) throw malformedXml();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html */
export function lifecycleConfiguration(configuration: LifecycleConfiguration): string {
  const writer = createXmlWriter();
  writer.open(ROOT, `xmlns="${S3_NAMESPACE}"`);
  for (const rule of configuration.rules) writeRule(writer, rule);
  writer.close(ROOT);
  return writer.end();
}

function writeRule(writer: XmlWriter, rule: LifecycleRule): void {
  writer.open('Rule');
  writer.leaf('ID', rule.id);
  if (rule.legacyPrefix) writer.leaf('Prefix', rule.filter.prefix ?? '');
  else writeFilter(writer, rule.filter);
  writer.leaf('Status', rule.enabled ? 'Enabled' : 'Disabled');
  for (const { when, storageClass } of rule.transitions) {
    writer.open('Transition');
    writeTime(writer, when);
    writer.leaf('StorageClass', storageClass);
    writer.close('Transition');
  }
  if (rule.expiration !== null) {
    writer.open('Expiration');
    if (rule.expiration.kind === 'marker') writer.leaf('ExpiredObjectDeleteMarker', rule.expiration.remove);
    else writeTime(writer, rule.expiration);
    writer.close('Expiration');
  }
  for (const { storageClass, ...wait } of rule.noncurrentTransitions) {
    writeWait(writer, 'NoncurrentVersionTransition', wait, storageClass);
  }
  if (rule.noncurrentExpiration !== null) writeWait(writer, 'NoncurrentVersionExpiration', rule.noncurrentExpiration);
  if (rule.abortUploadDays !== null) {
    writer.open('AbortIncompleteMultipartUpload');
    writer.leaf('DaysAfterInitiation', rule.abortUploadDays);
    writer.close('AbortIncompleteMultipartUpload');
  }
  writer.close('Rule');
}

function writeFilter(writer: XmlWriter, filter: LifecycleFilter): void {
  const { prefix, tags, sizeGreaterThan, sizeLessThan } = filter;
  const several = [prefix, sizeGreaterThan, sizeLessThan].filter((each) => each !== null).length + tags.length > 1;
  writer.open('Filter');
  if (several) writer.open('And');
  writer.leaf('Prefix', prefix ?? undefined);
  for (const { key, value } of tags) {
    writer.open('Tag');
    writer.leaf('Key', key);
    writer.leaf('Value', value);
    writer.close('Tag');
  }
  writer.leaf('ObjectSizeGreaterThan', sizeGreaterThan ?? undefined);
  writer.leaf('ObjectSizeLessThan', sizeLessThan ?? undefined);
  if (several) writer.close('And');
  writer.close('Filter');
}

function writeTime(writer: XmlWriter, when: LifecycleTime): void {
  if (when.kind === 'days') writer.leaf('Days', when.days);
  else writer.leaf('Date', new Date(when.atMs).toISOString());
}

function writeWait(writer: XmlWriter, name: string, wait: NoncurrentWait, storageClass?: string): void {
  writer.open(name);
  writer.leaf('NewerNoncurrentVersions', wait.newerVersions ?? undefined);
  writer.leaf('NoncurrentDays', wait.days);
  writer.leaf('StorageClass', storageClass);
  writer.close(name);
}
