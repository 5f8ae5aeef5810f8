import { Fault } from '@sealgate/core/faults';
import {
  booleanOf,
  childOf,
  childrenOf,
  malformedXml,
  parseXml,
  requireChildren,
  textOf,
  type XmlElement,
} from './reader.ts';
import { createXmlWriter, S3_NAMESPACE } from './writer.ts';

const algorithms = ['AES256', 'aws:kms', 'aws:kms:dsse'] as const;

/** What new objects of a bucket are encrypted with when their request says nothing. */
export interface BucketEncryption {
  readonly algorithm: (typeof algorithms)[number];
  readonly kmsMasterKeyId?: string;
  readonly bucketKeyEnabled?: boolean;
  /** Writes with a key of the client's own are refused. */
  readonly customerKeysBlocked?: boolean;
}

const CONFIGURATION: ReadonlySet<string> = new Set(['Rule']);
const RULE: ReadonlySet<string> = new Set([
  'ApplyServerSideEncryptionByDefault',
  'BlockedEncryptionTypes',
  'BucketKeyEnabled',
]);
const BY_DEFAULT: ReadonlySet<string> = new Set(['SSEAlgorithm', 'KMSMasterKeyID']);
const BLOCKED: ReadonlySet<string> = new Set(['EncryptionType']);

/**
 * Reads the body of PutBucketEncryption: one rule.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
 * @throws Fault MalformedXML, InvalidArgument (a KMS key without its algorithm)
 */
export function parseServerSideEncryptionConfiguration(body: Uint8Array | string): BucketEncryption {
  const root = parseXml(body, 'ServerSideEncryptionConfiguration');
  requireChildren(root, CONFIGURATION);
  const [rule] = root.children;
  if (rule === undefined || root.children.length !== 1) throw malformedXml();
  requireOnce(rule, RULE);
  const bucketKeyEnabled = booleanOf(rule, 'BucketKeyEnabled');
  const blocked = childOf(rule, 'BlockedEncryptionTypes');
  return {
    ...byDefault(childOf(rule, 'ApplyServerSideEncryptionByDefault')),
    ...(bucketKeyEnabled === undefined ? {} : { bucketKeyEnabled }),
    ...(blocked === undefined ? {} : { customerKeysBlocked: blocksCustomerKeys(blocked) }),
  };
}

/** A rule may only block, and leave the default as it is. */
function byDefault(element: XmlElement | undefined): Pick<BucketEncryption, 'algorithm' | 'kmsMasterKeyId'> {
  if (element === undefined) return { algorithm: 'AES256' };
  requireOnce(element, BY_DEFAULT);
  const text = textOf(element, 'SSEAlgorithm')?.trim();
  const algorithm = algorithms.find((known) => known === text);
  if (algorithm === undefined) throw malformedXml();
  const kmsMasterKeyId = textOf(element, 'KMSMasterKeyID')?.trim();
  if (kmsMasterKeyId === undefined) return { algorithm };
  if (algorithm === 'AES256') {
    throw new Fault(
      'InvalidArgument',
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
    );
  }
  return { algorithm, kmsMasterKeyId };
}

function blocksCustomerKeys(element: XmlElement): boolean {
  requireChildren(element, BLOCKED);
  const types = childrenOf(element, 'EncryptionType').map((child) => child.text.trim());
  if (types.length !== 1 || (types[0] !== 'NONE' && types[0] !== 'SSE-C')) throw malformedXml();
  return types[0] === 'SSE-C';
}

function requireOnce(element: XmlElement, names: ReadonlySet<string>): void {
  requireChildren(element, names);
  if (new Set(element.children.map((child) => child.name)).size !== element.children.length) throw malformedXml();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html */
export function serverSideEncryptionConfiguration(encryption: BucketEncryption): string {
  const writer = createXmlWriter();
  writer.open('ServerSideEncryptionConfiguration', `xmlns="${S3_NAMESPACE}"`);
  writer.open('Rule');
  writer.open('ApplyServerSideEncryptionByDefault');
  writer.leaf('SSEAlgorithm', encryption.algorithm);
  writer.leaf('KMSMasterKeyID', encryption.kmsMasterKeyId);
  writer.close('ApplyServerSideEncryptionByDefault');
  writer.leaf('BucketKeyEnabled', encryption.bucketKeyEnabled ?? false);
  if (encryption.customerKeysBlocked !== undefined) {
    writer.open('BlockedEncryptionTypes');
    writer.leaf('EncryptionType', encryption.customerKeysBlocked ? 'SSE-C' : 'NONE');
    writer.close('BlockedEncryptionTypes');
  }
  writer.close('Rule');
  writer.close('ServerSideEncryptionConfiguration');
  return writer.end();
}
