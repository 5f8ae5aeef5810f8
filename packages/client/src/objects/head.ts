import { Fault } from '@sealgate/core/faults';
import {
  envelopeFromMetadata,
  isEnvelopeHeader,
  manifestHeader,
  type ParsedEnvelope,
  plaintextLengthOf,
} from '@sealgate/sealed/inspect';
import { callForHeaders } from '../transport/call.ts';
import type { Transport } from '../transport/transport.ts';
import type { ObjectTarget } from './multipart.ts';

/** What is told about an object without its body. Only what lies inside of the seal is authenticated. */
export interface ObjectInfo {
  /** Bytes as stored: sealed ones when there is an envelope. */
  readonly bytes: number;
  /** Undefined when it is not sealed. */
  readonly plaintextBytes: number | undefined;
  readonly etag: string | undefined;
  readonly versionId: string | undefined;
  readonly modifiedAtMs: number | undefined;
  readonly contentType: string | undefined;
  readonly redundancyClass: string | undefined;
  /** What the gateway's inspection of the seal found. */
  readonly verdict: string | undefined;
  /** A compact JWS (docs/spec/audit.md), when it was asked for. */
  readonly signedHead: string | undefined;
  /** User metadata without its prefix and without what belongs to a seal. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What its writer signed about it, as it came. Nobody has checked it yet. */
  readonly manifest: string | undefined;
  readonly seal: { readonly envelope: ParsedEnvelope; readonly keyVersion: number } | undefined;
}

const META = 'x-amz-meta-';

export async function headObject(
  transport: Transport,
  target: ObjectTarget,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly versionId?: string | undefined;
    /** Ask for the gateway's signed statement that this is the current version. */
    readonly signedHead?: boolean | undefined;
  },
): Promise<ObjectInfo> {
  const { signal, versionId, signedHead = false } = options;
  const query = versionId === undefined ? {} : { versionId };
  const headers = signedHead ? { 'x-sealgate-head': 'sign' } : {};
  return objectInfo(await callForHeaders(transport, { method: 'HEAD', target, query, headers, signal }));
}

/**
 * Reads the headers of an answer to GET (of the whole object) or HEAD.
 * @throws Fault InternalError without a length; SealError for an envelope that is none
 */
export function objectInfo(headers: Headers): ObjectInfo {
  const length = headers.get('content-length');
  if (length === null || !/^\d{1,16}$/.test(length)) {
    throw new Fault('InternalError', 'The server did not say how long the object is.');
  }
  const bytes = Number(length);
  const all = Object.fromEntries(headers);
  const seal = envelopeFromMetadata(all);
  const isOfSeal = (name: string): boolean => isEnvelopeHeader(name) || name === manifestHeader;
  const metadata = Object.entries(all).filter(([name]) => name.startsWith(META) && !isOfSeal(name));
  const modifiedAtMs = Date.parse(headers.get('last-modified') ?? '');
  return {
    bytes,
    plaintextBytes: seal === undefined ? undefined : plaintextLengthOf(bytes),
    etag: headers.get('etag')?.replaceAll('"', ''),
    versionId: headers.get('x-amz-version-id') ?? undefined,
    modifiedAtMs: Number.isNaN(modifiedAtMs) ? undefined : modifiedAtMs,
    contentType: headers.get('content-type') ?? undefined,
    redundancyClass: headers.get('x-sealgate-class') ?? headers.get('x-amz-storage-class') ?? undefined,
    verdict: headers.get('x-sealgate-verdict') ?? undefined,
    signedHead: headers.get('x-sealgate-head') ?? undefined,
    metadata: Object.fromEntries(metadata.map(([name, value]) => [name.slice(META.length), value])),
    manifest: headers.get(manifestHeader) ?? undefined,
    seal,
  };
}
