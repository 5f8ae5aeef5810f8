import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '@sealgate/core/faults';
import type { BucketName, ObjectKey } from '@sealgate/core/names';
import type {
  AuditActor,
  Bucket,
  Clock,
  EnvelopeRecord,
  Metadata,
  StoredHeaders,
  WebhookSender,
} from '@sealgate/core/ports';
import type { Engine } from '@sealgate/engine';
import type { FormFields, Query, RequestHeaders, S3Operation, SignedPayload } from '@sealgate/s3';
import type { Heads } from '../audit/heads.ts';
import type { Keyrings } from '../keyrings/keyrings.ts';
import type { Caller } from './access/caller.ts';
import type { RequestAccess } from './access/request-access.ts';
import type { EncryptionSettings } from './encryption/settings.ts';
import type { ByteBudget } from './forms/byte-budget.ts';
import type { LifecycleDocuments } from './lifecycle-documents.ts';
import type { RequestPart } from './observer.ts';

/** What every operation may use. */
export interface S3Services {
  readonly engine: Engine;
  readonly keyrings: Pick<Keyrings, 'rulesOf'>;
  readonly webhooks: WebhookSender;
  readonly metadata: Metadata;
  readonly lifecycles: LifecycleDocuments;
  readonly clock: Clock;
  /** The region that requests are signed for and buckets are made in. */
  readonly region: string;
  /** Base of object URLs in answers, without a slash at its end. */
  readonly publicUrl: string;
  readonly encryption: EncryptionSettings;
  readonly heads: Heads;
}

/** What an answer tells of a version besides its bytes and what S3 has headers for. */
export interface ToldVersion {
  readonly envelope: EnvelopeRecord | null;
  readonly redundancyClass: string;
  readonly headers: Pick<StoredHeaders, 'manifest'>;
}

/** One request whose signature, if it has one, was verified. Handlers answer through `response` and throw Faults. */
export interface S3Context extends S3Services {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly operation: S3Operation;
  readonly query: Query;
  readonly headers: RequestHeaders;
  /** The headers in which an answer tells what a client brought along with a version. */
  readonly headersOfVersion: (version: ToldVersion) => Readonly<Record<string, string>>;
  /** `tenantOf(caller)` where only a tenant makes sense. */
  readonly caller: Caller;
  /** In which bucket names of this request are looked up. */
  readonly namespace: string;
  readonly access: RequestAccess;
  /** Decides whether the caller may do what the context's operation is; asked once, answered from memory. @throws Fault AccessDenied, NoSuchBucket */
  readonly authorize: (context: S3Context) => Promise<Bucket | undefined>;
  /** A bucket by its name, whoever may use it. The addressed one's cross-origin rules join the answer then. */
  readonly findBucket: (name: BucketName) => Promise<Bucket | undefined>;
  /** Where files of forms are held while their length is not known. */
  readonly formMemory: ByteBudget;
  /** The same request as sent by who signed its form: only a form's fields say that. @throws Fault of the signature */
  readonly authenticateForm: (fields: FormFields) => Promise<S3Context>;
  /** What the request did to further objects, for who keeps a log of them. Only of buckets that have one. */
  readonly parts: RequestPart[];
  readonly payload: SignedPayload;
  readonly actor: AuditActor;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export type S3Handler = (context: S3Context) => Promise<void>;

/**
 * The bucket that the request names, when the caller may do with it what the operation does.
 * @throws Fault NoSuchBucket, AccessDenied
 */
export async function requireBucket(context: S3Context): Promise<Bucket> {
  const bucket = await context.authorize(context);
  if (bucket === undefined) throw new Fault('InvalidRequest', 'The request names no bucket.');
  return bucket;
}

export function requireKey(context: S3Context): ObjectKey {
  const { operation } = context;
  if (operation.level !== 'object') throw new Fault('InvalidRequest', 'The request names no object.');
  return operation.key;
}
