import type { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { JobStats } from '@sealgate/core/ports';
import type { EngineEvents } from '@sealgate/engine';
import type { BackendMetrics } from '@sealgate/runtime/backends';
import type { LoopMetrics } from '@sealgate/runtime/background';
import { createBackendMetrics, createLoopMetrics } from '@sealgate/runtime/observe';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type RecoveryMetrics, recoveryMetrics } from '../recovery/metrics.ts';
import { type ArchiveMetrics, archiveMetrics } from './archive-metrics.ts';
import { backupMetrics } from './backup-metrics.ts';
import { type CacheMetrics, cacheMetrics } from './cache-metrics.ts';
import { sweepMetrics } from './housekeeping-metrics.ts';
import { lifecycleMetrics } from './lifecycle-metrics.ts';
import { maintenanceMetrics } from './maintenance-metrics.ts';

/** One request, when its answer has gone out or its client has gone. */
interface RequestSample {
  readonly listener: 's3' | 'control';
  /** The operation's name (`PutObject`) or the route's; never a path, which a client could make up at will. */
  readonly operation: string;
  readonly status: number;
  readonly durationMs: number;
  /** Bytes of the body, without headers. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface Metrics extends CacheMetrics, BackendMetrics, LoopMetrics {
  readonly registry: Registry;
  request(sample: RequestSample): void;
  /** A request begins (+1) or ends (-1). */
  inFlight(listener: 's3' | 'control', change: 1 | -1): void;
  readonly engineEvents: EngineEvents;
  readonly recovery: RecoveryMetrics;
  readonly archives: ArchiveMetrics;
  database(operation: string, durationMs: number, ok: boolean): void;
  databaseStatement(name: string): void;
  queueDepth(queue: string, depth: number): void;
  /** By how many a backend's limits of background work are divided; undefined: it has none. */
  backgroundWorkers(id: BackendId, workers: number | undefined): void;
  jobs(stats: JobStats): void;
  poolWaits(waiting: number, idle: number, open: number): void;
  authFailed(reason: string): void;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const DATABASE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const recovery = recoveryMetrics(registry);
  return {
    registry,
    recovery,
    archives: archiveMetrics(registry),
    ...requestMetrics(registry),
    engineEvents: { ...engineMetrics(registry), ...recovery, ...backupMetrics(registry) },
    ...createBackendMetrics(registry),
    ...createLoopMetrics(registry),
    ...databaseMetrics([registry]),
    ...workMetrics([registry]),
    ...cacheMetrics(registry),
  };
}

