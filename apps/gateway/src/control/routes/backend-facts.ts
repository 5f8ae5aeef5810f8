import { backendFacts } from '@sealgate/core/catalogue';
import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';
import { z } from 'zod';
import { backendIdField, backendModel, backendSchema, pricesSchema } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const params = z.object({ backend: backendIdField });

/** What only an operator knows of a backend, or may believe of what the catalogue says of it. */
export function backendFactsRoutes(services: ControlServices): readonly Route[] {
  const { metadata, registry, catalogue } = services;
  const require = async (id: BackendId): Promise<Backend> => {
    const backend = (await metadata.listBackends()).find((each) => each.id === id);
    if (backend === undefined) throw new Fault('NoSuchBackend', `There is no backend "${id}".`);
    return backend;
  };
  const answer = async (changed: Backend) => {
    await registry.refresh();
    return backendModel(changed, registry.view(changed.id), catalogue);
  };
  return [
    route({
      method: 'PUT',
      path: '/admin/backends/:backend/prices',
      operationId: 'setBackendPrices',
      tag: 'backends',
      summary: 'Say what a backend costs, and how quick it is expected to be',
      description: 'Policies may prefer backends by them, and simulations reckon with them. Absent members stay.',
      access: 'admin',
      status: 200,
      params,
      body: z.object({
        prices: pricesSchema.nullable().optional().meta({ description: 'Replaces all of them; null: not known.' }),
        expectedLatencyMs: z.number().min(0).max(600_000).nullable().optional(),
      }),
      response: backendSchema,
      async handle(input, { actor }) {
        const { prices, expectedLatencyMs } = input.body;
        const facts = {
          ...(prices === undefined ? {} : { prices }),
          ...(expectedLatencyMs === undefined ? {} : { expectedLatencyMs }),
        };
        return await answer(await metadata.updateBackend(input.params.backend, facts, actor));
      },
    }),
    route({
      method: 'POST',
      path: '/admin/backends/:backend/accept-catalogue',
      operationId: 'acceptCatalogue',
      tag: 'backends',
      summary: 'Take over the legal facts that the provider catalogue has for a backend now',
      description: 'Nothing else does: a newer catalogue changes no record. Policies read the new facts at once.',
      access: 'admin',
      status: 200,
      params,
      body: z.object({
        zone: z.string().min(1).max(128).optional().meta({ description: 'Its zone; the recorded one unless given.' }),
      }),
      response: backendSchema,
      async handle(input, { actor }) {
        const backend = await require(input.params.backend);
        const code = input.body.zone ?? backend.zone;
        if (!code)
          throw new Fault('ValidationFailed', `The backend "${backend.id}" has no zone of the provider catalogue.`);
        const entry = catalogue.zone(code);
        if (entry === undefined) {
          throw new Fault(
            'ValidationFailed',
            `The provider catalogue has no zone "${code}". GET /providers lists them.`,
          );
        }
        const { country, jurisdiction, operatorJurisdiction, certificates } = backendFacts(entry);
        const facts = { country, jurisdiction, operatorJurisdiction, certificates, zone: code };
        return await answer(await metadata.updateBackend(backend.id, facts, actor));
      },
    }),
  ];
}
