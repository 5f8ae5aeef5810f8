import type { TenantId } from '@sealgate/core/names';
import type { Clock, MetadataUsage, UsageEvent } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import type { FinishedRequest, RequestObserver } from '../s3/observer.ts';
import { createSums, type Sum } from './sums.ts';

interface Label extends Pick<UsageEvent, 'tenantId' | 'bucketId' | 'redundancyClass'> {
  readonly name: string;
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
  const sums = createSums<Label, UsageEvent['metric']>({
    append: (taken) => metadata.appendUsage(taken.flatMap(eventsOf)),
    clock,
    logger,
  });
  return {
    observe(finished) {
      const { bucket, caller, request, response } = finished;
      const tenantId = bucket?.tenantId ?? (caller?.kind === 'credential' ? caller.credential.tenant.id : undefined);
      if (tenantId === undefined) return;
      const label = labelOf(finished, tenantId);
      sums.add(label, 'requests', 1);
      sums.add(label, 'in', lengthOf(request.headers['content-length']));
      if (request.method !== 'HEAD') sums.add(label, 'out', lengthOf(response.getHeader('content-length')));
    },
    close: () => sums.close(),
  };
}

function labelOf({ bucket, response }: FinishedRequest, tenantId: TenantId): Label {
  const bucketId = bucket?.id ?? null;
  const named = response.getHeader('x-sealgate-class');
  const redundancyClass = typeof named === 'string' ? named : null;
  return { name: `${tenantId} ${bucketId ?? ''} ${redundancyClass ?? ''}`, tenantId, bucketId, redundancyClass };
}

function eventsOf({ hourMs: atMs, label, amounts }: Sum<Label, UsageEvent['metric']>): UsageEvent[] {
  const { tenantId, bucketId, redundancyClass } = label;
  return (['requests', 'in', 'out'] as const).flatMap((metric) => {
    const amount = amounts[metric] ?? 0;
    return amount === 0 ? [] : [{ atMs, tenantId, bucketId, redundancyClass, metric, amount }];
  });
}

function lengthOf(header: unknown): number {
  const bytes = Number(header ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}
