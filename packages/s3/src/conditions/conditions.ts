import { Fault } from '@sealgate/core/faults';
import type { ObjectPreconditions } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '../request.ts';
import { unquoteEtag } from '../xml/shared.ts';
import { parseHttpDate } from './http-date.ts';

/** An entity-tag list: `*`, or tags without quotes and without the weakness mark. */
type EtagList = '*' | readonly string[];

export interface ReadConditions {
  readonly ifMatch?: EtagList;
  readonly ifNoneMatch?: EtagList;
  /** Milliseconds since 1970, whole seconds. */
  readonly ifModifiedSince?: number;
  readonly ifUnmodifiedSince?: number;
}

/** What conditions are about. */
export interface ConditionSubject {
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedAtMs: number;
}

/**
 * Reads the four conditional headers; with the prefix `x-amz-copy-source-` those of a copy's source. A date that is
 * none is ignored, as RFC 9110 wants it.
 */
export function parseReadConditions(headers: RequestHeaders, prefix: '' | 'x-amz-copy-source-' = ''): ReadConditions {
  const ifMatch = etagList(headerValue(headers, `${prefix}if-match`));
  const ifNoneMatch = etagList(headerValue(headers, `${prefix}if-none-match`));
  const ifModifiedSince = parseHttpDate(headerValue(headers, `${prefix}if-modified-since`) ?? '');
  const ifUnmodifiedSince = parseHttpDate(headerValue(headers, `${prefix}if-unmodified-since`) ?? '');
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(ifModifiedSince === undefined ? {} : { ifModifiedSince }),
    ...(ifUnmodifiedSince === undefined ? {} : { ifUnmodifiedSince }),
  };
}

function etagList(header: string | undefined): EtagList | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  return header.split(',').map((piece) => unquoteEtag(piece.trim().replace(/^W\//, '')));
}

export type ConditionOutcome = 'proceed' | 'not-modified' | 'precondition-failed';

/**
 * Decides a conditional GET or HEAD in the order of RFC 9110 section 13.2.2: an entity tag beats the date of the same
 * sense, so If-Match true with If-Unmodified-Since false proceeds, as S3 documents it.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
 */
export function evaluateRead(conditions: ReadConditions, subject: ConditionSubject): ConditionOutcome {
  if (failsPrecondition(conditions, subject)) return 'precondition-failed';
  return isNotModified(conditions, subject) ? 'not-modified' : 'proceed';
}

/** Decides the conditions on the source of a copy: there is no "not modified", everything false fails. */
export function evaluateCopySource(conditions: ReadConditions, subject: ConditionSubject): ConditionOutcome {
  const failed = failsPrecondition(conditions, subject) || isNotModified(conditions, subject);
  return failed ? 'precondition-failed' : 'proceed';
}

function failsPrecondition(conditions: ReadConditions, subject: ConditionSubject): boolean {
  if (conditions.ifMatch !== undefined) return !matches(conditions.ifMatch, subject.etag);
  const { ifUnmodifiedSince } = conditions;
  return ifUnmodifiedSince !== undefined && wholeSeconds(subject.modifiedAtMs) > ifUnmodifiedSince;
}

function isNotModified(conditions: ReadConditions, subject: ConditionSubject): boolean {
  if (conditions.ifNoneMatch !== undefined) return matches(conditions.ifNoneMatch, subject.etag);
  const { ifModifiedSince } = conditions;
  return ifModifiedSince !== undefined && wholeSeconds(subject.modifiedAtMs) <= ifModifiedSince;
}

function matches(list: EtagList, etag: string): boolean {
  return list === '*' || list.includes(etag);
}

const wholeSeconds = (timeMs: number): number => Math.floor(timeMs / 1000) * 1000;

/** @throws Fault NotModified, PreconditionFailed with the header that failed in `detail.Condition` */
export function requireReadConditions(conditions: ReadConditions, subject: ConditionSubject): void {
  const outcome = evaluateRead(conditions, subject);
  if (outcome === 'not-modified') throw new Fault('NotModified', 'Not Modified');
  if (outcome === 'precondition-failed') {
    throw preconditionFailed(conditions.ifMatch === undefined ? 'If-Unmodified-Since' : 'If-Match');
  }
}

/** @throws Fault PreconditionFailed */
export function requireCopySourceConditions(conditions: ReadConditions, subject: ConditionSubject): void {
  if (evaluateCopySource(conditions, subject) === 'proceed') return;
  const names = [
    conditions.ifMatch === undefined ? undefined : 'x-amz-copy-source-If-Match',
    conditions.ifNoneMatch === undefined ? undefined : 'x-amz-copy-source-If-None-Match',
    conditions.ifUnmodifiedSince === undefined ? undefined : 'x-amz-copy-source-If-Unmodified-Since',
    conditions.ifModifiedSince === undefined ? undefined : 'x-amz-copy-source-If-Modified-Since',
  ];
  throw preconditionFailed(names.find((name) => name !== undefined) ?? '');
}

function preconditionFailed(condition: string): Fault {
  return new Fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    detail: { Condition: condition },
  });
}

