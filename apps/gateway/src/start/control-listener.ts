import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@sealgate/core/ports';
import { createQuotaLedger } from '@sealgate/engine/quota';
import type { LoopStatus } from '@sealgate/runtime/background';
import type { Logger } from '@sealgate/runtime/log';
import { createEndpointGuard, type EndpointGuard, listenFault } from '@sealgate/runtime/net';
import { AggregatorRegistry } from 'prom-client';
import { createAgentSessions } from '../agents/sessions.ts';
import { createBackendProber } from '../backends/prober.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Config } from '../config.ts';
import { createAdminKeyCheck } from '../control/auth.ts';
import { createControlAuthenticate } from '../control/authenticate.ts';
import { controlAttemptLimits } from '../control/limits.ts';
import { createObjectCalls } from '../control/objects/calls.ts';
import { createControlServer } from '../control/server.ts';
import { createDiscovery, type DiscoveryDeps } from '../discovery/discovery.ts';
import { createAttempts } from '../net/attempts.ts';
import { createProxyTrust } from '../net/client-address.ts';
import type { Metrics } from '../observe/metrics.ts';
import { openTokenVerifier } from '../sts/web-identity.ts';
import { boundByQuotas } from '../usage/bound-engine.ts';
import type { CoreServices } from './core-services.ts';
import type { DataPlane } from './data-plane.ts';
import type { Readiness } from './readiness.ts';
import type { ObjectRequests } from './s3-listener.ts';
import type { GatewaySecrets } from './secrets.ts';
import type { TlsFiles } from './tls.ts';

export interface ControlListenerDeps {
  readonly core: CoreServices;
  readonly objects: Pick<ObjectRequests, 'requests' | 'deps'>;
  readonly plane: Pick<DataPlane, 'otherMetrics'>;
  readonly readiness: Readiness;
  readonly config: Config;
  readonly secrets: GatewaySecrets;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly tls: TlsFiles | undefined;
  readonly loops: () => readonly LoopStatus[];
  readonly catalogue: Catalogue;
}

/** The control listener, listening. */
export async function openControlListener(
  deps: ControlListenerDeps,
): Promise<{ readonly port: number; close(graceMs: number): Promise<void> }> {
  const { core, config, metrics, logger, tls } = deps;
  const clock = systemClock;
  const { metadata, guard } = core;
  const tokens = openTokenVerifier({ metadata, guard, clock });
  const authenticate = createControlAuthenticate({
    checkAdminKey: createAdminKeyCheck(deps.secrets.adminKey),
    verifyToken: tokens.verify,
    metadata,
    attempts: createAttempts({ clock, limits: controlAttemptLimits }),
    clock,
    region: config.region,
    onFailure: (reason) => metrics.authFailed(reason),
  });
  const app = createControlServer({
    services: {
      metadata: core.metadata,
      audit: core.audit,
      engine: boundByQuotas(core.engine, { metadata, clock, ledger: createQuotaLedger({ metadata, clock }) }),
      encryptsByDefault: config.defaultEncryption === 'SSE-S3',
      keyrings: core.keyrings,
      registry: core.registry,
      prober: createBackendProber(core.links),
      agents: createAgentSessions({ metadata, clock }),
      catalogue: deps.catalogue,
      discovery: createDiscovery({ ...discoveryDeps(config, guard), metadata, clock }),
      rehomeAfterMs: config.rehomeAfterSeconds * 1000,
      guard: core.guard,
      clock,
      readiness: deps.readiness,
      region: config.region,
      filesystemRoots: [join(config.dataDir, 'backends'), ...config.filesystemRoots],
      backups: {
        intervalSeconds: config.metadataBackupIntervalSeconds,
        retention: { daily: config.metadataBackupDaily, weekly: config.metadataBackupWeekly },
      },
      loops: deps.loops,
      metricsText: () => metricsText(metrics, deps.plane),
    },
    authenticate,
    objects: createObjectCalls(deps.objects, { encrypted: tls !== undefined }),
    trustsProxy: createProxyTrust(config.trustedProxies),
    logger,
    metrics,
    version: deps.version,
    ...(tls === undefined ? {} : { tls }),
  });
  const address = { host: config.host, port: config.controlPort };
  try {
    await app.listen({ ...address, listenTextResolver: () => 'control listener open' });
  } catch (error) {
    throw listenFault(error, 'SEALGATE_CONTROL_PORT', address);
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    async close(graceMs) {
      // Objects take their time: what is under way may end, up to a point.
      const timer = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(timer);
      await tokens.close();
    },
  };
}

function discoveryDeps(config: Config, operators: EndpointGuard): Pick<DiscoveryDeps, 'guards' | 'settings'> {
  const { maxSnapshotBuckets, maxSnapshotFiles, maxFilesPerBucket, snapshotSeconds, snapshotsPerTenant } = config;
  return {
    guards: { operators, tenants: createEndpointGuard(config.snapshotPrivateEndpoints) },
    settings: {
      caps: { buckets: maxSnapshotBuckets, files: maxSnapshotFiles, filesPerBucket: maxFilesPerBucket },
      budgetMs: snapshotSeconds * 1000,
      perTenant: snapshotsPerTenant,
    },
  };
}

/** The metrics of this process, or of all processes as one. */
async function metricsText(metrics: Metrics, plane: Pick<DataPlane, 'otherMetrics'>) {
  const others = await plane.otherMetrics();
  const { registry } = metrics;
  if (others.length === 0) return { contentType: registry.contentType, text: await registry.metrics() };
  const own: object = await registry.getMetricsAsJSON();
  const all = AggregatorRegistry.aggregate([own, ...others]);
  return { contentType: all.contentType, text: await all.metrics() };
}
