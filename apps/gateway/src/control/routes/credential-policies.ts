import { Fault } from '@sealgate/core/faults';
import { z } from 'zod';
import { tenantChanges, tenantLooks } from '../access.ts';
import {
  identityPolicyField,
  identityPolicyModel,
  identityPolicyShown,
  identityPolicyText,
} from '../identity-policy.ts';
import { accessKeyField } from '../models.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const params = z.object({ accessKeyId: accessKeyField });
const shown = z.object({ accessKeyId: z.string(), policy: identityPolicyShown });
const PATH = '/proxy/credentials/:accessKeyId/policy';

/** What bounds a credential. Without a policy it may do everything its tenant may. */
export function credentialPolicyRoutes(services: Pick<ControlServices, 'metadata'>): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'PUT',
      path: PATH,
      operationId: 'putCredentialPolicy',
      tag: 'credentials',
      summary: 'Bound what an access key may do',
      description: 'Holds at once, also for the temporary credentials that were made from the key.',
      access: tenantChanges({ in: 'credential', name: 'accessKeyId' }),
      status: 200,
      params,
      body: z.object({ policy: identityPolicyField }),
      response: shown,
      async handle(input, { actor }) {
        const { accessKeyId } = input.params;
        const text = identityPolicyText(input.body.policy);
        await metadata.setCredentialPolicy(accessKeyId, text, actor);
        return { accessKeyId, policy: identityPolicyModel(text) };
      },
    }),
    route({
      method: 'GET',
      path: PATH,
      operationId: 'getCredentialPolicy',
      tag: 'credentials',
      summary: 'What bounds an access key',
      access: tenantLooks({ in: 'credential', name: 'accessKeyId' }),
      status: 200,
      params,
      response: shown,
      async handle(input) {
        const { accessKeyId } = input.params;
        const credential = await metadata.credential(accessKeyId);
        if (credential?.kind !== 'static') throw new Fault('NotFound', 'There is no such access key.');
        if (credential.policy === null) throw new Fault('NotFound', 'No policy bounds this access key.');
        return { accessKeyId, policy: identityPolicyModel(credential.policy) };
      },
    }),
    route({
      method: 'DELETE',
      path: PATH,
      operationId: 'deleteCredentialPolicy',
      tag: 'credentials',
      summary: 'Let an access key do everything its tenant may',
      access: tenantChanges({ in: 'credential', name: 'accessKeyId' }),
      status: 204,
      params,
      handle: (input, { actor }) => metadata.setCredentialPolicy(input.params.accessKeyId, null, actor),
    }),
  ];
}
