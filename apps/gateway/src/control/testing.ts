import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Metadata, systemClock } from '@sealgate/core/ports';
import { createEngine, defaultEngineLimits } from '@sealgate/engine';
import { openMetadata } from '@sealgate/metadata';
import { createTestDatabase } from '@sealgate/metadata/testing';
import { type BackendRegistry, createBackendRegistry, type LinkDeps, linkTo } from '@sealgate/runtime/backends';
import { Secret } from '@sealgate/runtime/log';
import { type AllowedRanges, createEndpointGuard } from '@sealgate/runtime/net';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { inject } from 'vitest';
import { createAgentSessions } from '../agents/sessions.ts';
import { auditServicesOf } from '../audit/audit-services.ts';
import { createBackendProber } from '../backends/prober.ts';
import { loadCatalogue } from '../catalogue/catalogue.ts';
import { createDiscovery } from '../discovery/discovery.ts';
import { createKeyrings } from '../keyrings/keyrings.ts';
import { createAttempts } from '../net/attempts.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import { ensureDemoBackends } from '../start/demo-backends.ts';
import { createReadiness } from '../start/readiness.ts';
import { openTokenVerifier, type VerifyWebIdentity } from '../sts/web-identity.ts';
import { createAdminKeyCheck } from './auth.ts';
import { type ControlAuthenticate, createControlAuthenticate } from './authenticate.ts';
import { type AnswerCheck, createAnswerCheck } from './described-answers.ts';
import { controlAttemptLimits } from './limits.ts';
import { createControlServer } from './server.ts';

export const ADMIN_KEY = 'an-operator-key-for-tests';
/** A gateway in whose background nothing happens. */
const IDLE = {
  region: 'eu-test-1',
  rehomeAfterMs: 3_600_000,
  encryptsByDefault: false,
  backups: { intervalSeconds: 0, retention: { daily: 7, weekly: 4 } },
  loops: () => [],
};
const NO_RANGES: AllowedRanges = { privateRanges: false, cidrs: [] };

/** A control listener on a real database, with demo backends in a folder of its own. */
export async function startControl(allowed: AllowedRanges = NO_RANGES, verifyToken?: VerifyWebIdentity) {
  const database = await createTestDatabase(inject('testCluster'));
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-control-'));
  const logger = pino({ level: 'silent' });
  const clock = systemClock;
  const metrics = createMetrics();
  const metadata = await openMetadata({
    databaseUrl: database.databaseUrl,
    secrets: { passphrases: [{ version: 1, passphrase: 'a passphrase for tests' }] },
  });
  const links = { guard: createEndpointGuard(allowed), clock, logger };
  const registry = openRegistry(metadata, links, metrics);
  const prober = createBackendProber(links);
  await ensureDemoBackends({ metadata, prober, clock }, join(folder, 'backends'));
  await registry.start();
  const limits = defaultEngineLimits;
  const engine = createEngine({ metadata, pool: registry.pool, clock, limits, events: metrics.engineEvents });
  const readiness = createReadiness(() => Promise.resolve(undefined));
  const tokens = openTokenVerifier({ metadata, guard: links.guard, clock });
  const audit = auditServicesOf(metadata, clock);
  const app = createControlServer({
    services: {
      metadata,
      audit,
      engine,
      keyrings: createKeyrings({ metadata, clock }),
      registry,
      prober,
      agents: createAgentSessions({ metadata, clock }),
      catalogue: await loadCatalogue(undefined),
      discovery: testDiscovery(metadata, links),
      guard: links.guard,
      clock,
      readiness,
      ...IDLE,
      filesystemRoots: [join(folder, 'backends')],
      metricsText: async () => ({ contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }),
    },
    authenticate: testAuthenticate(metadata, verifyToken ?? tokens.verify),
    // Injected requests come behind the server that tells them apart.
    objects: { owns: () => false, serve: () => Promise.resolve() },
    trustsProxy: () => false,
    logger,
    metrics,
    version: '0.0.0',
  });
  return {
    app,
    audit,
    metadata,
    registry,
    readiness,
    folder,
    async close() {
      await app.close();
      await tokens.close();
      await registry.close();
      await metadata.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function openRegistry(metadata: Metadata, links: LinkDeps, metrics: Metrics): BackendRegistry {
  return createBackendRegistry({
    metadata,
    clock: links.clock,
    logger: links.logger,
    metrics,
    createDriver: (backend) => linkTo(backend, links)?.driver,
    recordsHealth: false,
    pingIntervalMs: 60_000,
    pingTimeoutMs: 5000,
  });
}

function testDiscovery(metadata: Metadata, { guard, clock }: LinkDeps) {
  const guards = { operators: guard, tenants: createEndpointGuard(NO_RANGES) };
  const caps = { buckets: 200, files: 50_000, filesPerBucket: 5000 };
  return createDiscovery({ metadata, guards, clock, settings: { caps, budgetMs: 60_000, perTenant: 3 } });
}

function testAuthenticate(metadata: Metadata, verifyToken: VerifyWebIdentity): ControlAuthenticate {
  const clock = systemClock;
  return createControlAuthenticate({
    checkAdminKey: createAdminKeyCheck(new Secret(ADMIN_KEY)),
    verifyToken,
    metadata,
    attempts: createAttempts({ clock, limits: controlAttemptLimits }),
    clock,
    region: 'eu-test-1',
    onFailure: () => undefined,
  });
}

export type Control = Awaited<ReturnType<typeof startControl>>;

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const checks = new WeakMap<FastifyInstance, AnswerCheck>();

async function checkOf(app: FastifyInstance): Promise<AnswerCheck> {
  const made =
    checks.get(app) ?? createAnswerCheck(JSON.parse((await app.inject({ method: 'GET', url: '/openapi.json' })).body));
  checks.set(app, made);
  return made;
}

/** One call as the operator, its JSON parsed. Throws when the answer is not as it is described. */
export async function call(
  app: FastifyInstance,
  line: string,
  payload?: object,
  options: Partial<InjectOptions> = {},
): Promise<Answer> {
  const [method = 'GET', url = '/'] = line.split(' ');
  const response = await app.inject({
    method: method as 'GET',
    url,
    headers: { 'x-admin-key': ADMIN_KEY },
    ...(payload === undefined ? {} : { payload }),
    ...options,
  });
  const type = response.headers['content-type'];
  const seen = { method, path: url, status: response.statusCode, type: type?.split(';')[0], text: response.body };
  (await checkOf(app))(seen);
  const json = String(type).includes('json');
  const body = json && response.body !== '' ? (JSON.parse(response.body) as Answer['body']) : {};
  return { status: response.statusCode, body, headers: response.headers, text: response.body };
}
