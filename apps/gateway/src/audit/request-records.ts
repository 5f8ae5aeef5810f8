import { hash } from 'node:crypto';
import { canonicalJson, recordingOf, stricter } from '@sealgate/core/audit';
import { Fault, toFault } from '@sealgate/core/faults';
import type { AuditActor, AuditStore, Clock, RequestRecording } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import { clientOf } from '../net/client-address.ts';
import { callerId } from '../s3/access/caller.ts';
import type { S3Context } from '../s3/context.ts';
import type { FinishedRequest, RequestObserver } from '../s3/observer.ts';
import { REQUESTS_BATCH, REQUESTS_RETRY_MS, REQUESTS_WAITING_MAX } from './limits.ts';

export interface RequestRecordEvents {
  recorded(count: number): void;
  lost(count: number): void;
}

/**
 * Records of all requests to the S3 listener, refused ones too, in the audit log: many in one row, with one entry that has
 * their digest. What this process has not written when it is killed is lost, at most what came within the flush time. When
 * the database takes nothing, records wait up to a bound; what comes beyond is counted, and the next entry tells how many
 * there were.
 */
export interface RequestRecords {
  readonly observe: RequestObserver;
  /**
   * Ends once the request is recorded, for each owner of a bucket that it is about who wants that.
   * @throws Fault DatabaseUnavailable when it cannot be
   */
  admit(context: S3Context, about: Pick<FinishedRequest, 'bucket' | 'source'>): Promise<void>;
  /** Writes what waits. */
  close(): Promise<void>;
}

interface Waiting {
  readonly tenantId: string | null;
  readonly atMs: number;
  readonly line: string;
  readonly done?: (error?: unknown) => void;
}

const ACTOR: AuditActor = { kind: 'system', id: 'request-records', requestId: '' };

export function createRequestRecords(deps: {
  readonly store: Pick<AuditStore, 'addRequests'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  readonly events: RequestRecordEvents;
  /** For whoever has no word of its own. */
  readonly byDefault: RequestRecording;
  readonly flushMs: number;
}): RequestRecords {
  const { store, clock, logger, events, byDefault, flushMs } = deps;
  const gaps = new Map<string | null, number>();
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let closing = false;

  function add(record: Waiting): void {
    if (waiting.length >= REQUESTS_WAITING_MAX) {
      gaps.set(record.tenantId, (gaps.get(record.tenantId) ?? 0) + 1);
      events.lost(1);
      record.done?.(new Fault('DatabaseUnavailable', 'The request cannot be recorded. Please try again.'));
      return;
    }
    waiting.push(record);
    if (record.done !== undefined || waiting.length >= REQUESTS_BATCH) flush();
    else schedule(flushMs);
  }

  function schedule(ms: number): void {
    cancel ??= clock.schedule(ms, () => {
      cancel = undefined;
      flush();
    });
  }

  function flush(): void {
    if (writing !== undefined || waiting.length === 0) return;
    cancel?.();
    cancel = undefined;
    writing = writeAll().finally(() => {
      writing = undefined;
      if (waiting.some(({ done }) => done !== undefined) || waiting.length >= REQUESTS_BATCH) flush();
      else if (waiting.length > 0) schedule(flushMs);
    });
  }

  async function writeAll(): Promise<void> {
    const batch = waiting.slice(0, REQUESTS_BATCH);
    for (const [tenantId, records] of Map.groupBy(batch, (record) => record.tenantId)) {
      try {
        await write(tenantId, records);
        const written = new Set(records);
        waiting = waiting.filter((record) => !written.has(record));
      } catch (error) {
        // Who waits for it is told; what else there is waits for the next try.
        const told = records.filter(({ done }) => done !== undefined);
        for (const { done } of told) done?.(error);
        waiting = waiting.filter((record) => !told.includes(record));
        logger.warn({ err: error, records: records.length }, 'records of requests could not be written');
        if (!closing) await pause();
        return;
      }
    }
  }

  async function write(tenantId: string | null, records: readonly Waiting[]): Promise<void> {
    const lines = records.map(({ line }) => `${line}\n`).join('');
    const digest = hash('sha256', lines, 'buffer');
    const gap = gaps.get(tenantId) ?? 0;
    const times = records.map(({ atMs }) => atMs);
    const [firstMs, lastMs] = [Math.min(...times), Math.max(...times)];
    const detail = {
      sha256: digest.toString('hex'),
      count: records.length,
      first: new Date(firstMs).toISOString(),
      last: new Date(lastMs).toISOString(),
      ...(tenantId === null ? {} : { tenant: tenantId }),
      ...(gap === 0 ? {} : { gap }),
    };
    await store.addRequests({ digest, tenantId, firstMs, lastMs, lines, detail }, ACTOR);
    if (gap > 0) gaps.set(tenantId, (gaps.get(tenantId) ?? 0) - gap);
    if (gaps.get(tenantId) === 0) gaps.delete(tenantId);
    events.recorded(records.length);
    for (const { done } of records) done?.();
  }

  /** @throws Fault DatabaseUnavailable */
  const written = (record: Omit<Waiting, 'done'>): Promise<void> =>
    new Promise((resolve, reject) => {
      add({ ...record, done: (error) => (error === undefined ? resolve() : reject(toFault(error))) });
    });

  const pause = (): Promise<void> => new Promise((resolve) => void clock.schedule(REQUESTS_RETRY_MS, resolve));

  return {
    observe(finished) {
      if (finished.operation === undefined) return;
      const wanted = [...recordingsOf(byDefault, finished)].filter(([, recording]) => recording !== 'off');
      if (wanted.length === 0) return;
      const line = finishedLine(finished);
      for (const [tenantId] of wanted) add({ tenantId, atMs: finished.endedAtMs, line });
    },
    async admit(context, { bucket, source }) {
      const recordings = recordingsOf(byDefault, { bucket, source, caller: context.caller });
      const wanted = [...recordings].filter(([, recording]) => recording === 'synchronous');
      if (wanted.length === 0) return;
      const atMs = clock.now();
      const line = canonicalJson({ ...aboutOf(context), admitted: true, at: new Date(atMs).toISOString() });
      await Promise.all(wanted.map(([tenantId]) => written({ tenantId, atMs, line })));
    },
    async close() {
      closing = true;
      cancel?.();
      // A round that failed and pauses says nothing of what came since.
      await writing;
      while (waiting.length > 0 || writing !== undefined) {
        flush();
        const before = waiting.length;
        await writing;
        if (waiting.length === before && waiting.length > 0) {
          events.lost(waiting.length);
          return;
        }
      }
    },
  };
}

