import { type Fault, type FaultCode, type FaultSpec, faultTable, retryAfterSeconds } from '@sealgate/core/faults';
import { createXmlWriter } from '../xml/writer.ts';

export interface S3ErrorContext {
  readonly method: string;
  /** The path that the request named, as it is to be shown. */
  readonly resource: string;
  readonly requestId: string;
  readonly hostId: string;
}

export interface S3ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for HEAD and for 304, which have no body. */
  readonly body: string;
}

/** The S3 code of a fault: its own, unless the table names another. */
export function s3ErrorCode(code: FaultCode): string {
  const spec: FaultSpec = faultTable[code];
  return spec.s3 ?? code;
}

/**
 * The answer of the S3 listener to a fault.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses
 */
export function toS3Error(fault: Fault, context: S3ErrorContext): S3ErrorResponse {
  const status = fault.spec.http;
  const headers = { ...faultHeaders(fault), ...retryHeaders(fault) };
  if (context.method === 'HEAD' || status === 304) return { status, headers, body: '' };
  const writer = createXmlWriter();
  writer.open('Error');
  writer.leaf('Code', s3ErrorCode(fault.code));
  writer.leaf('Message', asXmlText(fault.message));
  for (const [name, value] of Object.entries(fault.detail)) {
    if (ELEMENT_NAME.test(name) && !OWN_MEMBERS.has(name)) writer.leaf(name, asXmlText(String(value)));
  }
  writer.leaf('Resource', asXmlText(context.resource));
  writer.leaf('RequestId', context.requestId);
  writer.leaf('HostId', context.hostId);
  writer.close('Error');
  return { status, headers: { ...headers, 'content-type': 'application/xml' }, body: writer.end() };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/**
 * XML 1.0 knows no way to write some characters, which names of objects may have. A listing has to tell the name as it
 * is, an error has not: with one of them in it a client would not get at the code either.
 */
function asXmlText(text: string): string {
  return text.toWellFormed().replaceAll(NOT_IN_XML, '\ufffd');
}

const HEADER_TEXT = /^[\x20-\x7e]{1,256}$/;

/**
 * What S3 codes are too few to say: several faults share one. Our own client tells them apart by these headers, also
 * where there is no body.
 */
function faultHeaders(fault: Fault): Record<string, string> {
  const { code, rule } = fault;
  return {
    'x-sealgate-fault': code,
    ...(rule !== undefined && HEADER_TEXT.test(rule) ? { 'x-sealgate-rule': rule } : {}),
  };
}

const ELEMENT_NAME = /^[A-Za-z][A-Za-z0-9-]*$/;
const OWN_MEMBERS: ReadonlySet<string> = new Set(['Code', 'Message', 'Resource', 'RequestId', 'HostId']);

function retryHeaders(fault: Fault): Record<string, string> {
  const headers: Record<string, string> = {};
  // SDKs back off by themselves, proxies and browsers do not.
  const wait = retryAfterSeconds(fault);
  if (wait !== undefined) headers['retry-after'] = String(wait);
  const region = fault.detail.Region;
  if (typeof region === 'string') headers['x-amz-bucket-region'] = region;
  return headers;
}
