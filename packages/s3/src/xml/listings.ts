import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import { type EncodingType, encodeName, writeCommonPrefixes, writeOwner, type XmlOwner, xmlTime } from './shared.ts';
import { createXmlWriter, S3_NAMESPACE, type XmlWriter } from './writer.ts';

/**
 * The listings, element for element in the order that AWS sends them. Undefined members leave their element out; empty
 * strings make it empty.
 */

export interface ListedEntry {
  readonly key: string;
  readonly modifiedAtMs: number;
  /** Without quotes. */
  readonly etag: string;
  readonly bytes: number;
  readonly storageClass: string;
  readonly owner?: XmlOwner | undefined;
  readonly checksum?:
    | { readonly algorithm: ChecksumAlgorithm; readonly type: 'FULL_OBJECT' | 'COMPOSITE' }
    | null
    | undefined;
}

interface ListingBase {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter?: string | undefined;
  readonly maxKeys: number;
  readonly encodingType?: EncodingType;
  readonly truncated: boolean;
  readonly commonPrefixes: readonly string[];
}

export interface ListBucketResultV1 extends ListingBase {
  readonly marker: string;
  readonly nextMarker?: string | undefined;
  readonly contents: readonly ListedEntry[];
}

export interface ListBucketResultV2 extends ListingBase {
  readonly startAfter?: string | undefined;
  readonly continuationToken?: string | undefined;
  readonly nextContinuationToken?: string | undefined;
  readonly contents: readonly ListedEntry[];
}

const NAMESPACE = `xmlns="${S3_NAMESPACE}"`;

const encodeOptional = (text: string | undefined, encoding: EncodingType): string | undefined =>
  text === undefined ? undefined : encodeName(text, encoding);

const omitEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export function listBucketResultV1(listing: ListBucketResultV1): string {
  const { encodingType } = listing;
  const writer = createXmlWriter();
  writer.open('ListBucketResult', NAMESPACE);
  writer.leaf('Name', listing.bucket);
  // Not encoded in this version: botocore and what is built on it decode every name of the answer but this one.
  writer.leaf('Prefix', listing.prefix);
  writer.leaf('Marker', encodeName(listing.marker, encodingType));
  writer.leaf('NextMarker', encodeOptional(listing.nextMarker, encodingType));
  writeListingMiddle(writer, listing);
  for (const entry of listing.contents) writeContents(writer, entry, encodingType);
  writeCommonPrefixes(writer, listing.commonPrefixes, encodingType);
  writer.close('ListBucketResult');
  return writer.end();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listBucketResultV2(listing: ListBucketResultV2): string {
  const { encodingType } = listing;
  const writer = createXmlWriter();
  writer.open('ListBucketResult', NAMESPACE);
  writer.leaf('Name', listing.bucket);
  writer.leaf('Prefix', encodeName(listing.prefix, encodingType));
  writer.leaf('StartAfter', encodeOptional(listing.startAfter, encodingType));
  writer.leaf('ContinuationToken', listing.continuationToken);
  writer.leaf('NextContinuationToken', listing.nextContinuationToken);
  writer.leaf('KeyCount', listing.contents.length + listing.commonPrefixes.length);
  writeListingMiddle(writer, listing);
  for (const entry of listing.contents) writeContents(writer, entry, encodingType);
  writeCommonPrefixes(writer, listing.commonPrefixes, encodingType);
  writer.close('ListBucketResult');
  return writer.end();
}

function writeListingMiddle(writer: XmlWriter, listing: ListingBase): void {
  writer.leaf('MaxKeys', listing.maxKeys);
  writer.leaf('Delimiter', omitEmpty(encodeOptional(listing.delimiter, listing.encodingType)));
  writer.leaf('EncodingType', listing.encodingType);
  writer.leaf('IsTruncated', listing.truncated);
}

function writeContents(writer: XmlWriter, entry: ListedEntry, encoding: EncodingType): void {
  writer.open('Contents');
  writer.leaf('Key', encodeName(entry.key, encoding));
  writeEntryFacts(writer, entry);
  writer.close('Contents');
}

function writeEntryFacts(writer: XmlWriter, entry: ListedEntry): void {
  writer.leaf('LastModified', xmlTime(entry.modifiedAtMs));
  writer.quoted('ETag', entry.etag);
  if (entry.checksum) {
    writer.leaf('ChecksumAlgorithm', entry.checksum.algorithm);
    writer.leaf('ChecksumType', entry.checksum.type);
  }
  writer.leaf('Size', entry.bytes);
  writeOwner(writer, 'Owner', entry.owner);
  writer.leaf('StorageClass', entry.storageClass);
}

export type ListedVersionEntry =
  | (ListedEntry & { readonly kind: 'version'; readonly versionId: string; readonly latest: boolean })
  | {
      readonly kind: 'delete-marker';
      readonly key: string;
      readonly versionId: string;
      readonly latest: boolean;
      readonly modifiedAtMs: number;
      readonly owner?: XmlOwner | undefined;
    };

export interface ListVersionsResult extends ListingBase {
  readonly keyMarker: string;
  readonly versionIdMarker: string;
  readonly nextKeyMarker?: string | undefined;
  readonly nextVersionIdMarker?: string | undefined;
  /** Versions and delete markers in one order. */
  readonly versions: readonly ListedVersionEntry[];
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export function listVersionsResult(listing: ListVersionsResult): string {
  const { encodingType } = listing;
  const writer = createXmlWriter();
  writer.open('ListVersionsResult', NAMESPACE);
  writer.leaf('Name', listing.bucket);
  writer.leaf('Prefix', encodeName(listing.prefix, encodingType));
  writer.leaf('KeyMarker', encodeName(listing.keyMarker, encodingType));
  writer.leaf('VersionIdMarker', listing.versionIdMarker);
  writer.leaf('NextKeyMarker', encodeOptional(listing.nextKeyMarker, encodingType));
  writer.leaf('NextVersionIdMarker', listing.nextVersionIdMarker);
  writeListingMiddle(writer, listing);
  for (const entry of listing.versions) writeVersion(writer, entry, encodingType);
  writeCommonPrefixes(writer, listing.commonPrefixes, encodingType);
  writer.close('ListVersionsResult');
  return writer.end();
}

function writeVersion(writer: XmlWriter, entry: ListedVersionEntry, encoding: EncodingType): void {
  const element = entry.kind === 'version' ? 'Version' : 'DeleteMarker';
  writer.open(element);
  writer.leaf('Key', encodeName(entry.key, encoding));
  writer.leaf('VersionId', entry.versionId);
  writer.leaf('IsLatest', entry.latest);
  if (entry.kind === 'version') {
    writeEntryFacts(writer, entry);
  } else {
    writer.leaf('LastModified', xmlTime(entry.modifiedAtMs));
    writeOwner(writer, 'Owner', entry.owner);
  }
  writer.close(element);
}

export interface ListAllMyBucketsResult {
  readonly owner: XmlOwner;
  readonly buckets: readonly {
    readonly name: string;
    readonly createdAtMs: number;
    readonly region?: string | undefined;
  }[];
  readonly prefix?: string | undefined;
  /** Where the next page begins; only when there is one. */
  readonly continuationToken?: string | undefined;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export function listAllMyBucketsResult(listing: ListAllMyBucketsResult): string {
  const writer = createXmlWriter();
  writer.open('ListAllMyBucketsResult', NAMESPACE);
  writeOwner(writer, 'Owner', listing.owner);
  writer.open('Buckets');
  for (const bucket of listing.buckets) {
    writer.open('Bucket');
    writer.leaf('Name', bucket.name);
    writer.leaf('CreationDate', xmlTime(bucket.createdAtMs));
    writer.leaf('BucketRegion', bucket.region);
    writer.close('Bucket');
  }
  writer.close('Buckets');
  writer.leaf('ContinuationToken', listing.continuationToken);
  writer.leaf('Prefix', listing.prefix);
  writer.close('ListAllMyBucketsResult');
  return writer.end();
}
