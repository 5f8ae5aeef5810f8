import { Fault } from '@sealgate/core/faults';
import { PARTS_MAX } from '@sealgate/core/limits';
import type { ByteRange, Checksum, ObjectVersion } from '@sealgate/core/ports';
import {
  formatContentRange,
  formatHttpDate,
  formatStoredHeaders,
  headerValue,
  parseRange,
  parseReadConditions,
  parseResponseOverrides,
  requireReadConditions,
  resolveRange,
} from '@sealgate/s3';
import type { HeadOfRead } from '../../audit/heads.ts';
import { requireBucket, requireKey, type S3Context } from '../context.ts';
import { type Unlocked, unlockVersion } from '../encryption/reading.ts';
import { setExpiration } from '../lifecycle-headers.ts';
import { lockHeaders } from '../object-lock.ts';
import { checksumHeader, quoted, replyEmpty, replyStream, setHeaders } from '../reply.ts';
import { shownChecksum, shownClass } from '../shown.ts';
import { answerSystemDocument } from '../system-documents.ts';
import { tagCountHeaders } from '../tags.ts';
import { findVersion, parseVersionId } from '../version-query.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export async function getObject(context: S3Context): Promise<void> {
  if (await answerSystemDocument(context)) return;
  const { version, window, unlocked } = await prepare(context);
  const { response, engine, signal } = context;
  if (window.bytes === 0) {
    replyEmpty(response, window.status);
    return;
  }
  const range: ByteRange = { start: window.start, end: window.start + window.bytes - 1 };
  const whole = range.start === 0 && window.bytes === version.bytes;
  const body = engine.readObject(version, { signal, ...(await unlocked.key()), ...(whole ? {} : { range }) });
  await replyStream(response, body, { status: window.status, bytes: window.bytes });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export async function headObject(context: S3Context): Promise<void> {
  if (await answerSystemDocument(context)) return;
  const { window } = await prepare(context);
  context.response.setHeader('content-length', window.bytes);
  context.response.writeHead(window.status).end();
}

/** The bytes that go out. */
interface Window {
  readonly status: 200 | 206;
  readonly start: number;
  readonly bytes: number;
  /** Of just these bytes: of the whole object, or of the part that they are. As it is shown. */
  readonly checksum: Checksum | null;
}

interface Prepared {
  readonly version: ObjectVersion;
  readonly window: Window;
  readonly unlocked: Unlocked;
}

/**
 * Headers that a link replaces. Only its maker may: an unsigned link could make the page of one tenant from the bytes of
 * another.
 * @throws Fault InvalidRequest, InvalidArgument
 */
function responseOverrides(context: S3Context): Record<string, string> {
  const overrides = parseResponseOverrides(context.query);
  if (context.caller.kind === 'anonymous' && Object.keys(overrides).length > 0) {
    throw new Fault('InvalidRequest', 'Request specific response headers cannot be used for anonymous GET requests.');
  }
  return overrides;
}

/** Finds the version, checks conditions, works out the range, sets every header but the length. */
async function prepare(context: S3Context): Promise<Prepared> {
  const bucket = await requireBucket(context);
  const key = requireKey(context);
  const overrides = responseOverrides(context);
  const signHead = await headOfRead(context);
  const version = await findVersion(context, { bucket, key, versionId: parseVersionId(context) });
  const { response, headers } = context;
  response.setHeader('etag', quoted(version));
  response.setHeader('last-modified', formatHttpDate(version.modifiedAtMs));
  requireReadConditions(parseReadConditions(headers), version);
  const window = await windowOf(context, version);
  const unlocked = unlockVersion(context, version);
  response.setHeader('accept-ranges', 'bytes');
  if (bucket.versioning !== 'off') response.setHeader('x-amz-version-id', version.versionId);
  // A version asked for by its id may be an older one, of which this says nothing.
  if (!context.query.has('versionId')) setExpiration(context, bucket, version);
  const shown = shownClass(version.redundancyClass);
  if (shown !== 'STANDARD') response.setHeader('x-amz-storage-class', shown);
  response.setHeader('x-sealgate-class', version.redundancyClass);
  const stored = {
    ...formatStoredHeaders(version.headers),
    ...overrides,
    ...context.headersOfVersion(version),
    ...lockHeaders(context, bucket, version),
    ...tagCountHeaders(context, bucket, version),
  };
  setHeaders(response, { ...stored, ...unlocked.headers });
  if (version.verdict !== null) response.setHeader('x-sealgate-verdict', version.verdict);
  setChecksum(context, version, window);
  if (signHead !== undefined) response.setHeader(HEAD_HEADER, await signHead({ bucket, version }));
  return { version, window, unlocked };
}