/**
 * The conditions of a write, which the metadata transaction decides. AWS knows `If-None-Match: *` and `If-Match: <etag>`
 * only and refuses the other two forms of RFC 9110; here all four work, with one entity tag each.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * @throws Fault NotImplemented for a list of entity tags
 */
export function parseWriteConditions(headers: RequestHeaders): ObjectPreconditions {
  const ifNoneMatch = oneTag(headers, 'if-none-match');
  const ifMatch = oneTag(headers, 'if-match');
  return {
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
}

function oneTag(headers: RequestHeaders, name: 'if-match' | 'if-none-match'): string | undefined {
  const tags = etagList(headerValue(headers, name));
  if (tags === undefined || tags === '*') return tags;
  const [tag, ...others] = tags;
  if (tag === undefined || others.length > 0) {
    throw new Fault('NotImplemented', 'A header you provided implies functionality that is not implemented', {
      detail: { Header: name, additionalMessage: 'A write takes one entity tag or *.' },
    });
  }
  return tag;
}

/** What a deletion is bound to besides preconditions on the ETag. */
export interface DeleteConditions {
  readonly preconditions: ObjectPreconditions;
  readonly unchanged?: { readonly bytes?: number; readonly modifiedAtMs?: number };
}

/**
 * The conditions of a deletion: those of a write, and size and time, which AWS knows for directory buckets.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
 * @throws Fault InvalidArgument for a size or time that is none: ignoring it would delete what the client did not mean
 */
export function parseDeleteConditions(headers: RequestHeaders): DeleteConditions {
  const size = headerValue(headers, 'x-amz-if-match-size');
  const time = headerValue(headers, 'x-amz-if-match-last-modified-time');
  return {
    preconditions: parseWriteConditions(headers),
    ...unchanged(
      size === undefined ? undefined : bytesOf('x-amz-if-match-size', size),
      time === undefined ? undefined : timeOf('x-amz-if-match-last-modified-time', time),
    ),
  };
}

/**
 * The same of one object in the body of DeleteObjects.
 * @throws Fault InvalidArgument
 */
export function conditionsOfDeletion(object: {
  readonly etag?: string;
  readonly size?: number;
  readonly lastModifiedTime?: string;
}): DeleteConditions {
  const { etag, size, lastModifiedTime } = object;
  return {
    preconditions: etag === undefined ? {} : { ifMatch: etag },
    ...unchanged(size, lastModifiedTime === undefined ? undefined : timeOf('LastModifiedTime', lastModifiedTime)),
  };
}

function unchanged(bytes: number | undefined, modifiedAtMs: number | undefined): Pick<DeleteConditions, 'unchanged'> {
  if (bytes === undefined && modifiedAtMs === undefined) return {};
  return {
    unchanged: {
      ...(bytes === undefined ? {} : { bytes }),
      ...(modifiedAtMs === undefined ? {} : { modifiedAtMs }),
    },
  };
}

function bytesOf(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text.trim())) return Number(text);
  throw new Fault('InvalidArgument', 'The size is not a whole number of bytes.', {
    detail: { ArgumentName: name, ArgumentValue: text.slice(0, 64) },
  });
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;

/** An HTTP date, as the documentation has it, or ISO 8601, as listings show it. */
function timeOf(name: string, text: string): number {
  const trimmed = text.trim();
  const timeMs = parseHttpDate(trimmed) ?? (ISO_TIME.test(trimmed) ? Date.parse(trimmed) : Number.NaN);
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new Fault('InvalidArgument', 'The time is not a date.', {
    detail: { ArgumentName: name, ArgumentValue: text.slice(0, 64) },
  });
}