function requestMetrics(registry: Registry): Pick<Metrics, 'request' | 'inFlight' | 'authFailed'> {
  const registers = [registry];
  const requests = new Counter({
    name: 'sealgate_requests_total',
    help: 'Requests by listener, operation and HTTP status.',
    labelNames: ['listener', 'operation', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'sealgate_request_duration_seconds',
    help: 'From the first byte of the request to the last of the answer.',
    labelNames: ['listener', 'operation'],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const bytes = new Counter({
    name: 'sealgate_request_bytes_total',
    help: 'Bytes of bodies received from (in) and sent to (out) clients.',
    labelNames: ['listener', 'direction'],
    registers,
  });
  const flying = new Gauge({
    name: 'sealgate_requests_in_flight',
    help: 'Requests being served now.',
    labelNames: ['listener'],
    registers,
  });
  const refused = new Counter({
    name: 'sealgate_authentication_failures_total',
    help: 'Requests that did not prove who sent them.',
    labelNames: ['reason'],
    registers,
  });
  return {
    request({ listener, operation, status, durationMs, bytesIn, bytesOut }) {
      requests.inc({ listener, operation, status });
      duration.observe({ listener, operation }, durationMs / 1000);
      if (bytesIn > 0) bytes.inc({ listener, direction: 'in' }, bytesIn);
      if (bytesOut > 0) bytes.inc({ listener, direction: 'out' }, bytesOut);
    },
    inFlight: (listener, change) => flying.inc({ listener }, change),
    authFailed: (reason) => refused.inc({ reason }),
  };
}

function engineMetrics(
  registry: Registry,
): Omit<EngineEvents, 'manifestFailed' | 'manifestsCaughtUp' | 'backupsSeen' | 'backupFailed'> {
  const registers = [registry];
  const acks = new Counter({
    name: 'sealgate_acks_total',
    help: 'Acknowledged writes by class and by the copies that were verified at that moment.',
    labelNames: ['class', 'copies', 'width'],
    registers,
  });
  const detached = new Counter({
    name: 'sealgate_detached_replicas_total',
    help: 'Copies given up during a write because their backend was too slow.',
    labelNames: ['backend'],
    registers,
  });
  const replaced = new Counter({
    name: 'sealgate_replaced_targets_total',
    help: 'Copies that went to another legal backend because the first choice failed.',
    registers,
  });
  const hedged = new Counter({
    name: 'sealgate_hedged_reads_total',
    help: 'Reads that asked a further replica because this backend was late.',
    labelNames: ['backend'],
    registers,
  });
  const bad = new Counter({
    name: 'sealgate_bad_replicas_total',
    help: 'Replicas that gave wrong or no bytes.',
    labelNames: ['backend', 'fault'],
    registers,
  });
  const cleanups = new Counter({
    name: 'sealgate_failed_cleanups_total',
    help: 'Bytes that could not be queued for deletion and wait for the sweep.',
    labelNames: ['fault'],
    registers,
  });
  const locks = new Counter({
    name: 'sealgate_locks_not_pushed_total',
    help: 'Copies whose retention their backend did not take; the gateway enforces it all the same.',
    labelNames: ['backend', 'fault'],
    registers,
  });
  return {
    acked: (redundancyClass, copies, width) => acks.inc({ class: redundancyClass, copies, width }),
    replicaDetached: (backend) => detached.inc({ backend }),
    targetsReplaced: (count) => replaced.inc(count),
    hedged: (backend) => hedged.inc({ backend }),
    badReplica: (_blobId, backend, fault: Fault) => bad.inc({ backend, fault: fault.code }),
    lockNotPushed: (backend, fault) => locks.inc({ backend, fault: fault.code }),
    cleanupFailed: (_blobId, fault) => cleanups.inc({ fault: fault.code }),
    ...lifecycleMetrics(registry),
    ...sweepMetrics(registry),
    ...maintenanceMetrics(registry),
  };
}

function databaseMetrics(registers: Registry[]): Pick<Metrics, 'database' | 'databaseStatement' | 'poolWaits'> {
  const time = new Histogram({
    name: 'sealgate_database_duration_seconds',
    help: 'Time of a call to the metadata database, waiting for a connection included.',
    labelNames: ['operation', 'outcome'],
    buckets: DATABASE_SECONDS,
    registers,
  });
  const statements = new Counter({
    name: 'sealgate_database_statements_total',
    help: 'Statements sent to the metadata database: round trips. Calls that are made at once may share one.',
    labelNames: ['statement'],
    registers,
  });
  const connections = new Gauge({
    name: 'sealgate_database_connections',
    help: 'Connections by state, and requests waiting for one.',
    labelNames: ['state'],
    registers,
  });
  return {
    database: (operation, durationMs, ok) =>
      time.observe({ operation, outcome: ok ? 'ok' : 'failed' }, durationMs / 1000),
    databaseStatement: (statement) => statements.inc({ statement }),
    poolWaits(waiting, idle, open) {
      connections.set({ state: 'waiting' }, waiting);
      connections.set({ state: 'idle' }, idle);
      connections.set({ state: 'open' }, open);
    },
  };
}

function workMetrics(registers: Registry[]): Pick<Metrics, 'backgroundWorkers' | 'queueDepth' | 'jobs'> {
  const depth = new Gauge({
    name: 'sealgate_queue_depth',
    help: 'Items that wait in a queue of the database.',
    labelNames: ['queue'],
    registers,
    aggregator: 'max',
  });
  const workers = new Gauge({
    name: 'sealgate_background_workers',
    help: 'Processes that share the limits of background work of a backend, as this one saw last.',
    labelNames: ['backend'],
    registers,
    aggregator: 'max',
  });
  return {
    backgroundWorkers(backend, count) {
      if (count === undefined) workers.remove({ backend });
      else workers.set({ backend }, count);
    },
    queueDepth: (queue, items) => depth.set({ queue }, items),
    jobs: jobMetrics(registers),
  };
}

function jobMetrics(registers: Registry[]): Metrics['jobs'] {
  const shape = { registers, aggregator: 'max' as const };
  const jobs = new Gauge({
    name: 'sealgate_jobs',
    help: 'Jobs that wait, are worked at, or were given up (dead).',
    labelNames: ['kind', 'state'],
    ...shape,
  });
  const oldest = new Gauge({
    name: 'sealgate_job_oldest_seconds',
    help: 'Age of the oldest job that is not over.',
    labelNames: ['kind'],
    ...shape,
  });
  return ({ kind, waiting, active, dead, oldestMs }) => {
    for (const [state, count] of Object.entries({ waiting, active, dead })) jobs.set({ kind, state }, count);
    oldest.set({ kind }, oldestMs / 1000);
  };
}
