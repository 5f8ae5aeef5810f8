import { Fault } from '@sealgate/core/faults';
import { headerValue, type RequestHeaders } from '@sealgate/s3';
import {
  type EnvelopeSummary,
  envelopeToMetadata,
  isEnvelopeHeader,
  manifestHeader,
  type ParsedEnvelope,
  parseEnvelope,
  SealError,
  summariseEnvelope,
} from '@sealgate/sealed/inspect';
import type { ToldVersion } from '../../s3/context.ts';

/** What a request for an object is said in besides S3's own headers, and its answer too. */
export const objectHeaders = {
  encryptedKey: 'x-encrypted-key',
  keyId: 'x-key-id',
  keyVersion: 'x-key-version',
  keyAlg: 'x-key-alg',
  encryptionAlg: 'x-encryption-alg',
  redundancyClass: 'x-redundancy-class',
  /** What the writer signed about the object. */
  manifest: 'x-sealgate-manifest',
} as const;

/** What a change of an envelope replaces. */
export const expectedHeaders = { keyId: 'x-expected-key-id', keyVersion: 'x-expected-key-version' } as const;

const EXPECTED: ReadonlySet<string> = new Set(Object.values(expectedHeaders));
const NAMES: ReadonlySet<string> = new Set(Object.values(objectHeaders));

/** True for headers that decide something and so must be covered by a request's signature. */
export const isObjectHeader = (name: string): boolean =>
  NAMES.has(name) || EXPECTED.has(name) || name.startsWith('x-sealgate-');

/**
 * The headers of a request as S3 calls them. What the client says of its envelope must be what the envelope says.
 * @throws Fault ValidationFailed
 */
export function toS3Headers(headers: RequestHeaders): RequestHeaders {
  const said = Object.keys(headers).filter((name) => NAMES.has(name));
  if (said.length === 0) return headers;
  const rest = Object.fromEntries(Object.entries(headers).filter(([name]) => !NAMES.has(name)));
  const redundancyClass = headerValue(headers, objectHeaders.redundancyClass);
  return {
    ...rest,
    ...(redundancyClass === undefined ? {} : { 'x-sealgate-redundancy-class': redundancyClass }),
    ...manifestOf(headers),
    ...envelopeOf(headers),
  };
}

function manifestOf(headers: RequestHeaders): Readonly<Record<string, string>> {
  const manifest = headerValue(headers, objectHeaders.manifest);
  return manifest === undefined ? {} : { [manifestHeader]: manifest };
}

function envelopeOf(headers: RequestHeaders): Readonly<Record<string, string>> {
  const text = headerValue(headers, objectHeaders.encryptedKey);
  const about = [objectHeaders.keyId, objectHeaders.keyVersion, objectHeaders.keyAlg, objectHeaders.encryptionAlg];
  if (text === undefined) {
    const lonely = about.find((name) => headers[name] !== undefined);
    if (lonely === undefined) return {};
    throw new Fault(
      'ValidationFailed',
      `${lonely} says something of an envelope that ${objectHeaders.encryptedKey} does not bring.`,
    );
  }
  if (Object.keys(headers).some(isEnvelopeHeader)) {
    throw new Fault(
      'ValidationFailed',
      `Bring the envelope once: in ${objectHeaders.encryptedKey} or in x-amz-meta-sealgate-envelope.`,
    );
  }
  const keyVersion = keyVersionOf(headers, objectHeaders.keyVersion) ?? 1;
  const envelope = readEnvelope(text);
  requireSaid(headers, summariseEnvelope({ envelope, keyVersion }));
  return envelopeToMetadata(envelope.text, keyVersion);
}

/** The envelope as JSON, or as base64 or base64url of it. */
function readEnvelope(text: string): ParsedEnvelope {
  try {
    return parseEnvelope(text.startsWith('{') ? text : Buffer.from(text, 'base64'));
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw new Fault('ValidationFailed', `${objectHeaders.encryptedKey} is no key envelope (${error.message}).`, {
      detail: { Reason: error.code },
      cause: error,
    });
  }
}

/** @throws Fault ValidationFailed */
export function keyVersionOf(headers: RequestHeaders, name: string): number | undefined {
  const text = headerValue(headers, name);
  if (text === undefined) return undefined;
  const version = Number(text);
  if (/^[1-9][0-9]{0,9}$/.test(text) && version < 2 ** 31) return version;
  throw new Fault('ValidationFailed', `${name} is a whole number from 1 to 2147483647.`);
}

function requireSaid(headers: RequestHeaders, envelope: EnvelopeSummary): void {
  const facts = [
    [objectHeaders.keyId, envelope.keyId],
    [objectHeaders.keyAlg, envelope.keyAlg],
    [objectHeaders.encryptionAlg, envelope.encryptionAlg],
  ] as const;
  for (const [name, fact] of facts) {
    const value = headerValue(headers, name);
    if (value === undefined || value === fact) continue;
    throw new Fault(
      'ValidationFailed',
      `${name} is not what the envelope says of its first recipient: ${fact ?? 'nothing'}.`,
    );
  }
}

/** What an answer tells of a version. */
export function fromVersion({ envelope, redundancyClass, headers }: ToldVersion): Readonly<Record<string, string>> {
  return {
    ...(headers.manifest === undefined ? {} : { [objectHeaders.manifest]: headers.manifest }),
    [objectHeaders.redundancyClass]: redundancyClass,
    ...(envelope === null
      ? {}
      : {
          [objectHeaders.encryptedKey]: Buffer.from(envelope.encryptedKey).toString('base64url'),
          [objectHeaders.keyId]: envelope.keyId,
          [objectHeaders.keyVersion]: String(envelope.keyVersion),
          [objectHeaders.keyAlg]: envelope.keyAlg,
          [objectHeaders.encryptionAlg]: envelope.encryptionAlg,
        }),
  };
}
