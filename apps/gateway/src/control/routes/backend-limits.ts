import { Fault } from '@sealgate/core/faults';
import {
  BACKGROUND_BYTES_PER_SECOND_MAX,
  BACKGROUND_BYTES_PER_SECOND_MIN,
  BACKGROUND_CONCURRENCY_MAX,
} from '@sealgate/core/limits';
import { z } from 'zod';
import { backendIdField, backendModel, backendSchema } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';
import { requireBackend } from './backend-life-cycle.ts';

const params = z.object({ backend: backendIdField });

const limitsSchema = z.strictObject({
  bytesPerSecond: z
    .number()
    .int()
    .min(BACKGROUND_BYTES_PER_SECOND_MIN)
    .max(BACKGROUND_BYTES_PER_SECOND_MAX)
    .nullable()
    .optional()
    .meta({ description: 'Of what is read from it and written to it together. Null: no bound.' }),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(BACKGROUND_CONCURRENCY_MAX)
    .nullable()
    .optional()
    .meta({ description: 'Blobs or shards that are worked on at once. Null: no bound.' }),
});

/** What background work may take of a backend. */
export function backendLimitRoutes(services: ControlServices): readonly Route[] {
  const { metadata, registry, catalogue } = services;
  return [
    route({
      method: 'PUT',
      path: '/admin/backends/:backend/background-limits',
      operationId: 'setBackgroundLimits',
      tag: 'backends',
      summary: 'Bound what background work takes of a backend',
      description:
        'Repairs, replications, drains, rebalances and scrubs keep to it; requests of clients do not. It is for all processes that work in the background together: each takes its part, from the next seconds on. What is not given stays as it is.',
      access: 'admin',
      status: 200,
      params,
      body: limitsSchema,
      response: backendSchema,
      async handle({ params: { backend: id }, body }, { actor }) {
        if (body.bytesPerSecond === undefined && body.concurrency === undefined)
          throw new Fault('ValidationFailed', 'There is nothing to change in this request.');
        const { background } = await requireBackend(services, id);
        const { bytesPerSecond = background?.bytesPerSecond, concurrency = background?.concurrency } = body;
        const limits = { bytesPerSecond: bytesPerSecond ?? null, concurrency: concurrency ?? null };
        await metadata.setBackgroundLimits(id, limits, actor);
        await registry.refresh();
        return backendModel(await requireBackend(services, id), registry.view(id), catalogue);
      },
    }),
  ];
}
