import { randomUUID } from 'node:crypto';
import { type KeyWrapper, type Metadata, systemClock, type WebhookSender } from '@sealgate/core/ports';
import {
  type BackgroundFleet,
  createBackgroundFleet,
  createEngine,
  defaultEngineLimits,
  type Engine,
} from '@sealgate/engine';
import { type OpenedMetadata, openMetadata } from '@sealgate/metadata';
import { createCachedMetadata } from '@sealgate/metadata/cache';
import { type BackendRegistry, createBackendRegistry, type LinkDeps, linkTo } from '@sealgate/runtime/backends';
import type { Logger, Secret } from '@sealgate/runtime/log';
import { createEndpointGuard, type EndpointGuard } from '@sealgate/runtime/net';
import { type AuditServices, auditServicesOf } from '../audit/audit-services.ts';
import type { Config } from '../config.ts';
import { createKeyrings, type Keyrings } from '../keyrings/keyrings.ts';
import { keyManagementOf } from '../kms/vault-transit.ts';
import { createWebhookSender } from '../notifications/webhook-sender.ts';
import type { Metrics } from '../observe/metrics.ts';
import { timedMetadata } from '../observe/timed-metadata.ts';
import { watchDatabase } from '../observe/watch-database.ts';
import { createBackendMeter } from '../usage/backend-meter.ts';
import { openShared } from './shared-cache.ts';

/** What every process of a gateway is made of, listeners apart. */
export interface CoreServices {
  readonly metadata: Metadata;
  readonly objectKeys: KeyWrapper;
  readonly audit: AuditServices;
  readonly guard: EndpointGuard;
  readonly links: LinkDeps;
  readonly registry: BackendRegistry;
  readonly engine: Engine;
  /** Whom this process shares with what backends allow to background work. */
  readonly fleet: BackgroundFleet;
  readonly keyrings: Keyrings;
  readonly webhooks: WebhookSender;
  /** In the reverse order of their making. */
  close(): Promise<void>;
}

export interface CoreOptions {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly passphrase: Secret;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** This process does what one of a gateway's processes has to do: health records and the queue's upkeep. */
  readonly leads: boolean;
  /** Nobody else changes the metadata, so answers may be kept. */
  readonly alone: boolean;
  /** The name under which an agent holds its leases. Default: this is a gateway. */
  readonly agent?: string;
}

/** Connects to a migrated database. The registry is not started yet. */
export async function openCoreServices(options: CoreOptions): Promise<CoreServices> {
  const { config, logger, agent } = options;
  const clock = systemClock;
  const database = await openMetadata({
    databaseUrl: options.databaseUrl,
    secrets: { passphrases: passphrasesOf(config, options.passphrase), service: keyServiceOf(config) },
    clock,
    logger,
    ...(agent === undefined ? {} : { applicationName: 'sealgate-agent' }),
    poolMax: config.databasePoolSize,
    superviseQueue: options.leads && config.backgroundWork,
    onStatement: (name) => options.metrics.databaseStatement(name),
    deletionGraceMs: config.deletionGraceSeconds * 1000,
    attemptAgeMaxMs: config.attemptAgeSeconds * 1000,
  });
  try {
    return await overMetadata(options, database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function overMetadata(options: CoreOptions, database: OpenedMetadata): Promise<CoreServices> {
  const { config, logger, metrics, agent } = options;
  const clock = systemClock;
  // Measured below the cache: what it answers costs the database nothing.
  const timed = timedMetadata(database, metrics, clock);
  if (options.alone && config.redisUrl)
    logger.info('one process alone keeps its cache in itself; REDIS_URL is not used');
  const shared = options.alone ? undefined : await openShared(timed, { ...options, keys: database.cacheKeys });
  const metadata = shared?.metadata ?? createCachedMetadata(timed, clock);
  const guard = createEndpointGuard(config.allowPrivateEndpoints);
  const links: LinkDeps = { guard, clock, logger };
  const meter = createBackendMeter({ metadata, clock, logger });
  const registry = createBackendRegistry({
    metadata,
    clock,
    logger,
    metrics,
    createDriver: (backend) => {
      const driver = linkTo(backend, links)?.driver;
      return driver && meter.watch(backend.id, driver);
    },
    recordsHealth: options.leads,
    pingIntervalMs: config.healthProbeIntervalMs,
    pingTimeoutMs: config.healthProbeTimeoutMs,
  });
  const fleet = createBackgroundFleet({
    metadata,
    pool: registry.pool,
    clock,
    holder: randomUUID(),
    onSeen: (id, workers) => metrics.backgroundWorkers(id, workers),
  });
  const engine = createEngine({
    metadata,
    pool: registry.pool,
    clock,
    part: fleet.part,
    limits: { ...defaultEngineLimits, straySettledMs: config.attemptAgeSeconds * 1000 },
    worker: {
      identity: () => ({ name: agent ?? 'process', epoch: 0 }),
      kinds: ['repair', 'replicate'],
      leaseMs: config.repairLeaseSeconds * 1000,
    },
    events: metrics.engineEvents,
    keys: database.objectKeys,
    manifestSigner: database.auditSigner,
  });
  const webhooks = createWebhookSender({ guard, clock });
  const stopWatching = watchDatabase({ status: database, metrics, clock, queues: options.leads });
  return {
    metadata,
    objectKeys: database.objectKeys,
    audit: auditServicesOf(database, clock),
    guard,
    links,
    registry,
    engine,
    fleet,
    keyrings: createKeyrings({ metadata, clock }),
    webhooks,
    async close() {
      stopWatching();
      await webhooks.close();
      await registry.close();
      await meter.close();
      await shared?.close();
      await metadata.close();
    },
  };
}

function passphrasesOf(config: Config, newest: Secret) {
  const version = config.tenantSecretPassphraseVersion;
  const previous = config.tenantSecretPassphrasePrevious;
  const passphrases = [{ version, passphrase: newest.reveal() }];
  if (previous) passphrases.push({ version: version - 1, passphrase: previous.reveal() });
  return passphrases;
}

function keyServiceOf(config: Config) {
  const management = keyManagementOf(config);
  return management === undefined ? undefined : { version: config.kmsKeyVersion, management };
}