/**
 * In whose logs it belongs and how: the bucket's owner's, else the caller's tenant's; of a copy also that of the owner of what
 * it reads.
 */
function recordingsOf(
  byDefault: RequestRecording,
  { bucket, source, caller: by }: Pick<FinishedRequest, 'bucket' | 'source' | 'caller'>,
): ReadonlyMap<string | null, RequestRecording> {
  const caller = by?.kind === 'credential' ? by.credential.tenant : undefined;
  const owner = bucket?.tenantId ?? caller?.id ?? null;
  const recording = recordingOf({ byDefault, bucket, caller });
  if (source === undefined) return new Map([[owner, recording]]);
  const ofSource = recordingOf({ byDefault, bucket: source });
  if (source.tenantId === owner) return new Map([[owner, stricter(recording, ofSource)]]);
  return new Map([
    [owner, recording],
    [source.tenantId, ofSource],
  ]);
}

function aboutOf({
  operation,
  requestId,
  request,
  caller,
}: Pick<S3Context, 'operation' | 'requestId' | 'request'> & { readonly caller?: S3Context['caller'] | undefined }) {
  const level = operation.level;
  return {
    operation: operation.name,
    requestId,
    caller: caller === undefined ? undefined : callerId(caller),
    bucket: level === 'service' ? undefined : operation.bucket,
    key: level === 'object' ? operation.key : undefined,
    version: operation.query.get('versionId'),
    copySource: request.headers['x-amz-copy-source'],
    remoteAddress: clientOf(request).address,
  };
}

function finishedLine(finished: FinishedRequest): string {
  const { operation, response, fault, endedAtMs } = finished;
  if (operation === undefined) return '';
  return canonicalJson({
    ...aboutOf({ ...finished, operation }),
    at: new Date(endedAtMs).toISOString(),
    status: response.statusCode,
    error: fault?.code,
  });
}
