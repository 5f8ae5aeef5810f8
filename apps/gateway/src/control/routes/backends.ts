import type { BackendId } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';
import { z } from 'zod';
import { lookAtGateway } from '../access.ts';
import { PROBE_TIMEOUT_MS } from '../limits.ts';
import { maintenanceModel, maintenanceSchema } from '../maintenance-models.ts';
import { backendIdField, backendModel, backendSchema } from '../models.ts';
import { pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';
import { addStorageRoute, healthSchema, probeModel, probeSchema } from './add-storage.ts';
import { backendLifeCycleRoutes, requireBackend } from './backend-life-cycle.ts';
import { backendLimitRoutes } from './backend-limits.ts';

const params = z.object({ backend: backendIdField });

export function backendRoutes(services: ControlServices): readonly Route[] {
  return [...lookRoutes(services), ...backendLifeCycleRoutes(services), ...backendLimitRoutes(services)];
}

function lookRoutes(services: ControlServices): readonly Route[] {
  const { metadata, registry, prober, clock } = services;
  const require = (id: BackendId): Promise<Backend> => requireBackend(services, id);
  return [
    addStorageRoute(services),
    route({
      method: 'GET',
      path: '/admin/backends',
      operationId: 'listBackends',
      tag: 'backends',
      summary: 'List backends with their health',
      access: lookAtGateway,
      status: 200,
      query: pageQuery,
      response: pageSchema(backendSchema),
      async handle({ query }) {
        const page = pageOf(await metadata.listBackends(), ({ id }) => id, query);
        return {
          items: page.items.map((each) => backendModel(each, registry.view(each.id), services.catalogue)),
          next: page.next,
        };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/backends/:backend',
      operationId: 'getBackend',
      tag: 'backends',
      summary: 'One backend with its health, what it holds, and how far a drain, a scrub or a rebalance is',
      access: lookAtGateway,
      status: 200,
      params,
      response: backendSchema.extend({ maintenance: maintenanceSchema }),
      async handle(input) {
        const backend = await require(input.params.backend);
        const maintenance = await services.engine.maintenance.ofBackend(backend);
        return {
          ...backendModel(backend, registry.view(backend.id), services.catalogue),
          maintenance: maintenanceModel(backend.id, maintenance),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/admin/backends/:backend/probe',
      operationId: 'probeBackend',
      tag: 'backends',
      summary: 'Try what a backend can do, and remember it',
      access: 'admin',
      status: 200,
      params,
      response: z.object({ backend: backendSchema, health: healthSchema, probe: probeSchema.nullable() }),
      async handle(input, { actor, signal }) {
        const backend = await require(input.params.backend);
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
        const seen = await prober.examine(backend, { signal: bounded, probe: true });
        const atMs = clock.now();
        if (seen.report) await metadata.recordProbe(backend.id, seen.report.capabilities, atMs, actor);
        await registry.refresh();
        const probed = await require(backend.id);
        return {
          backend: backendModel(probed, registry.view(backend.id), services.catalogue),
          health: seen.health,
          probe: probeModel(seen, atMs),
        };
      },
    }),
  ];
}
