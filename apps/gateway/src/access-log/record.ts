import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { s3ErrorCode, uriEncodePath } from '@sealgate/s3';
import { clientOf } from '../net/client-address.ts';
import type { Caller } from '../s3/access/caller.ts';
import type { FinishedRequest, RequestPart } from '../s3/observer.ts';
import { LOG_FIELD_CHARACTERS_MAX } from './limits.ts';
import { logOperation } from './operation-name.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What a record says of the object and its outcome; the rest is the request's. */
interface Told {
  readonly owner: string;
  readonly bucket: string;
  readonly operation: string;
  readonly key: string | undefined;
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly bytesSent: number;
  readonly objectBytes: number | undefined;
  readonly versionId: string | undefined;
}

/**
 * The record of a request, one line without its end: 26 fields in the order of AWS's format. `-` stands for what is not
 * known or does not apply.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
 */
export function requestRecord(finished: FinishedRequest & { readonly bucket: object }): string {
  const { operation, bucket, request, response, fault } = finished;
  const method = request.method ?? 'GET';
  return recordOf(finished, {
    owner: bucket.ownerId,
    bucket: bucket.name,
    operation: operation === undefined ? '-' : logOperation(operation.name, method),
    key: operation?.level === 'object' ? operation.key : undefined,
    status: response.statusCode,
    errorCode: fault === undefined ? undefined : s3ErrorCode(fault.code),
    bytesSent: method === 'HEAD' ? 0 : Number(response.getHeader('content-length') ?? 0),
    objectBytes: objectBytes(finished),
    versionId: text(response.getHeader('x-amz-version-id')),
  });
}

/** The record of what a request did to one more object. */
export function partRecord(finished: FinishedRequest, part: RequestPart): string {
  return recordOf(finished, {
    owner: part.bucket.ownerId,
    bucket: part.bucket.name,
    operation: partOperation(finished, part),
    key: part.key,
    status: part.fault?.spec.http ?? (part.what === 'deleted' ? 204 : 200),
    errorCode: part.fault === undefined ? undefined : s3ErrorCode(part.fault.code),
    bytesSent: 0,
    objectBytes: undefined,
    versionId: part.versionId,
  });
}

function partOperation({ operation }: FinishedRequest, { what }: RequestPart): string {
  if (what === 'deleted') return 'BATCH.DELETE.OBJECT';
  return operation?.name === 'UploadPartCopy' ? 'REST.COPY.PART_GET' : 'REST.COPY.OBJECT_GET';
}

function recordOf(finished: FinishedRequest, told: Told): string {
  const { request, caller, requestId, hostId, durationMs, endedAtMs } = finished;
  const { address: remoteAddress } = clientOf(request);
  const { protocol, cipher } = tlsOf(request);
  return [
    told.owner,
    told.bucket,
    logTime(endedAtMs - durationMs),
    remoteAddress?.replace(/^::ffff:(?=\d)/, '') ?? '-',
    caller?.kind === 'credential' ? caller.credential.tenant.ownerId : '-',
    requestId,
    told.operation,
    told.key === undefined ? '-' : uriEncodePath(told.key),
    quoted(`${request.method ?? '-'} ${withoutSecrets(request.url ?? '-')} HTTP/${request.httpVersion}`),
    String(told.status),
    told.errorCode ?? '-',
    told.bytesSent === 0 ? '-' : String(told.bytesSent),
    told.objectBytes === undefined ? '-' : String(told.objectBytes),
    String(Math.round(durationMs)),
    // The time between the last byte of a request and the first of its answer is not measured.
    '-',
    quoted(request.headers.referer ?? '-'),
    quoted(request.headers['user-agent'] ?? '-'),
    told.versionId ?? '-',
    hostId,
    ...signatureOf(caller, cipher),
    request.headers.host ?? '-',
    protocol,
    // No access points, and whether a list was what let the caller in is not kept.
    '-',
    '-',
  ].join(' ');
}

function signatureOf(
  caller: Caller | undefined,
  cipher: string,
): readonly [version: string, cipher: string, how: string] {
  if (caller?.kind !== 'credential') return ['-', cipher, '-'];
  const { version, via } = caller.signature;
  const how = { header: 'AuthHeader', query: 'QueryString', post: 'POST' }[via];
  return [version === 'AWS' ? 'SigV2' : 'SigV4', cipher, how];
}

function tlsOf(request: IncomingMessage): { readonly protocol: string; readonly cipher: string } {
  const socket = request.socket as Partial<TLSSocket>;
  if (socket.encrypted !== true) return { protocol: '-', cipher: '-' };
  return { protocol: socket.getProtocol?.() ?? '-', cipher: socket.getCipher?.().name ?? '-' };
}

/** Of the object that was read or written, as far as its headers say. */
function objectBytes({ operation, request, response, fault }: FinishedRequest): number | undefined {
  if (fault !== undefined) return undefined;
  switch (operation?.name) {
    case 'GetObject':
    case 'HeadObject': {
      const range = text(response.getHeader('content-range'));
      return numberOf(range?.split('/')[1] ?? response.getHeader('content-length'));
    }
    case 'PutObject':
    case 'UploadPart':
      return numberOf(request.headers['x-amz-decoded-content-length'] ?? request.headers['content-length']);
    default:
      return undefined;
  }
}

function numberOf(value: unknown): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isSafeInteger(number) ? number : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `[06/Feb/2019:00:00:38 +0000]` */
function logTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1] ?? '';
  return `[${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000]`;
}

/** A presigned URL opens doors for as long as it is valid, also to who reads the log. */
function withoutSecrets(url: string): string {
  return url.replaceAll(/([?&](?:X-Amz-Signature|X-Amz-Security-Token|Signature)=)[^&]*/gi, '$1-');
}

/** What a client says of itself, so that it can neither end its field nor its record. */
function quoted(value: string): string {
  const short = value.slice(0, LOG_FIELD_CHARACTERS_MAX);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return `"${short.replaceAll(/["\u0000-\u001f\u007f]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)}"`;
}
