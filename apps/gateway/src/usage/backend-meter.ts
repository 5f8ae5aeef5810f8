import type { Readable } from 'node:stream';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type {
  BackendDriver,
  BackendUsageEvent,
  BackendUsageMetric,
  CallOptions,
  Clock,
  MetadataUsage,
} from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import { createSums, type Sum } from './sums.ts';

interface Label extends Pick<BackendUsageEvent, 'backend' | 'bucket' | 'redundancyClass'> {
  readonly name: string;
}

/**
 * Counts what this process asks of backends, whoever in it asks: traffic of clients and all background work pass through the
 * drivers that it watches. A call counts when it is made, whatever comes of it. Bytes sent are those of puts that the backend
 * acknowledged; bytes received are those that came, of reads that were ended early too.
 */
export interface BackendMeter {
  /** The same driver, counted. */
  watch(backend: BackendId, driver: BackendDriver): BackendDriver;
  /** Appends what is left. */
  close(): Promise<void>;
}

export function createBackendMeter(deps: {
  readonly metadata: Pick<MetadataUsage, 'appendBackendUsage'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'debug' | 'warn'>;
}): BackendMeter {
  const { metadata, clock, logger } = deps;
  const sums = createSums<Label, BackendUsageMetric>({
    append: (taken) => metadata.appendBackendUsage(taken.flatMap(eventsOf)),
    clock,
    logger,
  });
  return {
    watch: (backend, driver) => watched(driver, { backend, add: (...sum) => sums.add(...sum) }),
    close: () => sums.close(),
  };
}

interface Counter {
  readonly backend: BackendId;
  readonly add: (label: Label, metric: BackendUsageMetric, amount: number) => void;
}

/** Every call that a driver may have; one that it has not is undefined. A new one that is not counted here does not compile. */
type WatchedCalls = { readonly [Name in keyof Required<BackendDriver>]: BackendDriver[Name] };

function watched(driver: BackendDriver, { backend, add }: Counter): BackendDriver {
  const call = (
    metric: BackendUsageMetric,
    bucket: PhysicalBucketName | null,
    options: Pick<CallOptions, 'redundancyClass'>,
  ): Label => {
    const redundancyClass = options.redundancyClass ?? null;
    const label = { name: `${backend} ${bucket ?? ''} ${redundancyClass ?? ''}`, backend, bucket, redundancyClass };
    add(label, metric, 1);
    return label;
  };
  const calls: WatchedCalls = {
    ...watchedBuckets(driver, call),
    ...watchedLocks(driver, call),
    async put(bucket, key, blob) {
      const label = call('puts', bucket, blob);
      const receipt = await driver.put(bucket, key, blob);
      add(label, 'sent', blob.bytes);
      return receipt;
    },
    async get(bucket, key, options) {
      const label = call('gets', bucket, options);
      const opened = await driver.get(bucket, key, options);
      countBytes(opened.body, (bytes) => add(label, 'received', bytes));
      return opened;
    },
    head(bucket, key, options) {
      call('gets', bucket, options);
      return driver.head(bucket, key, options);
    },
    // What a client does with a URL is between it and the backend.
    presignPut: driver.presignPut?.bind(driver),
    delete(bucket, key, options) {
      call('deletes', bucket, options);
      return driver.delete(bucket, key, options);
    },
    ping(options) {
      call('gets', null, options);
      return driver.ping(options);
    },
    close: () => driver.close(),
  };
  // Whoever asks whether a driver can do something asks whether the call is there.
  return Object.fromEntries(Object.entries(calls).filter(([, each]) => each !== undefined)) as unknown as BackendDriver;
}

type Call = (metric: BackendUsageMetric, bucket: PhysicalBucketName, options: CallOptions) => unknown;

function watchedBuckets(
  driver: BackendDriver,
  call: Call,
): Pick<WatchedCalls, 'ensureBucket' | 'removeBucket' | 'list' | 'hasObjectLock'> {
  const hasObjectLock = driver.hasObjectLock?.bind(driver);
  return {
    ensureBucket(bucket, options) {
      call('puts', bucket, options);
      return driver.ensureBucket(bucket, options);
    },
    removeBucket(bucket, options) {
      call('deletes', bucket, options);
      return driver.removeBucket(bucket, options);
    },
    list(bucket, options) {
      call('lists', bucket, options);
      return driver.list(bucket, options);
    },
    hasObjectLock:
      hasObjectLock &&
      ((bucket, options) => {
        call('gets', bucket, options);
        return hasObjectLock(bucket, options);
      }),
  };
}

function watchedLocks(driver: BackendDriver, call: Call): Pick<WatchedCalls, 'retain' | 'retention'> {
  const [retain, retention] = [driver.retain?.bind(driver), driver.retention?.bind(driver)];
  return {
    retain:
      retain &&
      ((bucket, key, options) => {
        call('puts', bucket, options);
        return retain(bucket, key, options);
      }),
    retention:
      retention &&
      ((bucket, key, options) => {
        call('gets', bucket, options);
        return retention(bucket, key, options);
      }),
  };
}

/**
 * Tells of bytes as they come in. Whatever a stream holds came through its `push`, so this costs no stream in between, copies
 * nothing, and sees what was received of a read that is given up, which another stream or a listener could not.
 */
function countBytes(body: Readable, onBytes: (bytes: number) => void): void {
  onBytes(body.readableLength);
  const push = body.push.bind(body);
  body.push = (chunk: Uint8Array | null, encoding) => {
    if (chunk !== null) onBytes(chunk.length);
    return push(chunk, encoding);
  };
}

function eventsOf({ hourMs: atMs, label, amounts }: Sum<Label, BackendUsageMetric>): BackendUsageEvent[] {
  const { backend, bucket, redundancyClass } = label;
  return (Object.keys(amounts) as BackendUsageMetric[]).map((metric) => ({
    ...{ atMs, backend, bucket, redundancyClass, metric },
    amount: amounts[metric] ?? 0,
  }));
}
