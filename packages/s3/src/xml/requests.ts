import { Fault } from '@sealgate/core/faults';
import { DELETE_KEYS_MAX, PARTS_MAX } from '@sealgate/core/limits';
import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import { type Tag, validateTags } from '../headers/tags.ts';
import { BUCKET_TAGS_MAX, OBJECT_TAGS_MAX } from '../limits.ts';
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
import { checksumElements, unquoteEtag } from './shared.ts';

export interface CreateBucketConfiguration {
  /** As sent: a region, or a residency list such as `FI,DE`. Undefined when the client named none. */
  readonly locationConstraint?: string;
  readonly tags: readonly Tag[];
}

const CREATE_BUCKET: ReadonlySet<string> = new Set(['LocationConstraint', 'Location', 'Bucket', 'Tags']);

/** Reads the body of CreateBucket; an empty one is fine. @throws Fault MalformedXML, InvalidTag */
export function parseCreateBucketConfiguration(body: Uint8Array | string): CreateBucketConfiguration {
  if (body.length === 0) return { tags: [] };
  const root = parseXml(body, 'CreateBucketConfiguration');
  requireChildren(root, CREATE_BUCKET);
  const location = textOf(root, 'LocationConstraint')?.trim();
  const tags = childOf(root, 'Tags');
  return {
    ...(location === undefined || location === '' ? {} : { locationConstraint: location }),
    tags: tags === undefined ? [] : tagList(tags, BUCKET_TAGS_MAX),
  };
}

export interface DeleteRequestObject {
  /** As sent: a key that cannot be one gets its own error in the result. */
  readonly key: string;
  readonly versionId?: string;
  /** Conditions of a conditional delete: the ETag without quotes, or `*`. */
  readonly etag?: string;
  readonly lastModifiedTime?: string;
  readonly size?: number;
}

export interface DeleteRequest {
  readonly objects: readonly DeleteRequestObject[];
  readonly quiet: boolean;
}

const DELETE: ReadonlySet<string> = new Set(['Object', 'Quiet']);
const DELETE_OBJECT: ReadonlySet<string> = new Set(['Key', 'VersionId', 'ETag', 'LastModifiedTime', 'Size']);

/** Reads the body of DeleteObjects. @throws Fault MalformedXML for none or more than 1000 objects, too. */
export function parseDelete(body: Uint8Array | string): DeleteRequest {
  const root = parseXml(body, 'Delete');
  requireChildren(root, DELETE);
  const objects = childrenOf(root, 'Object').map(deleteObject);
  if (objects.length === 0 || objects.length > DELETE_KEYS_MAX) throw malformedXml();
  return { objects, quiet: booleanOf(root, 'Quiet') ?? false };
}

function deleteObject(element: XmlElement): DeleteRequestObject {
  requireChildren(element, DELETE_OBJECT);
  const key = textOf(element, 'Key');
  if (key === undefined) throw malformedXml();
  const versionId = textOf(element, 'VersionId');
  const etag = textOf(element, 'ETag');
  const lastModifiedTime = textOf(element, 'LastModifiedTime');
  return {
    key,
    ...(versionId === undefined || versionId === '' ? {} : { versionId }),
    ...(etag === undefined ? {} : { etag: unquoteEtag(etag) }),
    ...(lastModifiedTime === undefined ? {} : { lastModifiedTime }),
    ...(childOf(element, 'Size') === undefined ? {} : { size: integerOf(element, 'Size') }),
  };
}

export interface CompletedPart {
  readonly partNumber: number;
  /** Without quotes. */
  readonly etag: string;
  /** Base64 by algorithm, as far as the client sent them. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
}

const COMPLETE: ReadonlySet<string> = new Set(['Part']);

/**
 * Reads the body of CompleteMultipartUpload: parts in ascending order, each number once.
 * @throws Fault MalformedXML, InvalidArgument (part number), InvalidPartOrder
 */
export function parseCompleteMultipartUpload(body: Uint8Array | string): readonly CompletedPart[] {
  const root = parseXml(body, 'CompleteMultipartUpload');
  requireChildren(root, COMPLETE);
  const parts = root.children.map(completedPart);
  if (parts.length === 0 || parts.length > PARTS_MAX) throw malformedXml();
  for (const [index, part] of parts.entries()) {
    const before = parts[index - 1];
    if (before !== undefined && before.partNumber >= part.partNumber) {
      throw new Fault(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      );
    }
  }
  return parts;
}

function completedPart(element: XmlElement): CompletedPart {
  const etag = textOf(element, 'ETag')?.trim();
  if (etag === undefined || etag === '') throw malformedXml();
  const partNumber = integerOf(element, 'PartNumber');
  if (partNumber < 1 || partNumber > PARTS_MAX) {
    throw new Fault('InvalidArgument', 'PartNumber must be an integer between 1 and 10000, inclusive', {
      detail: { ArgumentName: 'PartNumber', ArgumentValue: partNumber },
    });
  }
  const checksums: Partial<Record<ChecksumAlgorithm, string>> = {};
  for (const [algorithm, name] of checksumElements) {
    const value = textOf(element, name)?.trim();
    if (value !== undefined && value !== '') checksums[algorithm] = value;
  }
  return { partNumber, etag: unquoteEtag(etag), checksums };
}

export interface VersioningConfiguration {
  readonly status: 'Enabled' | 'Suspended';
  readonly mfaDelete: boolean;
}

const VERSIONING: ReadonlySet<string> = new Set(['Status', 'MfaDelete']);

/** @throws Fault MalformedXML, IllegalVersioningConfigurationException */
export function parseVersioningConfiguration(body: Uint8Array | string): VersioningConfiguration {
  const root = parseXml(body, 'VersioningConfiguration');
  requireChildren(root, VERSIONING);
  const status = textOf(root, 'Status')?.trim();
  if (status === undefined) {
    throw new Fault('IllegalVersioningConfigurationException', 'The Versioning element must be specified');
  }
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
  return { status, mfaDelete: textOf(root, 'MfaDelete')?.trim() === 'Enabled' };
}

/** Reads the body of PutObjectTagging or PutBucketTagging. @throws Fault MalformedXML, InvalidTag */
export function parseTagging(body: Uint8Array | string, of: 'object' | 'bucket'): readonly Tag[] {
  const root = parseXml(body, 'Tagging');
  const set = childOf(root, 'TagSet');
  if (set === undefined || root.children.length !== 1) throw malformedXml();
  return tagList(set, of === 'object' ? OBJECT_TAGS_MAX : BUCKET_TAGS_MAX);
}

function tagList(element: XmlElement, tagsMax: number): readonly Tag[] {
  const tags = element.children.map((child) => {
    const [key, value] = [textOf(child, 'Key'), textOf(child, 'Value')];
    if (child.name !== 'Tag' || key === undefined || value === undefined) throw malformedXml();
    return { key, value };
  });
  return validateTags(tags, tagsMax);
}
