import { z } from 'zod';
import { type Route, route } from '../route.ts';

const callerSchema = z.object({
  kind: z.enum(['admin-key', 'token', 'access-key', 'agent']),
  id: z.string().meta({ description: 'As the audit log names the caller.' }),
  grants: z.array(
    z.object({
      role: z.enum(['operator', 'auditor', 'viewer', 'tenant']),
      tenants: z.union([z.literal('all'), z.array(z.string())]),
    }),
  ),
});

export function whoamiRoutes(): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/whoami',
      operationId: 'whoAmI',
      tag: 'roles',
      summary: 'Who the caller is, and in which roles for which tenants',
      access: { roles: ['operator', 'auditor', 'viewer', 'tenant'], tenant: 'any' },
      status: 200,
      response: callerSchema,
      handle: (_input, { caller }) => {
        const { kind = 'token', id = '', grants = [] } = caller ?? {};
        const shown = grants.map(({ role, tenants }) => ({
          role,
          tenants: tenants === 'all' ? tenants : [...tenants],
        }));
        return Promise.resolve({ kind, id, grants: shown });
      },
    }),
  ];
}
