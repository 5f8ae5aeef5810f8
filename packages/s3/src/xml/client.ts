import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import { DEFAULT_RETENTION_DAYS_MAX } from '../limits.ts';
import type { DefaultRetention } from './object-lock.ts';
import {
  booleanOf,
  childOf,
  childrenOf,
  integerOf,
  malformedXml,
  parseXml,
  textOf,
  type XmlElement,
} from './reader.ts';
import { checksumElements, unquoteEtag } from './shared.ts';
import { createXmlWriter, S3_NAMESPACE } from './writer.ts';

/**
 * The other side of the wire: what drivers and clients send and get. Every parser is as strict about well-formedness as
 * the gateway's own, but ignores elements that it does not know: another server may send more than we need.
 */

const NAMESPACE = `xmlns="${S3_NAMESPACE}"`;

export interface RemoteError {
  readonly code: string;
  readonly message: string;
  /** The region that the server says is right, after a redirect or a wrongly scoped signature. */
  readonly region?: string;
}

/** An error body, or undefined when it is none (a proxy's page, an empty body). Never throws. */
export function parseErrorResponse(body: Uint8Array | string): RemoteError | undefined {
  try {
    const root = parseXml(body, 'Error');
    const region = textOf(root, 'Region');
    return {
      code: textOf(root, 'Code') ?? '',
      message: textOf(root, 'Message') ?? '',
      ...(region === undefined ? {} : { region }),
    };
  } catch {
    return undefined;
  }
}

export interface RemoteObject {
  readonly key: string;
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly storageClass?: string;
}

export interface RemoteListing {
  readonly objects: readonly RemoteObject[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** V2 only. */
  readonly nextContinuationToken?: string;
  /** V1 only, and only with a delimiter. */
  readonly nextMarker?: string;
}

/** Reads ListObjects V1 and V2. Keys come back decoded. @throws Fault MalformedXML */
export function parseListBucketResult(body: Uint8Array | string): RemoteListing {
  const root = parseXml(body, 'ListBucketResult');
  const decode = nameDecoder(root);
  const next = textOf(root, 'NextContinuationToken');
  const marker = textOf(root, 'NextMarker');
  return {
    objects: childrenOf(root, 'Contents').map((element) => remoteObject(element, decode)),
    commonPrefixes: childrenOf(root, 'CommonPrefixes').map((element) => decode(textOf(element, 'Prefix') ?? '')),
    truncated: booleanOf(root, 'IsTruncated') ?? false,
    ...(next === undefined || next === '' ? {} : { nextContinuationToken: next }),
    ...(marker === undefined || marker === '' ? {} : { nextMarker: decode(marker) }),
  };
}

function nameDecoder(root: XmlElement): (text: string) => string {
  if (textOf(root, 'EncodingType') !== 'url') return (text) => text;
  return (text) => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch (error) {
      throw malformedXml(error);
    }
  };
}

function timeOf(element: XmlElement, name: string): number {
  const timeMs = Date.parse(textOf(element, name) ?? '');
  if (Number.isNaN(timeMs)) throw malformedXml();
  return timeMs;
}

function remoteObject(element: XmlElement, decode: (text: string) => string): RemoteObject {
  const storageClass = textOf(element, 'StorageClass');
  return {
    key: decode(textOf(element, 'Key') ?? ''),
    bytes: integerOf(element, 'Size'),
    etag: unquoteEtag(textOf(element, 'ETag') ?? ''),
    modifiedAtMs: timeOf(element, 'LastModified'),
    ...(storageClass === undefined ? {} : { storageClass }),
  };
}

export interface RemoteVersion {
  readonly key: string;
  readonly versionId: string;
  readonly deleteMarker: boolean;
  readonly latest: boolean;
}

export interface RemoteVersionListing {
  readonly versions: readonly RemoteVersion[];
  readonly truncated: boolean;
  readonly nextKeyMarker?: string;
  readonly nextVersionIdMarker?: string;
}

