import type { BucketName } from '@sealgate/core/names/objects';
import { parseListBucketResult, type RemoteObject } from '@sealgate/s3/browser';
import { PAGE_KEYS_MAX } from '../limits.ts';
import { callForDocument } from '../transport/call.ts';
import type { Transport } from '../transport/transport.ts';

export interface ListOptions {
  readonly prefix?: string | undefined;
  /** `/` lists like folders: what has it after the prefix is folded into `prefixes`. */
  readonly delimiter?: string | undefined;
  readonly startAfter?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListPage {
  /** Sizes are those of the stored bytes: sealed ones of sealed objects. */
  readonly objects: readonly RemoteObject[];
  readonly prefixes: readonly string[];
}

/** The objects of a bucket, page by page, in the order of their keys' bytes. */
export async function* listObjects(
  transport: Transport,
  bucket: BucketName,
  options: ListOptions,
): AsyncGenerator<ListPage, void, undefined> {
  const { signal, prefix, delimiter, startAfter } = options;
  let token: string | undefined;
  do {
    const query: Record<string, string> = {
      'list-type': '2',
      // XML 1.0 cannot hold every legal key.
      'encoding-type': 'url',
      'max-keys': String(PAGE_KEYS_MAX),
      ...(prefix === undefined ? {} : { prefix }),
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(startAfter === undefined ? {} : { 'start-after': startAfter }),
      ...(token === undefined ? {} : { 'continuation-token': token }),
    };
    const request = { method: 'GET', target: { bucket }, query, signal } as const;
    const { document } = await callForDocument(transport, request, parseListBucketResult);
    yield { objects: document.objects, prefixes: document.commonPrefixes };
    const next = document.nextContinuationToken;
    // A server that repeats its token must not keep us here.
    token = document.truncated && next !== token ? next : undefined;
  } while (token !== undefined);
}