const HEAD_HEADER = 'x-sealgate-head';

/**
 * Only when the client asked for it: others pay nothing. A version asked for by its id may be any; a head is of the current one.
 * @throws Fault InvalidRequest
 */
async function headOfRead(context: S3Context): Promise<HeadOfRead | undefined> {
  const wish = headerValue(context.headers, HEAD_HEADER);
  if (wish === undefined) return undefined;
  if (wish !== 'sign' || context.query.has('versionId')) {
    throw new Fault('InvalidRequest', 'x-sealgate-head takes "sign", for the current version of an object.');
  }
  return await context.heads.before();
}

/** Only when the client asked for it. Its type is the object's, also with a part's value: so S3 says it. */
function setChecksum(context: S3Context, version: ObjectVersion, { checksum }: Window): void {
  if (!asksForChecksum(context) || checksum === null) return;
  context.response.setHeader(...checksumHeader(checksum));
  context.response.setHeader('x-amz-checksum-type', version.checksum?.type ?? checksum.type);
}

function asksForChecksum(context: S3Context): boolean {
  return headerValue(context.headers, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
}

function wholeChecksum({ checksum, parts }: ObjectVersion): Checksum | null {
  return checksum === null ? null : shownChecksum(checksum, parts);
}

async function windowOf(context: S3Context, version: ObjectVersion): Promise<Window> {
  const partText = context.query.get('partNumber');
  const rangeText = headerValue(context.headers, 'range');
  if (partText !== undefined) {
    if (rangeText !== undefined) {
      throw new Fault('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter');
    }
    return await windowOfPart(context, version, partText);
  }
  const whole: Window = { status: 200, start: 0, bytes: version.bytes, checksum: wholeChecksum(version) };
  if (rangeText === undefined || !rangeApplies(context, version)) return whole;
  const requested = parseRange(rangeText);
  if (requested === undefined) return whole;
  const range = resolveRange(requested, version.bytes);
  context.response.setHeader('content-range', formatContentRange(range, version.bytes));
  return { status: 206, start: range.start, bytes: range.end - range.start + 1, checksum: null };
}

/** `If-Range`: the range counts only while the object is still the one that the client has a piece of (RFC 9110 13.1.5). */
function rangeApplies(context: S3Context, version: ObjectVersion): boolean {
  const condition = headerValue(context.headers, 'if-range')?.trim();
  if (condition === undefined) return true;
  return condition === quoted(version) || condition === formatHttpDate(version.modifiedAtMs);
}

async function windowOfPart(context: S3Context, version: ObjectVersion, text: string): Promise<Window> {
  const partNumber = Number(text);
  if (!/^\d{1,5}$/.test(text) || partNumber < 1 || partNumber > PARTS_MAX) {
    throw new Fault('InvalidArgument', `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`, {
      detail: { ArgumentName: 'partNumber', ArgumentValue: text.slice(0, 64) },
    });
  }
  const notThere = new Fault('InvalidPart', 'One or more of the specified parts could not be found.', {
    detail: { PartNumberRequested: partNumber, ActualPartCount: Math.max(1, version.parts) },
  });
  if (version.parts === 0) {
    if (partNumber !== 1) throw notThere;
    setPartRange(context, version, { start: 0, bytes: version.bytes });
    return { status: 206, start: 0, bytes: version.bytes, checksum: wholeChecksum(version) };
  }
  const segment = await context.metadata.readSegmentOfPart(version, partNumber);
  if (segment === undefined) throw notThere;
  const { offset, bytes } = segment;
  context.response.setHeader('x-amz-mp-parts-count', version.parts);
  setPartRange(context, version, { start: offset, bytes });
  const [part] = asksForChecksum(context) ? await context.metadata.readParts(version, partNumber - 1, 1) : [];
  return { status: 206, start: offset, bytes, checksum: part?.checksum ?? null };
}

/** A part without bytes is at no range that could be written down. */
function setPartRange(context: S3Context, version: ObjectVersion, part: { start: number; bytes: number }): void {
  if (part.bytes === 0) return;
  const range = { start: part.start, end: part.start + part.bytes - 1 };
  context.response.setHeader('content-range', formatContentRange(range, version.bytes));
}
