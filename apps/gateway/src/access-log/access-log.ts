import type { Bucket, Clock } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import { LRUCache } from 'lru-cache';
import { ANONYMOUS_NAMESPACE } from '../s3/access/caller.ts';
import type { FinishedRequest, RequestObserver } from '../s3/observer.ts';
import type { DeliverLog } from './delivery.ts';
import {
  LOG_ATTEMPTS_MAX,
  LOG_BUCKETS_REMEMBERED_MAX,
  LOG_OBJECT_BYTES,
  LOG_RETRY_MS,
  LOG_WAITING_BYTES_MAX,
} from './limits.ts';
import { partRecord, requestRecord } from './record.ts';
import { loggingOf, type StoredLogging } from './stored-logging.ts';

export interface AccessLogEvents {
  delivered(records: number): void;
  lost(records: number, reason: string): void;
}

/**
 * The access logs of all buckets that have one, as one process sees them. Records wait in memory until there are enough of
 * them or they are old enough, then they are written as one object. As at AWS this is best effort: a process that is
 * killed loses what waits, a target that cannot be written to loses what cannot wait any longer, and requests are never
 * held up.
 */
export interface AccessLog {
  readonly observe: RequestObserver;
  /** Writes what waits. */
  close(): Promise<void>;
}

interface Batch {
  readonly source: Bucket;
  readonly logging: StoredLogging;
  readonly eventDayMs: number;
  readonly lines: string[];
  bytes: number;
  cancel: () => void;
}

export interface AccessLogDeps {
  readonly deliver: DeliverLog;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  readonly events: AccessLogEvents;
  /** The age of a record by which it is written. */
  readonly flushMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export function createAccessLog(deps: AccessLogDeps): AccessLog {
  const { clock, events } = deps;
  const batches = new Map<string, Batch>();
  const writing = new Set<Promise<void>>();
  // Of the namespace that callers without a tenant look in: whoever fails to sign is looked for there.
  const logged = new LRUCache<string, Bucket>({ max: LOG_BUCKETS_REMEMBERED_MAX });
  let waitingBytes = 0;
  let closing = false;

  const flush = (id: string, batch: Batch): void => {
    batches.delete(id);
    batch.cancel();
    const work = write(deps, batch, () => closing).finally(() => {
      waitingBytes -= batch.bytes;
      writing.delete(work);
    });
    writing.add(work);
  };

  const add = (source: Bucket, finished: FinishedRequest, record: string): void => {
    const { logging: document } = source.configs;
    if (document === undefined) return;
    const bytes = Buffer.byteLength(record) + 1;
    if (waitingBytes + bytes > LOG_WAITING_BYTES_MAX) {
      events.lost(1, 'full');
      return;
    }
    const eventDayMs = Math.floor(finished.endedAtMs / DAY_MS) * DAY_MS;
    const id = `${source.id} ${eventDayMs} ${document}`;
    const batch = batches.get(id) ?? begin(id, source, eventDayMs);
    batch?.lines.push(record);
    if (batch === undefined) return;
    batch.bytes += bytes;
    waitingBytes += bytes;
    if (batch.bytes >= LOG_OBJECT_BYTES) flush(id, batch);
  };

  const begin = (id: string, source: Bucket, eventDayMs: number): Batch | undefined => {
    const logging = loggingOf(source);
    if (logging === undefined) return undefined;
    const batch: Batch = { source, logging, eventDayMs, lines: [], bytes: 0, cancel: () => undefined };
    batch.cancel = clock.schedule(deps.flushMs, () => flush(id, batch));
    batches.set(id, batch);
    return batch;
  };

  return {
    observe(finished) {
      const bucket = finished.bucket ?? remembered(logged, finished);
      if (bucket?.configs.logging !== undefined) {
        if (bucket.namespace === ANONYMOUS_NAMESPACE) logged.set(bucket.name, bucket);
        add(bucket, finished, requestRecord({ ...finished, bucket }));
      }
      for (const part of finished.parts) {
        if (part.bucket.configs.logging !== undefined) add(part.bucket, finished, partRecord(finished, part));
      }
    },
    async close() {
      closing = true;
      for (const [id, batch] of [...batches]) flush(id, batch);
      await Promise.all(writing);
    },
  };
}

/** The bucket of a request that failed before anybody looked for it, when it is one that is logged. */
function remembered(logged: LRUCache<string, Bucket>, { operation, fault }: FinishedRequest): Bucket | undefined {
  if (logged.size === 0 || fault === undefined || operation === undefined || operation.level === 'service')
    return undefined;
  return logged.get(operation.bucket);
}

/** Never throws: what cannot be written is lost, and said. */
async function write(deps: AccessLogDeps, batch: Batch, closing: () => boolean): Promise<void> {
  const { clock, logger, events } = deps;
  const { source, logging, eventDayMs, lines } = batch;
  const text = `${lines.join('\n')}\n`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.deliver({ source, logging, eventDayMs, text });
      events.delivered(lines.length);
      return;
    } catch (error) {
      if (attempt < LOG_ATTEMPTS_MAX && !closing()) {
        await new Promise<void>((resolve) => {
          clock.schedule(LOG_RETRY_MS * 2 ** (attempt - 1), resolve);
        });
        continue;
      }
      logger.warn({ err: error, bucket: source.name, records: lines.length }, 'records of an access log are lost');
      events.lost(lines.length, 'undeliverable');
      return;
    }
  }
}
