import { Fault } from '@sealgate/core/faults';
import type { Retention } from '@sealgate/core/ports';
import { DEFAULT_RETENTION_DAYS_MAX, DEFAULT_RETENTION_YEARS_MAX } from '../limits.ts';
import { childOf, malformedXml, parseXml, requireChildren, textOf, type XmlElement } from './reader.ts';
import { createXmlWriter, S3_NAMESPACE } from './writer.ts';

const NAMESPACE = `xmlns="${S3_NAMESPACE}"`;

/** How long new versions of a bucket are kept when their write says nothing: whole days or whole years. */
export interface DefaultRetention {
  readonly mode: Retention['mode'];
  readonly unit: 'days' | 'years';
  readonly count: number;
}

const CONFIGURATION: ReadonlySet<string> = new Set(['ObjectLockEnabled', 'Rule']);
const RULE: ReadonlySet<string> = new Set(['DefaultRetention']);
const DEFAULT_RETENTION: ReadonlySet<string> = new Set(['Mode', 'Days', 'Years']);
const RETENTION: ReadonlySet<string> = new Set(['Mode', 'RetainUntilDate']);
const LEGAL_HOLD: ReadonlySet<string> = new Set(['Status']);

/**
 * The default retention that a bucket is to have; null: none.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
 * @throws Fault MalformedXML, InvalidRetentionPeriod
 */
export function parseObjectLockConfiguration(body: Uint8Array | string): DefaultRetention | null {
  const root = parseXml(body, 'ObjectLockConfiguration');
  requireOnce(root, CONFIGURATION);
  if (textOf(root, 'ObjectLockEnabled')?.trim() !== 'Enabled') throw malformedXml();
  const rule = childOf(root, 'Rule');
  if (rule === undefined) return null;
  requireOnce(rule, RULE);
  const retention = childOf(rule, 'DefaultRetention');
  if (retention === undefined) throw malformedXml();
  requireOnce(retention, DEFAULT_RETENTION);
  const [days, years] = [textOf(retention, 'Days'), textOf(retention, 'Years')];
  const mode = modeOf(retention);
  if (days !== undefined && years === undefined) return { mode, unit: 'days', count: countOf(days, 'days') };
  if (years !== undefined && days === undefined) return { mode, unit: 'years', count: countOf(years, 'years') };
  throw malformedXml();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export function objectLockConfiguration(retention: DefaultRetention | null): string {
  const writer = createXmlWriter();
  writer.open('ObjectLockConfiguration', NAMESPACE);
  writer.leaf('ObjectLockEnabled', 'Enabled');
  if (retention !== null) {
    writer.open('Rule');
    writer.open('DefaultRetention');
    writer.leaf('Mode', retention.mode);
    writer.leaf(retention.unit === 'days' ? 'Days' : 'Years', retention.count);
    writer.close('DefaultRetention');
    writer.close('Rule');
  }
  writer.close('ObjectLockConfiguration');
  return writer.end();
}

/**
 * The retention that a version is to have; null (an empty element): none any more.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html
 * @throws Fault MalformedXML
 */
export function parseRetention(body: Uint8Array | string): Retention | null {
  const root = parseXml(body, 'Retention');
  requireOnce(root, RETENTION);
  if (root.children.length === 0) return null;
  const untilMs = parseIsoTime(textOf(root, 'RetainUntilDate')?.trim() ?? '');
  if (untilMs === undefined) throw malformedXml();
  return { mode: modeOf(root), untilMs };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html */
export function retentionResult({ mode, untilMs }: Retention): string {
  const writer = createXmlWriter();
  writer.open('Retention', NAMESPACE);
  writer.leaf('Mode', mode);
  writer.leaf('RetainUntilDate', formatRetainUntil(untilMs));
  writer.close('Retention');
  return writer.end();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html @throws Fault MalformedXML */
export function parseLegalHold(body: Uint8Array | string): boolean {
  const root = parseXml(body, 'LegalHold');
  requireOnce(root, LEGAL_HOLD);
  const status = textOf(root, 'Status')?.trim();
  if (status !== 'ON' && status !== 'OFF') throw malformedXml();
  return status === 'ON';
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html */
export function legalHoldResult(on: boolean): string {
  const writer = createXmlWriter();
  writer.open('LegalHold', NAMESPACE);
  writer.leaf('Status', on ? 'ON' : 'OFF');
  writer.close('LegalHold');
  return writer.end();
}

/** With milliseconds: a client that sends back what it got must not shorten a retention. */
export function formatRetainUntil(untilMs: number): string {
  return new Date(untilMs).toISOString();
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** A time of ISO 8601 with its zone, cut to milliseconds; undefined when it is none. */
export function parseIsoTime(text: string): number | undefined {
  if (!ISO_TIME.test(text)) return undefined;
  const time = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(time) ? undefined : time;
}

function modeOf(element: XmlElement): Retention['mode'] {
  const mode = textOf(element, 'Mode')?.trim();
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw malformedXml();
  return mode;
}

function countOf(text: string, unit: DefaultRetention['unit']): number {
  if (!/^-?\d{1,15}$/.test(text.trim())) throw malformedXml();
  const count = Number(text);
  if (count < 1)
    throw new Fault('InvalidRetentionPeriod', 'Default retention period must be a positive integer value.');
  if (count > (unit === 'days' ? DEFAULT_RETENTION_DAYS_MAX : DEFAULT_RETENTION_YEARS_MAX)) {
    throw new Fault('InvalidRetentionPeriod', 'Default retention period is too large.');
  }
  return count;
}

/** Only these children, each at most once. */
function requireOnce(element: XmlElement, names: ReadonlySet<string>): void {
  requireChildren(element, names);
  if (new Set(element.children.map((child) => child.name)).size !== element.children.length) throw malformedXml();
}
