import { Fault } from '@sealgate/core/faults';
import { type CorsMethod, type CorsRule, corsMethods } from '../cors/cors.ts';
import { CORS_BYTES_MAX, CORS_ID_CHARACTERS_MAX, CORS_MAX_AGE_SECONDS_MAX, CORS_RULES_MAX } from '../limits.ts';
import { childrenOf, integerOf, malformedXml, parseXml, requireChildren, textOf, type XmlElement } from './reader.ts';
import { createXmlWriter, S3_NAMESPACE } from './writer.ts';

const CONFIGURATION: ReadonlySet<string> = new Set(['CORSRule']);
const RULE: ReadonlySet<string> = new Set([
  'ID',
  'AllowedHeader',
  'AllowedMethod',
  'AllowedOrigin',
  'ExposeHeader',
  'MaxAgeSeconds',
]);

/**
 * Reads the body of PutBucketCors.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
 * @throws Fault MalformedXML, InvalidRequest (a method, origin, header or number of rules that S3 does not take),
 *   MaxMessageLengthExceeded
 */
export function parseCorsConfiguration(body: Uint8Array | string): readonly CorsRule[] {
  if (body.length > CORS_BYTES_MAX) {
    throw new Fault('MaxMessageLengthExceeded', 'Your request was too big.', {
      detail: { MaxMessageLengthBytes: CORS_BYTES_MAX },
    });
  }
  const root = parseXml(body, 'CORSConfiguration');
  requireChildren(root, CONFIGURATION);
  if (root.children.length === 0) throw malformedXml();
  if (root.children.length > CORS_RULES_MAX) {
    throw new Fault(
      'InvalidRequest',
      `The number of CORS rules should not exceed allowed limit of ${CORS_RULES_MAX} rules.`,
    );
  }
  return root.children.map(corsRule);
}

const textsOf = (element: XmlElement, name: string): string[] =>
  childrenOf(element, name).map((child) => child.text.trim());

function corsRule(element: XmlElement): CorsRule {
  requireChildren(element, RULE);
  const rule = {
    allowedOrigins: textsOf(element, 'AllowedOrigin'),
    allowedMethods: textsOf(element, 'AllowedMethod').map(corsMethod),
    allowedHeaders: textsOf(element, 'AllowedHeader'),
    exposeHeaders: textsOf(element, 'ExposeHeader'),
  };
  if (rule.allowedOrigins.length === 0 || rule.allowedMethods.length === 0) throw malformedXml();
  for (const origin of rule.allowedOrigins) requireOneWildcard('AllowedOrigin', origin);
  for (const header of rule.allowedHeaders) requireOneWildcard('AllowedHeader', header);
  for (const header of rule.exposeHeaders) requireName(header);
  const id = textOf(element, 'ID')?.trim();
  const maxAgeSeconds =
    textOf(element, 'MaxAgeSeconds') === undefined ? undefined : integerOf(element, 'MaxAgeSeconds');
  if ((id?.length ?? 0) > CORS_ID_CHARACTERS_MAX) {
    throw new Fault('InvalidArgument', `ID length should not exceed allowed limit of ${CORS_ID_CHARACTERS_MAX}`);
  }
  if (maxAgeSeconds !== undefined && (maxAgeSeconds < 0 || maxAgeSeconds > CORS_MAX_AGE_SECONDS_MAX)) {
    throw malformedXml();
  }
  return {
    ...(id === undefined || id === '' ? {} : { id }),
    ...rule,
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  };
}

function corsMethod(text: string): CorsMethod {
  const method = corsMethods.find((known) => known === text);
  if (method !== undefined) return method;
  throw new Fault('InvalidRequest', `Found unsupported HTTP method in CORS config. Unsupported method is ${text}`);
}

/** What could end a header line, or cannot be in one: it would break the answers that repeat it. */
const UNSAFE = /[^\x21-\x7e]/;

function requireOneWildcard(element: string, text: string): void {
  if (text === '' || UNSAFE.test(text)) throw malformedXml();
  if (text.indexOf('*') === text.lastIndexOf('*')) return;
  throw new Fault('InvalidRequest', `${element} "${text}" can not have more than one wildcard.`);
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'+.^_`|~-]+$/;

function requireName(text: string): void {
  if (text.includes('*')) {
    throw new Fault(
      'InvalidRequest',
      `ExposeHeader "${text}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
    );
  }
  if (!HEADER_NAME.test(text)) throw malformedXml();
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html */
export function corsConfiguration(rules: readonly CorsRule[]): string {
  const writer = createXmlWriter();
  writer.open('CORSConfiguration', `xmlns="${S3_NAMESPACE}"`);
  for (const rule of rules) {
    writer.open('CORSRule');
    writer.leaf('ID', rule.id);
    for (const header of rule.allowedHeaders) writer.leaf('AllowedHeader', header);
    for (const method of rule.allowedMethods) writer.leaf('AllowedMethod', method);
    for (const origin of rule.allowedOrigins) writer.leaf('AllowedOrigin', origin);
    for (const header of rule.exposeHeaders) writer.leaf('ExposeHeader', header);
    writer.leaf('MaxAgeSeconds', rule.maxAgeSeconds);
    writer.close('CORSRule');
  }
  writer.close('CORSConfiguration');
  return writer.end();
}
