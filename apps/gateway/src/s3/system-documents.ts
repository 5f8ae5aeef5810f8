import { createHash } from 'node:crypto';
import { DELETE_KEYS_MAX } from '@sealgate/core/limits';
import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import {
  CAPACITY_DOCUMENT_KEY,
  capacityDocument,
  formatHttpDate,
  parseReadConditions,
  requireReadConditions,
  SYSTEM_DOCUMENT_KEY,
  systemDocument,
} from '@sealgate/s3';
import { versionAt } from './access/versions.ts';
import { requireBucket, type S3Context } from './context.ts';

/** Large blocks make few objects; each one costs as many requests as it has copies. */
const BLOCK_KIB = 4096;
/** A tenant without a bound: what backends could hold is theirs to know. */
const UNKNOWN = -1;

/** By their keys; none of them is ever stored, listed or deleted. */
const documents: ReadonlyMap<string, (owned: Owned) => string> = new Map([
  [
    SYSTEM_DOCUMENT_KEY,
    ({ capacity }) =>
      systemDocument({
        modelName: 'Sealgate',
        capacityInfo: capacity !== UNKNOWN,
        deleteKeysMax: DELETE_KEYS_MAX,
        blockKib: BLOCK_KIB,
      }),
  ],
  [CAPACITY_DOCUMENT_KEY, capacityDocument],
]);

/**
 * Answers a read of one of the two documents by which backup products see what they stand before, unless the bucket has
 * an object of that name: whoever put one there says more than we know.
 * @returns false when the request is about something else
 * @throws Fault AccessDenied, NoSuchBucket, of the conditions of a read
 */
export async function answerSystemDocument(context: S3Context): Promise<boolean> {
  const { operation, query, headers, response, request } = context;
  if (operation.level !== 'object' || query.has('versionId')) return false;
  const document = documents.get(operation.key);
  if (document === undefined) return false;
  const bucket = await requireBucket(context);
  if (await isStored(context, bucket, operation.key)) return false;
  const text = document(await ownedBy(context, bucket));
  const etag = createHash('md5').update(text).digest('hex');
  const modifiedAtMs = bucket.createdAtMs;
  response.setHeader('etag', `"${etag}"`);
  response.setHeader('last-modified', formatHttpDate(modifiedAtMs));
  requireReadConditions(parseReadConditions(headers), { etag, modifiedAtMs });
  response.setHeader('content-type', 'application/xml');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.writeHead(200).end(request.method === 'HEAD' ? undefined : text);
  return true;
}

/** What the bucket's owner has and may have, in bytes. */
interface Owned {
  readonly capacity: number;
  readonly available: number;
  readonly used: number;
}

async function ownedBy({ metadata }: S3Context, { tenantId }: Bucket): Promise<Owned> {
  const [tenant, stored] = await Promise.all([metadata.tenant(tenantId), metadata.tenantStored(tenantId)]);
  const capacity = tenant?.quotas.bytes ?? UNKNOWN;
  const available = capacity === UNKNOWN ? UNKNOWN : Math.max(0, capacity - stored.bytes);
  return { capacity, available, used: stored.bytes };
}

async function isStored(context: S3Context, bucket: Bucket, key: ObjectKey): Promise<boolean> {
  const current = await versionAt(context, { bucket, key, versionId: undefined });
  return current !== undefined && !current.deleteMarker;
}
