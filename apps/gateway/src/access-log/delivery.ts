import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import { newDataKey } from '@sealgate/core/keys';
import { parseObjectKey } from '@sealgate/core/names';
import { type Bucket, type Clock, type Metadata, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import type { BodySource, Engine } from '@sealgate/engine';
import type { Keyrings } from '../keyrings/keyrings.ts';
import { createReadBucketAccess } from '../s3/access/bucket-access.ts';
import { createPolicies } from '../s3/access/policies.ts';
import { defaultEncryption, type EncryptionSettings } from '../s3/encryption/settings.ts';
import { type GovernedBucket, govern } from '../s3/governed.ts';
import { LOG_WRITE_TIMEOUT_MS } from './limits.ts';
import { logKey } from './log-key.ts';
import { mayDeliver } from './permission.ts';
import type { StoredLogging } from './stored-logging.ts';

export interface LogObject {
  readonly source: Bucket;
  readonly logging: StoredLogging;
  /** The day that the records are of, UTC. */
  readonly eventDayMs: number;
  readonly text: string;
}

/** Writes one log object. @throws Fault of the target or of the write */
export type DeliverLog = (object: LogObject) => Promise<void>;

const ACTOR = { kind: 'system', id: 'log-delivery', requestId: '' } as const;
const UNIQUE_BYTES = 8;

export function createLogDelivery(deps: {
  readonly metadata: Pick<Metadata, 'bucket'>;
  readonly engine: Pick<Engine, 'putObject' | 'policies'>;
  readonly keyrings: Pick<Keyrings, 'rulesOf'>;
  readonly encryption: EncryptionSettings;
  readonly clock: Clock;
}): DeliverLog {
  const { metadata, engine, keyrings, encryption, clock } = deps;
  const readBucketAccess = createReadBucketAccess(createPolicies());

  return async ({ source, logging, eventDayMs, text }) => {
    const atMs = clock.now();
    const unique = randomBytes(UNIQUE_BYTES).toString('hex').toUpperCase();
    const key = parseObjectKey(logKey(logging, source, { atMs, eventDayMs, unique }));
    const found = await metadata.bucket(source.namespace, logging.targetBucket);
    if (found === undefined) throw new Fault('NoSuchBucket', 'The bucket for the log is no more.');
    const target = await govern({ engine, keyrings }, found);
    const why = cannotTakeLogs(source, target) ?? policyAgainstLogs(target);
    if (why !== undefined) throw new Fault('InvalidTargetBucketForLogging', why);
    if (!mayDeliver(readBucketAccess, { source, target }, { prefix: logging.targetPrefix, key })) {
      throw new Fault('AccessDenied', 'The bucket for the log does not let it in any more.');
    }
    const data = Buffer.from(text, 'utf8');
    const { acl } = logging;
    const late = new AbortController();
    const cancel = clock.schedule(LOG_WRITE_TIMEOUT_MS, () => late.abort());
    try {
      await engine.putObject({
        bucket: target,
        key,
        body: bodyOf(data),
        headers: { contentType: 'text/plain' },
        tags: null,
        ...(await encrypted(target, key)),
        requestedClass: undefined,
        preconditions: {},
        actor: ACTOR,
        signal: late.signal,
      });
    } finally {
      cancel();
    }

    async function encrypted(bucket: Bucket, name: typeof key) {
      const attributes = { ...PLAIN_ATTRIBUTES, acl };
      if (defaultEncryption(encryption, bucket) === 'none') return { attributes };
      const dataKey = newDataKey();
      const wrapped = await encryption.objectKeys.wrap({ bucketId: bucket.id, key: name }, dataKey);
      return { attributes: { ...attributes, encryption: { kind: 'SSE-S3' as const, ...wrapped } }, dataKey };
    }
  };
}

/** Policies may ask for what buckets themselves do not. */
function policyAgainstLogs({ objectLock, rules }: GovernedBucket): string | undefined {
  if (rules.envelopes.manifest !== null)
    return 'The policy of the target bucket for logging takes only what a writer signed, and logs are written by the gateway.';
  const { minimumDays, byDefault } = rules.retention;
  if (minimumDays === 0 && (byDefault === null || !objectLock)) return undefined;
  return 'The policy of the target bucket for logging asks for retention.';
}

/** Why a bucket cannot take the log of another one; undefined when it can. */
export function cannotTakeLogs(source: Bucket, target: Bucket): string | undefined {
  if (target.tenantId !== source.tenantId)
    return 'The owner for the bucket to be logged and the target bucket must be the same.';
  if (target.region !== source.region)
    return 'The target bucket for logging must be in the same region as the bucket that is logged.';
  if (target.encryption === 'required') {
    return 'The target bucket takes only what its owner sealed (encryption "required"), and logs are written by the gateway. Choose a bucket with encryption "report" or "off".';
  }
  if (target.configs['request-payment'] !== undefined)
    return 'The target bucket for logging must not have Requester Pays enabled.';
  if (target.configs['object-lock'] !== undefined)
    return 'The target bucket for logging must not have a default retention.';
  return undefined;
}

function bodyOf(data: Buffer): BodySource {
  const md5 = createHash('md5').update(data).digest();
  return {
    bytes: data.length,
    chunks: Readable.from([data]),
    facts: () => Promise.resolve({ md5, checksum: null, verdict: null, envelope: null }),
  };
}
