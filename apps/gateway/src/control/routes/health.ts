import { z } from 'zod';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const statusSchema = z.object({ status: z.string(), reason: z.string().optional() });

/** `/readyz` and `/metrics` answer outside of the JSON routes: one has two statuses, the other is text. */
export function healthRoutes(): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      operationId: 'getHealth',
      tag: 'health',
      summary: 'The process is alive',
      access: 'public',
      status: 200,
      response: statusSchema,
      handle: () => Promise.resolve({ status: 'alive' }),
    }),
  ];
}

export async function readyAnswer(
  services: Pick<ControlServices, 'readiness'>,
): Promise<{ readonly status: number; readonly body: z.output<typeof statusSchema> }> {
  const reason = await services.readiness.reason();
  return reason === undefined
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, body: { status: 'not ready', reason } };
}
