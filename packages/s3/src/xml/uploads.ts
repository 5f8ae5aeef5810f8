import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import {
  type EncodingType,
  encodeName,
  quoteEtag,
  type ShownChecksum,
  writeChecksum,
  writeCommonPrefixes,
  writeOwner,
  type XmlOwner,
  xmlTime,
} from './shared.ts';
import { createXmlWriter, S3_NAMESPACE } from './writer.ts';

const NAMESPACE = `xmlns="${S3_NAMESPACE}"`;

export interface InitiateMultipartUploadResult {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export function initiateMultipartUploadResult(result: InitiateMultipartUploadResult): string {
  const writer = createXmlWriter();
  writer.open('InitiateMultipartUploadResult', NAMESPACE);
  writer.leaf('Bucket', result.bucket);
  writer.leaf('Key', result.key);
  writer.leaf('UploadId', result.uploadId);
  writer.close('InitiateMultipartUploadResult');
  return writer.end();
}

export interface CompleteMultipartUploadResult {
  readonly location: string;
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly checksum?: ShownChecksum | undefined;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export function completeMultipartUploadResult(result: CompleteMultipartUploadResult): string {
  const writer = createXmlWriter();
  writer.open('CompleteMultipartUploadResult', NAMESPACE);
  writer.leaf('Location', result.location);
  writer.leaf('Bucket', result.bucket);
  writer.leaf('Key', result.key);
  writer.leaf('ETag', quoteEtag(result.etag));
  writeChecksum(writer, result.checksum);
  writer.close('CompleteMultipartUploadResult');
  return writer.end();
}

export interface ListPartsResult {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly initiator: XmlOwner;
  readonly owner: XmlOwner;
  readonly storageClass: string;
  readonly partNumberMarker: number;
  readonly nextPartNumberMarker: number;
  readonly maxParts: number;
  readonly truncated: boolean;
  readonly checksumAlgorithm?: ChecksumAlgorithm | null | undefined;
  readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE' | null | undefined;
  readonly parts: readonly {
    readonly partNumber: number;
    readonly modifiedAtMs: number;
    readonly etag: string;
    readonly bytes: number;
    readonly checksum?: ShownChecksum | undefined;
  }[];
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export function listPartsResult(result: ListPartsResult): string {
  const writer = createXmlWriter();
  writer.open('ListPartsResult', NAMESPACE);
  writer.leaf('Bucket', result.bucket);
  writer.leaf('Key', result.key);
  writer.leaf('UploadId', result.uploadId);
  writeOwner(writer, 'Initiator', result.initiator);
  writeOwner(writer, 'Owner', result.owner);
  writer.leaf('StorageClass', result.storageClass);
  writer.leaf('PartNumberMarker', result.partNumberMarker);
  writer.leaf('NextPartNumberMarker', result.nextPartNumberMarker);
  writer.leaf('MaxParts', result.maxParts);
  writer.leaf('IsTruncated', result.truncated);
  writer.leaf('ChecksumAlgorithm', result.checksumAlgorithm ?? undefined);
  writer.leaf('ChecksumType', result.checksumType ?? undefined);
  for (const part of result.parts) {
    writer.open('Part');
    writer.leaf('PartNumber', part.partNumber);
    writer.leaf('LastModified', xmlTime(part.modifiedAtMs));
    writer.leaf('ETag', quoteEtag(part.etag));
    writer.leaf('Size', part.bytes);
    if (part.checksum !== undefined) writer.leaf(`Checksum${part.checksum.algorithm}`, part.checksum.value);
    writer.close('Part');
  }
  writer.close('ListPartsResult');
  return writer.end();
}

export interface ListMultipartUploadsResult {
  readonly bucket: string;
  readonly keyMarker: string;
  readonly uploadIdMarker: string;
  readonly nextKeyMarker?: string | undefined;
  readonly nextUploadIdMarker?: string | undefined;
  readonly prefix: string;
  readonly delimiter?: string | undefined;
  readonly encodingType?: EncodingType;
  readonly maxUploads: number;
  readonly truncated: boolean;
  readonly uploads: readonly {
    readonly key: string;
    readonly uploadId: string;
    readonly initiator: XmlOwner;
    readonly owner: XmlOwner;
    readonly storageClass: string;
    readonly initiatedAtMs: number;
    readonly checksumAlgorithm?: ChecksumAlgorithm | null | undefined;
    readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE' | null | undefined;
  }[];
  readonly commonPrefixes: readonly string[];
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export function listMultipartUploadsResult(result: ListMultipartUploadsResult): string {
  const { encodingType } = result;
  const writer = createXmlWriter();
  writer.open('ListMultipartUploadsResult', NAMESPACE);
  writer.leaf('Bucket', result.bucket);
  writer.leaf('KeyMarker', encodeName(result.keyMarker, encodingType));
  writer.leaf('UploadIdMarker', result.uploadIdMarker);
  if (result.nextKeyMarker !== undefined) writer.leaf('NextKeyMarker', encodeName(result.nextKeyMarker, encodingType));
  writer.leaf('NextUploadIdMarker', result.nextUploadIdMarker);
  if (result.delimiter) writer.leaf('Delimiter', encodeName(result.delimiter, encodingType));
  writer.leaf('Prefix', encodeName(result.prefix, encodingType));
  writer.leaf('EncodingType', encodingType);
  writer.leaf('MaxUploads', result.maxUploads);
  writer.leaf('IsTruncated', result.truncated);
  for (const upload of result.uploads) {
    writer.open('Upload');
    writer.leaf('Key', encodeName(upload.key, encodingType));
    writer.leaf('UploadId', upload.uploadId);
    writeOwner(writer, 'Initiator', upload.initiator);
    writeOwner(writer, 'Owner', upload.owner);
    writer.leaf('StorageClass', upload.storageClass);
    writer.leaf('Initiated', xmlTime(upload.initiatedAtMs));
    writer.leaf('ChecksumAlgorithm', upload.checksumAlgorithm ?? undefined);
    writer.leaf('ChecksumType', upload.checksumType ?? undefined);
    writer.close('Upload');
  }
  writeCommonPrefixes(writer, result.commonPrefixes, encodingType);
  writer.close('ListMultipartUploadsResult');
  return writer.end();
}
