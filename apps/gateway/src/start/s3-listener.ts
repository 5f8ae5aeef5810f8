import { systemClock } from '@sealgate/core/ports';
import { createQuotaLedger } from '@sealgate/engine/quota';
import type { Logger } from '@sealgate/runtime/log';
import { listenFault } from '@sealgate/runtime/net';
import { createAccessLog } from '../access-log/access-log.ts';
import { createLogDelivery } from '../access-log/delivery.ts';
import { createAccessLogMetrics } from '../access-log/metrics.ts';
import { createHeads } from '../audit/heads.ts';
import { createRequestRecordMetrics } from '../audit/metrics.ts';
import { createRequestRecords } from '../audit/request-records.ts';
import type { Config } from '../config.ts';
import { type Attempts, createAttempts, s3AttemptLimits } from '../net/attempts.ts';
import { createProxyTrust } from '../net/client-address.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { S3Services } from '../s3/context.ts';
import type { EncryptionSettings } from '../s3/encryption/settings.ts';
import type { HttpServer } from '../s3/http-server.ts';
import { createLifecycleDocuments } from '../s3/lifecycle-documents.ts';
import { createS3Listener } from '../s3/listener.ts';
import { createRequestServer, type RequestServer } from '../s3/request-server.ts';
import { openQueryApi } from '../sts/open-query-api.ts';
import { boundByQuotas } from '../usage/bound-engine.ts';
import { createCredentialUse } from '../usage/credential-use.ts';
import { createUsageMeter } from '../usage/meter.ts';
import { createRequestRate } from '../usage/request-rate.ts';
import type { CoreServices } from './core-services.ts';
import { endpointOf } from './endpoints.ts';
import type { TlsFiles } from './tls.ts';

/** What serves requests for objects in this process, whichever of its listeners they come to. */
export interface ObjectRequests {
  readonly requests: RequestServer;
  readonly deps: Pick<S3Services, 'metadata' | 'clock' | 'region'> & {
    readonly baseDomains: readonly string[];
    readonly attempts: Attempts;
  };
  /** Writes down what waits to be. After the listeners are closed. */
  close(): Promise<void>;
}

/** @param options.port of the S3 listener, for the URLs in its answers */
export function openObjectRequests(
  core: CoreServices,
  options: {
    readonly config: Config;
    readonly port: number;
    readonly logger: Logger;
    readonly metrics: Metrics;
  },
): ObjectRequests {
  const { config, port, logger, metrics } = options;
  const { metadata } = core;
  const clock = systemClock;
  const encryption: EncryptionSettings = {
    objectKeys: core.objectKeys,
    byDefault: config.defaultEncryption,
    customerKeysOverHttp: config.customerKeysOverHttp,
  };
  const accessLog = createAccessLog({
    deliver: createLogDelivery({ metadata, engine: core.engine, keyrings: core.keyrings, encryption, clock }),
    clock,
    logger,
    events: createAccessLogMetrics(metrics.registry),
    flushMs: config.accessLogFlushSeconds * 1000,
  });
  const meter = createUsageMeter({ metadata, clock, logger });
  const keysUsed = createCredentialUse({ metadata, clock, logger });
  const ledger = createQuotaLedger({ metadata, clock });
  const records = createRequestRecords({
    store: core.audit.store,
    clock,
    logger,
    events: createRequestRecordMetrics(metrics.registry),
    byDefault: config.auditRequests,
    flushMs: config.auditRequestsFlushMs,
  });
  const requests = createRequestServer({
    observers: [accessLog.observe, meter.observe, records.observe, keysUsed.observe],
    admit: (context, about) => records.admit(context, about),
    engine: boundByQuotas(core.engine, { metadata, clock, ledger }),
    keyrings: core.keyrings,
    webhooks: core.webhooks,
    metadata,
    lifecycles: createLifecycleDocuments(),
    clock,
    region: config.region,
    publicUrl: config.publicS3Url ?? endpointOf(config, port),
    encryption,
    heads: createHeads({ ...core.audit, clock }),
    logger,
    metrics,
    inFlightMax: config.maxInFlightRequests,
    requestRate: createRequestRate({ clock }),
    trustsProxy: createProxyTrust(config.trustedProxies),
  });
  return {
    requests,
    deps: {
      metadata,
      clock,
      region: config.region,
      baseDomains: config.baseDomain === undefined ? [] : [config.baseDomain],
      attempts: createAttempts({ clock, limits: s3AttemptLimits }),
    },
    async close() {
      await accessLog.close();
      await meter.close();
      await records.close();
      await keysUsed.close();
    },
  };
}

/** The S3 listener, listening. */
export async function openS3Listener(
  core: CoreServices,
  { requests, deps }: Pick<ObjectRequests, 'requests' | 'deps'>,
  options: {
    readonly config: Config;
    readonly port: number;
    readonly logger: Logger;
    readonly metrics: Metrics;
    readonly tls: TlsFiles | undefined;
  },
): Promise<{ readonly server: HttpServer; readonly port: number }> {
  const { config, port, tls, logger, metrics } = options;
  const sts = openQueryApi({ ...deps, guard: core.guard, logger, metrics });
  const listener = createS3Listener({
    ...deps,
    requests,
    queryApi: sts.queryApi,
    ...(tls === undefined ? {} : { tls }),
  });
  const server: HttpServer = {
    ...listener,
    get active() {
      return listener.active;
    },
    async close(graceMs) {
      await listener.close(graceMs);
      await sts.close();
    },
  };
  const address = { host: config.host, port };
  try {
    return { server, port: await server.listen(address) };
  } catch (error) {
    throw listenFault(error, 'SEALGATE_S3_PORT', address);
  }
}
