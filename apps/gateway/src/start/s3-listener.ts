import { systemClock } from '@sealgate/core/ports';
import type { Config } from '../config.ts';
import type { Logger } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { HttpServer } from '../s3/http-server.ts';
import { createS3Listener } from '../s3/listener.ts';
import { openQueryApi } from '../sts/open-query-api.ts';
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
  const sts = openQueryApi({ metadata, guard, clock: systemClock, region: config.region, logger, metrics });
  const listener = createS3Listener({
    queryApi: sts.queryApi,
    engine: core.engine,
    webhooks: core.webhooks,
    metadata,
    clock: systemClock,
    region: config.region,
    publicUrl: config.publicS3Url ?? endpointOf(config, port),
    encryption: {
      objectKeys: core.objectKeys,
      byDefault: config.defaultEncryption,
      customerKeysOverHttp: config.customerKeysOverHttp,
    },
    logger,
    metrics,
    baseDomains: config.baseDomain === undefined ? [] : [config.baseDomain],
    inFlightMax: config.maxInFlightRequests,
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