/** @throws Fault MalformedXML */
export function parseListVersionsResult(body: Uint8Array | string): RemoteVersionListing {
  const root = parseXml(body, 'ListVersionsResult');
  const decode = nameDecoder(root);
  const nextKeyMarker = textOf(root, 'NextKeyMarker');
  const nextVersionIdMarker = textOf(root, 'NextVersionIdMarker');
  return {
    versions: root.children
      .filter((element) => element.name === 'Version' || element.name === 'DeleteMarker')
      .map((element) => ({
        key: decode(textOf(element, 'Key') ?? ''),
        versionId: textOf(element, 'VersionId') ?? 'null',
        deleteMarker: element.name === 'DeleteMarker',
        latest: booleanOf(element, 'IsLatest') ?? false,
      })),
    truncated: booleanOf(root, 'IsTruncated') ?? false,
    ...(nextKeyMarker === undefined ? {} : { nextKeyMarker: decode(nextKeyMarker) }),
    ...(nextVersionIdMarker === undefined ? {} : { nextVersionIdMarker }),
  };
}

/** @throws Fault MalformedXML */
export function parseListBucketsResult(body: Uint8Array | string): readonly { name: string; createdAtMs: number }[] {
  const buckets = childOf(parseXml(body, 'ListAllMyBucketsResult'), 'Buckets');
  return (buckets?.children ?? []).map((element) => ({
    name: textOf(element, 'Name') ?? '',
    createdAtMs: timeOf(element, 'CreationDate'),
  }));
}

/** The upload id. @throws Fault MalformedXML */
export function parseInitiateMultipartUploadResult(body: Uint8Array | string): string {
  const uploadId = textOf(parseXml(body, 'InitiateMultipartUploadResult'), 'UploadId');
  if (uploadId === undefined || uploadId === '') throw malformedXml();
  return uploadId;
}

/**
 * The outcome of CompleteMultipartUpload. S3 may answer 200 and send an error in the body after all: that is what the
 * second form is for.
 * @throws Fault MalformedXML when the body is neither.
 */
export function parseCompleteMultipartUploadResult(
  body: Uint8Array | string,
): { readonly ok: true; readonly etag: string } | { readonly ok: false; readonly error: RemoteError } {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const error = parseErrorResponse(text.trimStart());
  if (error !== undefined) return { ok: false, error };
  const root = parseXml(text.trimStart(), 'CompleteMultipartUploadResult');
  return { ok: true, etag: unquoteEtag(textOf(root, 'ETag') ?? '') };
}

export interface RemotePart {
  readonly partNumber: number;
  readonly bytes: number;
  readonly etag: string;
}

/** @throws Fault MalformedXML */
export function parseListPartsResult(body: Uint8Array | string): {
  readonly parts: readonly RemotePart[];
  readonly truncated: boolean;
  readonly nextPartNumberMarker: number;
} {
  const root = parseXml(body, 'ListPartsResult');
  const parts = childrenOf(root, 'Part').map((element) => ({
    partNumber: integerOf(element, 'PartNumber'),
    bytes: integerOf(element, 'Size'),
    etag: unquoteEtag(textOf(element, 'ETag') ?? ''),
  }));
  const marker = textOf(root, 'NextPartNumberMarker')?.trim() ?? '';
  return {
    parts,
    truncated: booleanOf(root, 'IsTruncated') ?? false,
    nextPartNumberMarker: marker === '' ? (parts.at(-1)?.partNumber ?? 0) : integerOf(root, 'NextPartNumberMarker'),
  };
}

/** The errors of a DeleteObjects answer. @throws Fault MalformedXML */
export function parseDeleteResult(
  body: Uint8Array | string,
): readonly { readonly key: string; readonly code: string; readonly message: string }[] {
  return childrenOf(parseXml(body, 'DeleteResult'), 'Error').map((element) => ({
    key: textOf(element, 'Key') ?? '',
    code: textOf(element, 'Code') ?? '',
    message: textOf(element, 'Message') ?? '',
  }));
}

