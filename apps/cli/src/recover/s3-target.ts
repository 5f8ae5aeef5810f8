import type { SealedClient } from '@sealgate/client';
import { isFault } from '@sealgate/core/faults';
import type { VersionLine } from '@sealgate/engine/recovery';
import { envelopeToMetadata } from '@sealgate/sealed/inspect';
import type { PrefixUri } from '../s3-uri.ts';
import { type OpenedVersion, RecoverError, SGO1 } from './open-version.ts';
import { type RecoveryTarget, versionName } from './target.ts';

/**
 * Objects of a bucket on any S3 endpoint. Of one recovered bucket (`plainKeys`) the keys are kept below the prefix, else
 * they are `<prefix><tenant>/<bucket>/<key>`.
 */
export function createS3Target(
  client: Pick<SealedClient, 'head' | 'putPlain'>,
  { bucket, prefix, plainKeys }: PrefixUri & { readonly plainKeys: boolean },
): RecoveryTarget {
  return {
    nameOf({ header }, { line }, { versions }) {
      const above = plainKeys ? '' : `${header.tenant}/${header.bucket}/`;
      const below = versions ? `%versions/${versionName(line.modifiedAtMs, line.versionId, line.seq)}` : '';
      return `${prefix}${above}${line.key}${below}`;
    },
    async has(key, signal) {
      try {
        await client.head({ bucket, key }, { signal });
        return true;
      } catch {
        signal.throwIfAborted();
        // Not there or not to be asked: written again, which tells more.
        return false;
      }
    },
    async write(key, opened, { version, signal, onBytes }) {
      // A manifest is about the tenant, bucket and key that it was signed for.
      const { contentType, user, manifest: _, ...others } = version.line.headers;
      const source = watched(opened);
      try {
        await client.putPlain(
          { bucket, key },
          { stream: source.stream(), bytes: opened.bytes },
          {
            ...{ contentType, metadata: user, signal },
            headers: { ...headersOf(others), ...tagsOf(version.line), ...envelopeOf(version.line, opened) },
            onProgress: ({ doneBytes }) => onBytes(doneBytes),
          },
        );
      } catch (error) {
        await opened.body.cancel().catch(() => undefined);
        signal.throwIfAborted();
        // What is wrong with the object is told as such; anything else is the endpoint's, whatever code it chose.
        if (source.failure !== undefined) throw source.failure.error;
        throw new RecoverError('failed', targetTrouble(error), { cause: error });
      }
    },
  };
}

function targetTrouble(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isFault(error, 'GatewayUnreachable') ? message : `It could not be written to the target: ${message}`;
}

/** The body, and what went wrong with it. */
function watched({ body }: OpenedVersion) {
  const source: { failure: { readonly error: unknown } | undefined; stream: () => AsyncGenerator<Uint8Array> } = {
    failure: undefined,
    async *stream() {
      const reader = body.getReader();
      for (;;) {
        const next = await reader.read().catch((error: unknown) => {
          source.failure = { error };
          throw error;
        });
        if (next.done) return;
        yield next.value;
      }
    },
  };
  return source;
}

type OtherHeaders = Omit<VersionLine['headers'], 'contentType' | 'manifest' | 'user'>;

const HEADER_NAMES = {
  contentEncoding: 'content-encoding',
  contentDisposition: 'content-disposition',
  contentLanguage: 'content-language',
  cacheControl: 'cache-control',
  expires: 'expires',
  websiteRedirectLocation: 'x-amz-website-redirect-location',
} as const satisfies Record<keyof OtherHeaders, string>;

function headersOf(headers: OtherHeaders): Record<string, string> {
  const named = Object.entries(HEADER_NAMES) as [keyof typeof HEADER_NAMES, string][];
  return Object.fromEntries(
    named.flatMap(([member, name]) => {
      const value = headers[member];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function tagsOf({ tags }: VersionLine): Record<string, string> {
  if (tags === null || Object.keys(tags).length === 0) return {};
  // As encodeURIComponent: not every server takes the plus of a form for a space.
  return { 'x-amz-tagging': new URLSearchParams(tags).toString().replaceAll('+', '%20') };
}

/** What opens a body that stays sealed. Of foreign seals the metadata is that of the user and comes with it. */
function envelopeOf({ envelope }: VersionLine, { sealed }: OpenedVersion): Record<string, string> {
  if (!sealed || envelope?.encryptionAlg !== SGO1) return {};
  return envelopeToMetadata(envelope.encryptedKey, envelope.keyVersion);
}
