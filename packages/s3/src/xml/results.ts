import type { Tag } from '../headers/tags.ts';
import { quoteEtag, type ShownChecksum, writeChecksum, xmlTime } from './shared.ts';
import { createXmlWriter, S3_NAMESPACE, type XmlWriter } from './writer.ts';

const NAMESPACE = `xmlns="${S3_NAMESPACE}"`;

export interface CopyResult {
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly checksum?: ShownChecksum | undefined;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export const copyObjectResult = (result: CopyResult): string => copyResult('CopyObjectResult', result);
/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export const copyPartResult = (result: CopyResult): string => copyResult('CopyPartResult', result);

function copyResult(root: string, result: CopyResult): string {
  const writer = createXmlWriter();
  writer.open(root, NAMESPACE);
  writer.leaf('LastModified', xmlTime(result.modifiedAtMs));
  writer.leaf('ETag', quoteEtag(result.etag));
  writeChecksum(writer, result.checksum);
  writer.close(root);
  return writer.end();
}

export interface DeleteResult {
  readonly deleted: readonly {
    readonly key: string;
    readonly versionId?: string | undefined;
    readonly deleteMarker?: boolean | undefined;
    readonly deleteMarkerVersionId?: string | undefined;
  }[];
  readonly errors: readonly {
    readonly key: string;
    readonly versionId?: string | undefined;
    /** The S3 code. */
    readonly code: string;
    readonly message: string;
  }[];
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export function deleteResult(result: DeleteResult): string {
  const writer = createXmlWriter();
  writer.open('DeleteResult', NAMESPACE);
  for (const deleted of result.deleted) {
    writer.open('Deleted');
    writer.leaf('Key', deleted.key);
    writer.leaf('VersionId', deleted.versionId);
    writer.leaf('DeleteMarker', deleted.deleteMarker);
    writer.leaf('DeleteMarkerVersionId', deleted.deleteMarkerVersionId);
    writer.close('Deleted');
  }
  for (const error of result.errors) {
    writer.open('Error');
    writer.leaf('Key', error.key);
    writer.leaf('VersionId', error.versionId);
    writer.leaf('Code', error.code);
    writer.leaf('Message', error.message);
    writer.close('Error');
  }
  writer.close('DeleteResult');
  return writer.end();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export function locationConstraint(location: string): string {
  const writer = createXmlWriter();
  writer.leafWith('LocationConstraint', NAMESPACE, location);
  return writer.end();
}

/** `status` is undefined for a bucket that never had versions. */
export function versioningConfiguration(status: 'Enabled' | 'Suspended' | undefined): string {
  const writer = createXmlWriter();
  writer.open('VersioningConfiguration', NAMESPACE);
  writer.leaf('Status', status);
  writer.close('VersioningConfiguration');
  return writer.end();
}

export function taggingResult(tags: readonly Tag[]): string {
  const writer = createXmlWriter();
  writer.open('Tagging', NAMESPACE);
  writer.open('TagSet');
  for (const tag of tags) {
    writer.open('Tag');
    writer.leaf('Key', tag.key);
    writer.leaf('Value', tag.value);
    writer.close('Tag');
  }
  writer.close('TagSet');
  writer.close('Tagging');
  return writer.end();
}

export interface AttributedParts {
  readonly partNumberMarker: number;
  readonly nextPartNumberMarker: number;
  readonly maxParts: number;
  readonly truncated: boolean;
  readonly parts: readonly {
    readonly partNumber: number;
    readonly bytes: number;
    readonly checksum?: ShownChecksum | undefined;
  }[];
}

export interface ObjectAttributes {
  readonly etag?: string | undefined;
  readonly checksum?: ShownChecksum | undefined;
  readonly parts?:
    | {
        readonly partsCount: number;
        /** One page of them. */
        readonly page: AttributedParts;
      }
    | undefined;
  readonly storageClass?: string | undefined;
  readonly objectSize?: number | undefined;
}

/** Only the attributes that are given. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
export function getObjectAttributesOutput(attributes: ObjectAttributes): string {
  const writer = createXmlWriter();
  writer.open('GetObjectAttributesOutput', NAMESPACE);
  writer.leaf('ETag', attributes.etag);
  if (attributes.checksum !== undefined) {
    writer.open('Checksum');
    writeChecksum(writer, attributes.checksum);
    writer.close('Checksum');
  }
  if (attributes.parts !== undefined) {
    writer.open('ObjectParts');
    writer.leaf('PartsCount', attributes.parts.partsCount);
    writeAttributedParts(writer, attributes.parts.page);
    writer.close('ObjectParts');
  }
  writer.leaf('StorageClass', attributes.storageClass);
  writer.leaf('ObjectSize', attributes.objectSize);
  writer.close('GetObjectAttributesOutput');
  return writer.end();
}

function writeAttributedParts(writer: XmlWriter, page: AttributedParts): void {
  writer.leaf('PartNumberMarker', page.partNumberMarker);
  writer.leaf('NextPartNumberMarker', page.nextPartNumberMarker);
  writer.leaf('MaxParts', page.maxParts);
  writer.leaf('IsTruncated', page.truncated);
  for (const part of page.parts) {
    writer.open('Part');
    writer.leaf('PartNumber', part.partNumber);
    writer.leaf('Size', part.bytes);
    if (part.checksum !== undefined) writer.leaf(`Checksum${part.checksum.algorithm}`, part.checksum.value);
    writer.close('Part');
  }
}
