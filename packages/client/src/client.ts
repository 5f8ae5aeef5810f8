import { Fault, isFault } from '@sealgate/core/faults';
import { type BucketName, parseBucketName, parseObjectKey } from '@sealgate/core/names/objects';
import { type GetOptions, getRaw, getSealed, type OpenedObject } from './get/get-object.ts';
import type { Keyring } from './keyring.ts';
import type { Writers } from './manifest/writers.ts';
import { createBucket, deleteBucket, headBucket, type ListedBucket, listBuckets } from './objects/buckets.ts';
import { type DeleteFailure, deleteObject, deleteObjects } from './objects/delete.ts';
import { headObject, type ObjectInfo } from './objects/head.ts';
import { type ListOptions, type ListPage, listObjects } from './objects/list.ts';
import { abortUpload, type ObjectTarget } from './objects/multipart.ts';
import { putPlain, putSealed, sealSource } from './put/put-object.ts';
import type { PutSource } from './put/source.ts';
import type { PutOptions, PutResult, SealedBody, SealedPutOptions } from './put/types.ts';
import { type Credentials, createSign } from './transport/sign.ts';
import { sleep } from './transport/sleep.ts';
import { createTransport } from './transport/transport.ts';
import { parseEndpoint } from './transport/url.ts';

export interface SealedClientOptions {
  /** URL of the S3 listener, for example `https://s3.example.org`. Requests are addressed path-style. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly keys: Keyring;
  /** Whose signatures count, and with which key to sign. When not given, manifests are neither made nor looked at. */
  readonly writers?: Writers | undefined;
  /**
   * The name of the tenant that owns the buckets. Envelopes are bound to it. When not given, the gateway is asked once
   * for each bucket: give it where the gateway should not be trusted with the answer.
   */
  readonly tenant?: string | undefined;
  /** The platform's own when not given. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** For tests: the time of signatures, the waits between attempts and their jitter. */
  readonly now?: (() => number) | undefined;
  readonly sleep?: typeof sleep | undefined;
  readonly random?: (() => number) | undefined;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly versionId?: string | undefined;
  /** Of `head`: ask for the gateway's signed statement that this is the current version. */
  readonly signedHead?: boolean | undefined;
}

/** Names an object with plain text; each method parses it. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

/**
 * An S3 client that seals what it puts and opens what it gets with keys that never leave it. Runs in browsers and Node.
 *
 * All methods throw {@link Fault} for what the server or the network said and SealError for what is wrong with a seal
 * or a key; an aborted signal's reason is thrown as it is.
 */
export interface SealedClient {
  /** Seals a source and stores it; large ones as parallel parts. */
  putSealed(name: ObjectName, source: PutSource, options?: SealedPutOptions): Promise<PutResult>;
  /** Seals a source of known length without sending it anywhere. */
  seal(name: ObjectName, source: PutSource, options?: Pick<Options, 'signal'>): Promise<SealedBody>;
  /** Stores a source as it is. */
  putPlain(name: ObjectName, source: PutSource, options?: PutOptions): Promise<PutResult>;
  /** Opens a sealed object, whole or a range of its plaintext. */
  getSealed(name: ObjectName, options?: GetOptions): Promise<OpenedObject>;
  /** The bytes of an object as they are stored. */
  getRaw(name: ObjectName, options?: GetOptions): Promise<OpenedObject>;
  head(name: ObjectName, options?: Options): Promise<ObjectInfo>;
  delete(name: ObjectName, options?: Options): Promise<void>;
  /** Deletes up to 1000 objects; returns what could not be deleted. */
  deleteMany(bucket: string, keys: readonly string[], options?: Options): Promise<readonly DeleteFailure[]>;
  list(bucket: string, options?: ListOptions): AsyncGenerator<ListPage, void, undefined>;
  listBuckets(options?: Options): Promise<readonly ListedBucket[]>;
  createBucket(
    bucket: string,
    options?: Options & {
      readonly locationConstraint?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    },
  ): Promise<void>;
  deleteBucket(bucket: string, options?: Options): Promise<void>;
  /** The name of the tenant that owns a bucket, as it was given or as the gateway says. */
  tenantOf(bucket: string): Promise<string>;
  /** Forgets an interrupted upload that will not be resumed. */
  abortUpload(name: ObjectName, options: Options & { readonly uploadId: string }): Promise<void>;
}

/** @throws Fault InvalidURI for an endpoint that is no http or https URL */
export function createSealedClient(options: SealedClientOptions): SealedClient {
  const now = options.now ?? Date.now;
  const wait = options.sleep ?? sleep;
  const transport = createTransport({
    endpoint: parseEndpoint(options.endpoint),
    // Not stored unbound: browsers refuse a fetch that is called as another object's method.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    sign: createSign({ credentials: options.credentials, region: options.region, now }),
    sleep: wait,
    random: options.random ?? Math.random,
    now,
  });
  const tenantOf = createTenantLookup(options.tenant, async (bucket) => headBucket(transport, bucket, {}));
  const deps = { transport, tenantOf, keys: options.keys, writers: options.writers, sleep: wait, now };

  return {
    putSealed: async (name, source, put = {}) => putSealed(deps, targetOf(name), { source, options: put }),
    seal: async (name, source, { signal } = {}) => sealSource(deps, targetOf(name), { source, signal }),
    putPlain: async (name, source, put = {}) => putPlain(deps, targetOf(name), { source, options: put }),
    getSealed: async (name, get = {}) => getSealed(deps, targetOf(name), get),
    getRaw: async (name, get = {}) => getRaw(deps, targetOf(name), get),
    head: async (name, call = {}) => headObject(transport, targetOf(name), call),
    delete: async (name, call = {}) => deleteObject(transport, targetOf(name), call),
    deleteMany: async (bucket, keys, call = {}) =>
      deleteObjects(transport, parseBucketName(bucket), { keys: keys.map(parseObjectKey), signal: call.signal }),
    list: (bucket, list = {}) => listObjects(transport, parseBucketName(bucket), list),
    listBuckets: (call = {}) => listBuckets(transport, call),
    createBucket: async (bucket, call = {}) => createBucket(transport, parseBucketName(bucket), call),
    deleteBucket: async (bucket, call = {}) => deleteBucket(transport, parseBucketName(bucket), call),
    tenantOf: (bucket) => tenantOf(parseBucketName(bucket)),
    abortUpload: async (name, { uploadId, signal }) => abortUpload(transport, targetOf(name), { uploadId, signal }),
  };
}

function targetOf({ bucket, key }: ObjectName): ObjectTarget {
  return { bucket: parseBucketName(bucket), key: parseObjectKey(key) };
}

function createTenantLookup(
  fixed: string | undefined,
  ask: (bucket: BucketName) => Promise<Headers>,
): (bucket: BucketName) => Promise<string> {
  const answers = new Map<BucketName, string>();
  return async (bucket) => {
    const known = fixed ?? answers.get(bucket);
    if (known !== undefined) return known;
    const headers = await ask(bucket).catch((error: unknown) => {
      // HEAD has no error document: the bare status deserves its words.
      if (isFault(error, 'NoSuchBucket')) throw new Fault('NoSuchBucket', `There is no bucket "${bucket}".`);
      throw error;
    });
    const tenant = headers.get('x-sealgate-tenant');
    if (tenant === null) {
      throw new Fault('InvalidRequest', 'The endpoint does not tell whose bucket it is. Set the name of the tenant.');
    }
    answers.set(bucket, tenant);
    return tenant;
  };
}
