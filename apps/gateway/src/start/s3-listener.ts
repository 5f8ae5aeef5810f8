import { systemClock } from '@sealgate/core/ports';
import { createQuotaLedger } from '@sealgate/engine/quota';
import type { Logger } from '@sealgate/runtime/log';
import { createAccessLog } from '../access-log/access-log.ts';
import { createLogDelivery } from '../access-log/delivery.ts';
import { createAccessLogMetrics } from '../access-log/metrics.ts';
import { createRequestRecordMetrics } from '../audit/metrics.ts';
import { createRequestRecords } from '../audit/request-records.ts';
import type { Config } from '../config.ts';
import { createAttempts, s3AttemptLimits } from '../net/attempts.ts';
import { createProxyTrust } from '../net/client-address.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { EncryptionSettings } from '../s3/encryption/settings.ts';
import type { HttpServer } from '../s3/http-server.ts';
import { createLifecycleDocuments } from '../s3/lifecycle-documents.ts';
import { createS3Listener } from '../s3/listener.ts';
import { openQueryApi } from '../sts/open-query-api.ts';
import { boundByQuotas } from '../usage/bound-engine.ts';
import { createUsageMeter } from '../usage/meter.ts';
import { createRequestRate } from '../usage/request-rate.ts';
import type { CoreServices } from './core-services.ts';
import { endpointOf, listenFault } from './endpoints.ts';
import type { TlsFiles } from './tls.ts';

/** The S3 listener, listening. */
export async function openS3Listener(
  core: CoreServices,
  options: {
    readonly config: Config;
    readonly port: number;
    readonly logger: Logger;
    readonly metrics: Metrics;
    readonly tls: TlsFiles | undefined;
  },
): Promise<{ readonly server: HttpServer; readonly port: number }> {
  const { config, port, tls, logger, metrics } = options;
  const { metadata, guard } = core;
  const attempts = createAttempts({ clock: systemClock, limits: s3AttemptLimits });
  const sts = openQueryApi({ metadata, guard, clock: systemClock, region: config.region, attempts, logger, metrics });
  const encryption: EncryptionSettings = {
    objectKeys: core.objectKeys,
    byDefault: config.defaultEncryption,
    customerKeysOverHttp: config.customerKeysOverHttp,
  };
  const accessLog = createAccessLog({
    deliver: createLogDelivery({ metadata, engine: core.engine, encryption, clock: systemClock }),
    clock: systemClock,
    logger,
    events: createAccessLogMetrics(metrics.registry),
    flushMs: config.accessLogFlushSeconds * 1000,
  });
  const meter = createUsageMeter({ metadata, clock: systemClock, logger });
  const ledger = createQuotaLedger({ metadata, clock: systemClock });
  const records = createRequestRecords({
    store: core.audit.store,
    clock: systemClock,
    logger,
    events: createRequestRecordMetrics(metrics.registry),
    recording: config.auditRequests,
    flushMs: config.auditRequestsFlushMs,
  });
  const listener = createS3Listener({
    observers: [accessLog.observe, meter.observe, records.observe],
    admit: (context) => records.admit(context),
    queryApi: sts.queryApi,
    engine: boundByQuotas(core.engine, { metadata, clock: systemClock, ledger }),
    webhooks: core.webhooks,
    metadata,
    lifecycles: createLifecycleDocuments(),
    clock: systemClock,
    region: config.region,
    publicUrl: config.publicS3Url ?? endpointOf(config, port),
    encryption,
    logger,
    metrics,
    baseDomains: config.baseDomain === undefined ? [] : [config.baseDomain],
    inFlightMax: config.maxInFlightRequests,
    attempts,
    requestRate: createRequestRate({ clock: systemClock }),
    trustsProxy: createProxyTrust(config.trustedProxies),
    ...(tls === undefined ? {} : { tls }),
  });
  const server: HttpServer = {
    ...listener,
    get active() {
      return listener.active;
    },
    async close(graceMs) {
      await listener.close(graceMs);
      await accessLog.close();
      await meter.close();
      await records.close();
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
