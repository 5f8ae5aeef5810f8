import { z } from 'zod';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const statusSchema = z.object({
  newest: z.number().meta({ description: 'The version that seals new secrets.' }),
  versions: z.array(z.object({ version: z.number(), sealed: z.number() })),
});

/** Versions of the passphrase that secrets in the database are sealed under. */
export function secretRoutes({ metadata }: Pick<ControlServices, 'metadata'>): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/secrets',
      operationId: 'getSecretVersions',
      tag: 'secrets',
      summary: 'How many secrets each passphrase version still seals',
      description: 'Secrets of older versions are sealed anew in the background.',
      access: 'admin',
      status: 200,
      response: statusSchema,
      async handle() {
        const { newest, versions } = await metadata.secretVersions();
        return { newest, versions: versions.map(({ version, sealed }) => ({ version, sealed })) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/admin/secrets/versions/:version',
      operationId: 'retireSecretVersion',
      tag: 'secrets',
      summary: 'Forget a passphrase version under which nothing is sealed any more',
      description:
        'Only when every gateway on the database runs with the newer passphrase. After it none needs the old one.',
      access: 'admin',
      status: 204,
      params: z.object({ version: z.coerce.number().int().min(1).max(255) }),
      handle: ({ params }, { actor }) => metadata.retireSecretVersion(params.version, actor),
    }),
  ];
}
