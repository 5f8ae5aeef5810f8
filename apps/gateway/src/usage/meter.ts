import type { TenantId } from '@sealgate/core/names';
import type { Clock, MetadataUsage, UsageEvent } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import type { FinishedRequest, RequestObserver } from '../s3/observer.ts';

/** What was counted is appended this often: what a process that is killed takes with it. */
const FLUSH_MS = 5_000;
/** Counts kept at one time; with more they are appended at once. */
const COUNTS_MAX = 10_000;
const HOUR_MS = 60 * 60_000;

interface Count {
  readonly hourMs: number;
  readonly tenantId: TenantId;
  readonly bucketId: number | null;
  readonly redundancyClass: string | null;
  requests: number;
  in: number;
  out: number;
}

/** Counts requests and bytes of bodies for the owner of the bucket, or the caller where there is no bucket. */
export interface UsageMeter {
  readonly observe: RequestObserver;
  /** Appends what is left. */
  close(): Promise<void>;
}

export function createUsageMeter(deps: {
  readonly metadata: Pick<MetadataUsage, 'appendUsage'>;
  readonly clock: Clock;
  readonly logger: Logger;
}): UsageMeter {
  const { metadata, clock, logger } = deps;
  let counts = new Map<string, Count>();
  let flushing: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;

  function countOf(finished: FinishedRequest, tenantId: TenantId): Count {
    const { bucket, response, endedAtMs } = finished;
    const hourMs = Math.floor(endedAtMs / HOUR_MS) * HOUR_MS;
    const bucketId = bucket?.id ?? null;
    const named = response.getHeader('x-sealgate-class');
    const redundancyClass = typeof named === 'string' ? named : null;
    const name = `${hourMs} ${tenantId} ${bucketId ?? ''} ${redundancyClass ?? ''}`;
    const known = counts.get(name);
    if (known !== undefined) return known;
    const count: Count = { hourMs, tenantId, bucketId, redundancyClass, requests: 0, in: 0, out: 0 };
    counts.set(name, count);
    return count;
  }

  async function append(taken: ReadonlyMap<string, Count>): Promise<void> {
    try {
      await metadata.appendUsage([...taken.values()].flatMap(eventsOf));
    } catch (error) {
      // Kept for the next time, unless the outage is so long that memory would grow with it.
      if (counts.size + taken.size > 2 * COUNTS_MAX) {
        logger.warn({ err: error, counts: taken.size }, 'usage could not be appended and is lost');
        return;
      }
      logger.debug({ err: error }, 'usage could not be appended yet');
      for (const [name, count] of taken) merge(counts, name, count);
      schedule();
    }
  }

  function flush(): void {
    cancel?.();
    cancel = undefined;
    const taken = counts;
    if (taken.size === 0) return;
    counts = new Map();
    flushing = flushing.then(() => append(taken));
  }

  function schedule(): void {
    cancel ??= clock.schedule(FLUSH_MS, flush);
  }

  return {
    observe(finished) {
      const { bucket, caller, request, response } = finished;
      const tenantId = bucket?.tenantId ?? (caller?.kind === 'credential' ? caller.credential.tenant.id : undefined);
      if (tenantId === undefined) return;
      const count = countOf(finished, tenantId);
      count.requests += 1;
      count.in += lengthOf(request.headers['content-length']);
      if (request.method !== 'HEAD') count.out += lengthOf(response.getHeader('content-length'));
      if (counts.size > COUNTS_MAX) flush();
      else schedule();
    },
    async close() {
      flush();
      await flushing;
      // A failed append put its counts back: once more, and then they are lost.
      flush();
      cancel?.();
      await flushing;
      cancel?.();
    },
  };
}

function merge(counts: Map<string, Count>, name: string, count: Count): void {
  const known = counts.get(name);
  if (known === undefined) counts.set(name, count);
  else {
    known.requests += count.requests;
    known.in += count.in;
    known.out += count.out;
  }
}

function eventsOf(count: Count): UsageEvent[] {
  const { hourMs: atMs, tenantId, bucketId, redundancyClass } = count;
  return (['requests', 'in', 'out'] as const).flatMap((metric) =>
    count[metric] === 0 ? [] : [{ atMs, tenantId, bucketId, redundancyClass, metric, amount: count[metric] }],
  );
}

function lengthOf(header: unknown): number {
  const bytes = Number(header ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}
