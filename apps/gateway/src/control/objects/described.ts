import { expectedHeaders, objectHeaders } from './object-headers.ts';

type Json = Record<string, unknown>;

const text = (description: string): Json => ({ description, schema: { type: 'string' } });
const parameter = (place: 'path' | 'query' | 'header', name: string, description: string): Json => ({
  name,
  in: place,
  required: place === 'path',
  ...text(description),
});

/** Written as HTTP names are in prose. */
const shown = (name: string): string => name.replaceAll(/(^|-)[a-z]/g, (part) => part.toUpperCase());
const said = (name: string, description: string): readonly [string, Json] => [shown(name), text(description)];

const ENVELOPE = [
  said(
    objectHeaders.encryptedKey,
    'The key envelope (docs/spec/sealed-objects.md), base64url of its JSON; requests may bring the JSON itself.',
  ),
  said(objectHeaders.keyId, 'Of the first recipient: the thumbprint URI of its public key.'),
  said(objectHeaders.keyVersion, "That key's version in its owner's keyring, from 1."),
  said(objectHeaders.keyAlg, 'How the data key is wrapped for the first recipient.'),
  said(objectHeaders.encryptionAlg, 'How the body is encrypted: sgo1/floe-a256gcm-64k.'),
];
const MANIFEST = said(
  objectHeaders.manifest,
  'What the writer signed about the object, a compact JWS; held to the bytes that are received.',
);
const CLASS = said(objectHeaders.redundancyClass, "The redundancy class; the bucket's own when a request names none.");
const ETAG = said('etag', 'Of the stored bytes.');
const VERSION = said('x-amz-version-id', 'The version, in buckets that keep them.');
const ACKED = said('x-sealgate-acked-by', 'Backends that hold a verified copy.');
const LENGTH = said('content-length', 'Bytes.');

const asHeaders = (list: readonly (readonly [string, Json])[]): Json => Object.fromEntries(list);
const asParameters = (list: readonly (readonly [string, Json])[]): Json[] =>
  list.map(([name, facts]) => ({ name, in: 'header', required: false, ...facts }));

const WHERE = [
  parameter('path', 'bucket', 'A bucket of the caller, or one whose policy lets it in.'),
  parameter('path', 'key', 'All the rest of the path, slashes included.'),
];
const WHICH = parameter('query', 'versionId', 'A version; the current one when absent.');
const CONDITIONS = ['If-Match', 'If-None-Match'].map((name) => parameter('header', name, 'An ETag, or *.'));
const AGES = ['If-Modified-Since', 'If-Unmodified-Since'].map((name) => parameter('header', name, 'A date.'));
const BYTES: Json = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
const NOTE =
  'What S3 says of this operation holds: access keys and policies, quotas, conditions, tags and locks in x-amz-* headers, checksums, chunked bodies.';

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Json[];
  readonly body?: boolean;
  readonly answers: Json;
}

const described: Readonly<Record<string, Described>> = {
  put: {
    operationId: 'putObject',
    summary: 'Stores a sealed object',
    description: `${NOTE} Answered when the acknowledgement rule of the class holds and the metadata is committed.`,
    parameters: [...asParameters([...ENVELOPE, MANIFEST, CLASS]), ...CONDITIONS],
    body: true,
    answers: { 200: { description: 'Acknowledged', headers: asHeaders([ETAG, VERSION, CLASS, ACKED]) } },
  },
  get: {
    operationId: 'getObject',
    summary: 'Reads an object as it is stored',
    description: NOTE,
    parameters: [WHICH, parameter('header', 'Range', 'One range of bytes.'), ...CONDITIONS, ...AGES],
    answers: {
      200: {
        description: 'The object',
        headers: asHeaders([ETAG, VERSION, CLASS, ...ENVELOPE, MANIFEST]),
        content: BYTES,
      },
      206: {
        description: 'The range',
        headers: asHeaders([ETAG, VERSION, CLASS, ...ENVELOPE, MANIFEST]),
        content: BYTES,
      },
      304: { description: 'The copy that the conditions name is still the object' },
    },
  },
  head: {
    operationId: 'headObject',
    summary: 'Tells of an object without its bytes',
    description: `${NOTE} An error has no body; its code is in X-Sealgate-Fault.`,
    parameters: [WHICH, parameter('header', 'Range', 'One range of bytes.'), ...CONDITIONS, ...AGES],
    answers: {
      200: { description: 'It is there', headers: asHeaders([ETAG, VERSION, CLASS, LENGTH, ...ENVELOPE, MANIFEST]) },
    },
  },
  patch: {
    operationId: 'rewrapObject',
    summary: 'Puts another key envelope in the place of the one there; the bytes stay',
    description:
      'Rotation of keys, a compare-and-swap: 412 (PreconditionFailed) when the envelope there is not the expected one. Needs the right s3:UpdateObjectEncryption. The new envelope must be for this object and body and one that the bucket takes. No body. Many at once: PATCH /proxy/envelopes.',
    parameters: [
      WHICH,
      ...asParameters(ENVELOPE),
      parameter(
        'header',
        shown(expectedHeaders.keyVersion),
        'The version to be replaced; one less than X-Key-Version when absent.',
      ),
      parameter('header', shown(expectedHeaders.keyId), 'The key id to be replaced; any when absent.'),
      parameter('header', 'If-Match', 'The ETag of the object that is meant.'),
      parameter(
        'header',
        'X-Amz-Bypass-Governance-Retention',
        'true: also under GOVERNANCE retention, for who has the right.',
      ),
    ],
    answers: { 204: { description: 'Changed', headers: asHeaders([ETAG, VERSION, CLASS, ...ENVELOPE]) } },
  },
  delete: {
    operationId: 'deleteObject',
    summary: 'Removes an object, or one version of it for good',
    description: `${NOTE} In a bucket with versions, removing without a version adds a delete marker.`,
    parameters: [WHICH, CONDITIONS[0] ?? {}],
    answers: { 204: { description: 'It is not there (any more)', headers: asHeaders([VERSION]) } },
  },
};

/** The calls about objects, as the OpenAPI document has them. Their bodies are streams, so no schemas describe them. */
export function describeObjects(problem: Json): Json {
  const operations = Object.entries(described).map(([method, { parameters, body, answers, ...facts }]) => [
    method,
    {
      ...facts,
      tags: ['objects'],
      security: [{ signature: [] }],
      'x-sealgate-access': { roles: ['tenant'], of: 'caller' },
      parameters: [...WHERE, ...parameters],
      ...(body === true ? { requestBody: { required: true, content: BYTES } } : {}),
      responses: { ...answers, default: problem },
    },
  ]);
  return { '/objects/{bucket}/{key}': Object.fromEntries(operations) as Json };
}
