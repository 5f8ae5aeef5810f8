import type { BucketName } from '@sealgate/core/names';
import { parseBucketName } from '@sealgate/core/names';
import { childOf, childrenOf, malformedXml, parseXml, requireChildren, textOf, type XmlElement } from './reader.ts';
import { createXmlWriter, S3_NAMESPACE, type XmlWriter } from './writer.ts';

export type LogPermission = 'FULL_CONTROL' | 'READ' | 'WRITE';
export type LogGrantee =
  | { readonly type: 'CanonicalUser'; readonly id: string; readonly displayName?: string }
  | { readonly type: 'AmazonCustomerByEmail'; readonly email: string }
  | { readonly type: 'Group'; readonly uri: string };

/** How the keys of log objects are made. */
export type LogKeyFormat =
  | { readonly kind: 'simple' }
  | { readonly kind: 'partitioned'; readonly dateSource: 'EventTime' | 'DeliveryTime' };

/** Where the access log of a bucket goes. Kept as JSON in its `logging` document. */
export interface LoggingConfiguration {
  readonly targetBucket: BucketName;
  readonly targetPrefix: string;
  readonly grants: readonly { readonly grantee: LogGrantee; readonly permission: LogPermission }[];
  readonly keyFormat: LogKeyFormat;
}

const PERMISSIONS: readonly string[] = ['FULL_CONTROL', 'READ', 'WRITE'] satisfies LogPermission[];
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const PREFIX_CHARACTERS_MAX = 800;
/** AWS: grants of one access control list. */
const GRANTS_MAX = 100;

/**
 * Reads the body of PutBucketLogging; undefined turns logging off.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html
 * @throws Fault MalformedXML, InvalidBucketName
 */
export function parseLoggingStatus(body: Uint8Array | string): LoggingConfiguration | undefined {
  const root = parseXml(body, 'BucketLoggingStatus');
  requireChildren(root, new Set(['LoggingEnabled']));
  const enabled = childOf(root, 'LoggingEnabled');
  if (enabled === undefined) return undefined;
  requireChildren(enabled, new Set(['TargetBucket', 'TargetPrefix', 'TargetGrants', 'TargetObjectKeyFormat']));
  const target = textOf(enabled, 'TargetBucket')?.trim();
  const targetPrefix = textOf(enabled, 'TargetPrefix') ?? '';
  if (target === undefined || targetPrefix.length > PREFIX_CHARACTERS_MAX) throw malformedXml();
  const grants = childOf(enabled, 'TargetGrants')?.children ?? [];
  if (grants.length > GRANTS_MAX) throw malformedXml();
  return {
    targetBucket: parseBucketName(target),
    targetPrefix,
    grants: grants.map(grantOf),
    keyFormat: keyFormatOf(childOf(enabled, 'TargetObjectKeyFormat')),
  };
}

function grantOf(element: XmlElement): LoggingConfiguration['grants'][number] {
  const grantee = childOf(element, 'Grantee');
  const permission = textOf(element, 'Permission')?.trim() ?? '';
  if (element.name !== 'Grant' || grantee === undefined || !PERMISSIONS.includes(permission)) throw malformedXml();
  return { grantee: granteeOf(grantee), permission: permission as LogPermission };
}

/** The type attribute says nothing that the members do not say. */
function granteeOf(element: XmlElement): LogGrantee {
  const text = (name: string): string | undefined => textOf(element, name)?.trim();
  const [id, email, uri, displayName] = [text('ID'), text('EmailAddress'), text('URI'), text('DisplayName')];
  if ([id, email, uri].filter((value) => value !== undefined && value !== '').length !== 1) throw malformedXml();
  if (uri !== undefined && uri !== '') return { type: 'Group', uri };
  if (email !== undefined && email !== '') return { type: 'AmazonCustomerByEmail', email };
  return { type: 'CanonicalUser', id: id ?? '', ...(displayName === undefined ? {} : { displayName }) };
}

function keyFormatOf(element: XmlElement | undefined): LogKeyFormat {
  if (element === undefined) return { kind: 'simple' };
  requireChildren(element, new Set(['SimplePrefix', 'PartitionedPrefix']));
  if (element.children.length !== 1) throw malformedXml();
  const partitioned = childrenOf(element, 'PartitionedPrefix')[0];
  if (partitioned === undefined) return { kind: 'simple' };
  const dateSource = textOf(partitioned, 'PartitionDateSource')?.trim() ?? 'EventTime';
  if (dateSource !== 'EventTime' && dateSource !== 'DeliveryTime') throw malformedXml();
  return { kind: 'partitioned', dateSource };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html */
export function loggingStatus(logging: LoggingConfiguration | undefined): string {
  const writer = createXmlWriter();
  writer.open('BucketLoggingStatus', `xmlns="${S3_NAMESPACE}"`);
  if (logging !== undefined) {
    writer.open('LoggingEnabled');
    writer.leaf('TargetBucket', logging.targetBucket);
    if (logging.grants.length > 0) {
      writer.open('TargetGrants');
      for (const { grantee, permission } of logging.grants) {
        writer.open('Grant');
        writeGrantee(writer, grantee);
        writer.leaf('Permission', permission);
        writer.close('Grant');
      }
      writer.close('TargetGrants');
    }
    writer.leaf('TargetPrefix', logging.targetPrefix);
    writeKeyFormat(writer, logging.keyFormat);
    writer.close('LoggingEnabled');
  }
  writer.close('BucketLoggingStatus');
  return writer.end();
}

function writeGrantee(writer: XmlWriter, grantee: LogGrantee): void {
  writer.open('Grantee', `xmlns:xsi="${XSI}" xsi:type="${grantee.type}"`);
  if (grantee.type === 'CanonicalUser') {
    writer.leaf('ID', grantee.id);
    writer.leaf('DisplayName', grantee.displayName);
  } else if (grantee.type === 'Group') writer.leaf('URI', grantee.uri);
  else writer.leaf('EmailAddress', grantee.email);
  writer.close('Grantee');
}

function writeKeyFormat(writer: XmlWriter, format: LogKeyFormat): void {
  writer.open('TargetObjectKeyFormat');
  if (format.kind === 'simple') writer.leaf('SimplePrefix', '');
  else {
    writer.open('PartitionedPrefix');
    writer.leaf('PartitionDateSource', format.dateSource);
    writer.close('PartitionedPrefix');
  }
  writer.close('TargetObjectKeyFormat');
}