/** The region of a bucket; an empty constraint means `us-east-1`. @throws Fault MalformedXML */
export function parseLocationConstraint(body: Uint8Array | string): string {
  const region = parseXml(body, 'LocationConstraint').text.trim();
  return region === '' ? 'us-east-1' : region;
}

/** The status of a bucket's versioning; undefined when it never had any. @throws Fault MalformedXML */
export function parseVersioningStatus(body: Uint8Array | string): string | undefined {
  return textOf(parseXml(body, 'VersioningConfiguration'), 'Status')?.trim();
}

export function deleteRequest(objects: readonly { readonly key: string; readonly versionId?: string }[]): string {
  const writer = createXmlWriter();
  writer.open('Delete', NAMESPACE);
  for (const object of objects) {
    writer.open('Object');
    writer.leaf('Key', object.key);
    writer.leaf('VersionId', object.versionId);
    writer.close('Object');
  }
  writer.leaf('Quiet', true);
  writer.close('Delete');
  return writer.end();
}

export function completeMultipartUploadRequest(
  parts: readonly {
    readonly partNumber: number;
    readonly etag: string;
    readonly checksums?: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
  }[],
): string {
  const writer = createXmlWriter();
  writer.open('CompleteMultipartUpload', NAMESPACE);
  for (const part of parts) {
    writer.open('Part');
    writer.leaf('ETag', `"${part.etag}"`);
    for (const [algorithm, name] of checksumElements) writer.leaf(name, part.checksums?.[algorithm]);
    writer.leaf('PartNumber', part.partNumber);
    writer.close('Part');
  }
  writer.close('CompleteMultipartUpload');
  return writer.end();
}

export function createBucketRequest(location: string): string {
  const writer = createXmlWriter();
  writer.open('CreateBucketConfiguration', NAMESPACE);
  writer.leaf('LocationConstraint', location);
  writer.close('CreateBucketConfiguration');
  return writer.end();
}

export function versioningRequest(status: 'Enabled' | 'Suspended'): string {
  const writer = createXmlWriter();
  writer.open('VersioningConfiguration', NAMESPACE);
  writer.leaf('Status', status);
  writer.close('VersioningConfiguration');
  return writer.end();
}

/** The algorithm that new objects of a bucket are encrypted with, as the server says it. @throws Fault MalformedXML */
export function parseRemoteEncryption(body: Uint8Array | string): string | undefined {
  const rule = childOf(parseXml(body, 'ServerSideEncryptionConfiguration'), 'Rule');
  const byDefault = rule && childOf(rule, 'ApplyServerSideEncryptionByDefault');
  return byDefault && textOf(byDefault, 'SSEAlgorithm')?.trim();
}

export interface RemoteObjectLock {
  readonly enabled: boolean;
  /** Unknown modes and counts come as none. */
  readonly retention: DefaultRetention | null;
}

/** @throws Fault MalformedXML */
export function parseRemoteObjectLock(body: Uint8Array | string): RemoteObjectLock {
  const root = parseXml(body, 'ObjectLockConfiguration');
  const enabled = textOf(root, 'ObjectLockEnabled')?.trim() === 'Enabled';
  const rule = childOf(root, 'Rule');
  const retention = rule && childOf(rule, 'DefaultRetention');
  const mode = retention && textOf(retention, 'Mode')?.trim();
  if (retention === undefined || (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE')) return { enabled, retention: null };
  const unit = childOf(retention, 'Years') === undefined ? 'days' : 'years';
  const count = Number(textOf(retention, unit === 'days' ? 'Days' : 'Years')?.trim());
  const known = Number.isSafeInteger(count) && count > 0 && count <= DEFAULT_RETENTION_DAYS_MAX;
  return { enabled, retention: known ? { mode, unit, count } : null };
}

/** Names of a bucket's tags. @throws Fault MalformedXML */
export function parseRemoteTagNames(body: Uint8Array | string): readonly string[] {
  const set = childOf(parseXml(body, 'Tagging'), 'TagSet');
  return set === undefined ? [] : childrenOf(set, 'Tag').map((tag) => textOf(tag, 'Key') ?? '');
}
