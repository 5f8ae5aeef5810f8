import type { TLSSocket } from 'node:tls';
import { arnOf, type Lookup, type Principal } from '@sealgate/core/access';
import type { Bucket, ObjectVersion } from '@sealgate/core/ports';
import { headerValue, parseCopySource, parseTaggingHeader } from '@sealgate/s3';
import { clientOf } from '../../net/client-address.ts';
import type { S3Context } from '../context.ts';
import { requestedClass } from '../request-headers.ts';

/** What a question is about, as far as condition keys can ask for it. */
export interface Subject {
  readonly principal: Principal;
  readonly bucket?: Bucket | undefined;
  /** The version that exists, whose tags count. */
  readonly version?: ObjectVersion | undefined;
  /** Values that the request does not have in its headers or query: from its body, or implied. */
  readonly given?: ReadonlyMap<string, string> | undefined;
  /** Tags that the request sets; by default those of `x-amz-tagging`. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

type Value = (context: S3Context, subject: Subject) => string | undefined;

const header =
  (name: string): Value =>
  ({ headers }) =>
    headerValue(headers, name);
const query =
  (name: string): Value =>
  (context) =>
    context.query.get(name);

/** Headers that are condition keys by their own name. */
const HEADERS = [
  'x-amz-acl',
  'x-amz-content-sha256',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-metadata-directive',
  'x-amz-object-ownership',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-website-redirect-location',
  'if-match',
  'if-none-match',
];

const DAY_MS = 24 * 60 * 60 * 1000;
const AUTH_TYPES = { header: 'REST-HEADER', query: 'REST-QUERY-STRING', post: 'POST' } as const;

/** Single values by the normalized name of their key. */
const VALUES: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['aws:currenttime', ({ clock }) => new Date(clock.now()).toISOString()],
  ['aws:epochtime', ({ clock }) => String(Math.floor(clock.now() / 1000))],
  ['aws:principalaccount', (_, { principal }) => (principal.kind === 'user' ? principal.accounts[0] : undefined)],
  ['aws:principalarn', (_, { principal }) => (principal.kind === 'user' ? arnOf(principal) : undefined)],
  ['aws:principalisawsservice', () => 'false'],
  ['aws:principaltype', (_, { principal }) => principalType(principal)],
  ['aws:referer', header('referer')],
  ['aws:requestedregion', ({ region }) => region],
  ['aws:resourceaccount', (_, { bucket }) => bucket?.tenantName],
  ['aws:securetransport', ({ request }) => String(clientOf(request).secure)],
  ['aws:sourceip', ({ request }) => clientOf(request).address],
  ['aws:useragent', header('user-agent')],
  ['aws:viaawsservice', () => 'false'],
  // What AWS shows for a caller without an account.
  ['aws:userid', (_, { principal }) => (principal.kind === 'user' ? principal.userId : 'anonymous')],
  ['aws:username', (_, { principal }) => (principal.kind === 'user' ? principal.userName : undefined)],
  ['s3:authtype', ({ caller }) => (caller.kind === 'anonymous' ? undefined : AUTH_TYPES[caller.signature.via])],
  ['s3:delimiter', query('delimiter')],
  ['s3:max-keys', query('max-keys')],
  ['s3:object-lock-legal-hold', header('x-amz-object-lock-legal-hold')],
  ['s3:object-lock-mode', header('x-amz-object-lock-mode')],
  ['s3:object-lock-retain-until-date', header('x-amz-object-lock-retain-until-date')],
  ['s3:prefix', query('prefix')],
  ['s3:resourceaccount', (_, { bucket }) => bucket?.tenantName],
  ['s3:signatureage', signatureAge],
  ['s3:signatureversion', ({ caller }) => (caller.kind === 'anonymous' ? undefined : caller.signature.version)],
  ['s3:tlsversion', tlsVersion],
  ['s3:versionid', query('versionId')],
  ['s3:x-amz-copy-source', copySource],
  // Whichever header names the class: a condition on one of them must not be passed by with the other.
  ['s3:x-amz-storage-class', ({ headers }) => requestedClass(headers)],
  ...HEADERS.map((name): [string, Value] => [`s3:${name}`, header(name)]),
]);

function principalType(principal: Principal): string | undefined {
  if (principal.kind === 'anonymous') return 'Anonymous';
  if (principal.kind === 'service') return undefined;
  return principal.userName === undefined ? 'AssumedRole' : 'User';
}

function signatureAge({ caller, clock }: S3Context): string | undefined {
  if (caller.kind === 'anonymous' || caller.signature.signedAtMs === undefined) return undefined;
  return String(Math.max(0, clock.now() - caller.signature.signedAtMs));
}

function tlsVersion({ request }: S3Context): string | undefined {
  const protocol = (request.socket as Partial<TLSSocket>).getProtocol?.();
  return protocol?.startsWith('TLSv') === true ? protocol.slice('TLSv'.length) : undefined;
}

/** `bucket/key`, decoded, however the client wrote it. */
function copySource({ headers }: S3Context): string | undefined {
  const text = headerValue(headers, 'x-amz-copy-source');
  if (text === undefined) return undefined;
  const { bucket, key } = parseCopySource(text);
  return `${bucket}/${key}`;
}

const EXISTING_TAG = 's3:existingobjecttag/';
const REQUEST_TAG = 's3:requestobjecttag/';

/** Answers condition keys for one question; nothing is worked out before a policy asks for it. */
export function conditionValues(context: S3Context, subject: Subject): Lookup {
  return (key) => {
    const given = subject.given?.get(key);
    if (given !== undefined) return [given];
    if (key.startsWith(EXISTING_TAG)) return list(member(subject.version?.tags, key.slice(EXISTING_TAG.length)));
    if (key.startsWith(REQUEST_TAG)) return list(member(requestTags(context, subject), key.slice(REQUEST_TAG.length)));
    if (key === 's3:requestobjecttagkeys') return Object.keys(requestTags(context, subject));
    if (key === 's3:object-lock-remaining-retention-days') return list(remainingDays(context, subject));
    return list(VALUES.get(key)?.(context, subject));
  };
}

const list = (value: string | undefined): readonly string[] | undefined => (value === undefined ? undefined : [value]);

/** A tag may have the name of what every object inherits. */
function member(record: Readonly<Record<string, string>> | null | undefined, name: string): string | undefined {
  return record != null && Object.hasOwn(record, name) ? record[name] : undefined;
}

function requestTags({ headers }: S3Context, { tags }: Subject): Readonly<Record<string, string>> {
  if (tags !== undefined) return tags;
  const text = headerValue(headers, 'x-amz-tagging');
  return text === undefined ? {} : Object.fromEntries(parseTaggingHeader(text).map(({ key, value }) => [key, value]));
}

function remainingDays(context: S3Context, { given }: Subject): string | undefined {
  const key = 's3:object-lock-retain-until-date';
  const until = given?.get(key) ?? headerValue(context.headers, 'x-amz-object-lock-retain-until-date');
  const untilMs = until === undefined ? Number.NaN : Date.parse(until);
  return Number.isNaN(untilMs) ? undefined : String(Math.max(0, Math.ceil((untilMs - context.clock.now()) / DAY_MS)));
}
