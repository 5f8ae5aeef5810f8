import { Fault, isFault } from '@sealgate/core/faults';
import { POLICY_BYTES_MAX } from '@sealgate/core/limits';
import { type CompiledPolicy, compilePolicy, survivable } from '@sealgate/core/policy';
import { z } from 'zod';
import { lookAtGateway } from '../access.ts';
import { policyModel, policyNameField, policySchema } from '../models.ts';
import { pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const document = z.string().min(1).max(POLICY_BYTES_MAX).meta({ description: 'The policy in YAML.' });
const params = z.object({ name: policyNameField });

const checkedSchema = z.object({
  ok: z.boolean(),
  name: z.string().nullable(),
  problem: z.string().nullable().meta({ description: 'Every problem with its line, column and fix.' }),
  defaultClass: z.string().nullable(),
  classes: z.array(
    z.object({
      name: z.string(),
      width: z.number().meta({ description: 'Backends that a blob wants.' }),
      ack: z.string(),
      storageMultiplier: z.number(),
      lossesAtAck: z.number().meta({ description: 'Backends that may be lost right after the acknowledgement.' }),
      lossesWhenComplete: z.number(),
    }),
  ),
});

export function policyRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    route({
      method: 'GET',
      path: '/admin/policies',
      operationId: 'listPolicies',
      tag: 'policies',
      summary: 'List policies in their newest versions',
      access: lookAtGateway,
      status: 200,
      query: pageQuery,
      response: pageSchema(policySchema),
      async handle({ query }) {
        const page = pageOf(await metadata.listPolicies(), ({ name }) => name, query);
        return { items: page.items.map(policyModel), next: page.next };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/policies/:name',
      operationId: 'getPolicy',
      tag: 'policies',
      summary: 'The newest version of a policy',
      access: lookAtGateway,
      status: 200,
      params,
      response: policySchema,
      async handle(input) {
        const record = await metadata.policy(input.params.name);
        if (record === undefined) throw new Fault('NotFound', `There is no policy "${input.params.name}".`);
        return policyModel(record);
      },
    }),
    route({
      method: 'PUT',
      path: '/admin/policies/:name',
      operationId: 'putPolicy',
      tag: 'policies',
      summary: 'Apply a new version of a policy',
      description: 'A document that does not compile changes nothing.',
      access: 'admin',
      status: 200,
      params,
      body: z.object({ document }),
      response: policySchema,
      async handle(input, { actor }) {
        const { name } = input.params;
        const policy = compilePolicy(input.body.document, { version: 1 });
        if (policy.name !== name) {
          throw new Fault('PolicyInvalid', `The document is of policy "${policy.name}", the path names "${name}".`);
        }
        return policyModel(await metadata.putPolicy(name, input.body.document, actor));
      },
    }),
    route({
      method: 'POST',
      path: '/admin/policies/check',
      operationId: 'checkPolicy',
      tag: 'policies',
      summary: 'Compile a policy without applying it',
      access: lookAtGateway,
      status: 200,
      body: z.object({ document }),
      response: checkedSchema,
      handle: (input) => Promise.resolve(check(input.body.document)),
    }),
  ];
}

function check(text: string): z.input<typeof checkedSchema> {
  try {
    return described(compilePolicy(text, { version: 1 }));
  } catch (error) {
    if (!isFault(error, 'PolicyInvalid')) throw error;
    return { ok: false, name: null, problem: error.message, defaultClass: null, classes: [] };
  }
}

function described(policy: CompiledPolicy): z.input<typeof checkedSchema> {
  const classes = [...policy.classes.values()].map((each) => ({
    name: each.name,
    width: each.width,
    ack: each.ack.text,
    ...survivable(each),
  }));
  return { ok: true, name: policy.name, problem: null, defaultClass: policy.defaultClass, classes };
}
