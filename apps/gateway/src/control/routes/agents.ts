import { randomBytes } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Agent } from '@sealgate/core/ports';
import { fingerprint } from '@sealgate/runtime/agents';
import { z } from 'zod';
import { hashOf } from '../../agents/sessions.ts';
import { lookAtGateway } from '../access.ts';
import { backendIdField, isoTime } from '../models.ts';
import { pageOf, pageQuery, pageSchema } from '../paging.ts';
import { type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

const nameField = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'has 1 to 63 small letters, digits or hyphens')
  .meta({ description: 'Name of an agent.' });
const kindField = z.enum(['repair', 'replicate']);

const agentSchema = z
  .object({
    id: z.string(),
    state: z.enum(['enrolling', 'active', 'disabled']),
    kinds: z.array(kindField),
    backends: z.array(z.string()).nullable().meta({ description: 'Null: all that it has credentials of.' }),
    fingerprint: z.string().nullable().meta({ description: 'Of its public key, as the agent shows it too.' }),
    epoch: z.number().meta({ description: 'How often it began anew.' }),
    holds: z.array(z.object({ backend: z.string(), ok: z.boolean(), latencyMs: z.number() })),
    lastSeenAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime().nullable(),
  })
  .meta({ description: 'A worker outside of the gateway.' });

const params = z.object({ agent: nameField });

export function agentRoutes(services: ControlServices): readonly Route[] {
  return [createRoute(services), ...lookRoutes(services), ...changeRoutes(services)];
}

function createRoute({ metadata, clock }: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/admin/agents',
    operationId: 'createAgent',
    tag: 'agents',
    summary: 'Make an agent, and the token that it enrols with, once',
    description: 'The token is in this answer and never shown again.',
    access: 'admin',
    status: 201,
    body: z.object({
      id: nameField,
      kinds: z.array(kindField).min(1).default(['repair', 'replicate']),
      backends: z.array(backendIdField).min(1).max(1000).nullable().default(null),
      minutes: z
        .number()
        .int()
        .min(1)
        .max(DAY_MINUTES)
        .default(60)
        .meta({ description: 'How long the token is good.' }),
    }),
    response: z.object({ agent: agentSchema, enrolmentToken: z.string(), expiresAt: z.iso.datetime() }),
    async handle({ body: { id, kinds, backends, minutes } }, { actor }) {
      const enrolmentToken = `sge_${randomBytes(32).toString('base64url')}`;
      const facts = { id, kinds: [...new Set(kinds)], backends, enrolmentMs: minutes * MINUTE_MS };
      const agent = await metadata.createAgent({ ...facts, enrolmentHash: hashOf(enrolmentToken) }, actor);
      const expiresAtMs = agent.enrolmentExpiresAtMs ?? clock.now();
      return { agent: agentModel(agent), enrolmentToken, expiresAt: new Date(expiresAtMs).toISOString() };
    },
  });
}

function lookRoutes({ metadata }: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/admin/agents',
      operationId: 'listAgents',
      tag: 'agents',
      summary: 'List agents',
      access: lookAtGateway,
      status: 200,
      query: pageQuery,
      response: pageSchema(agentSchema),
      async handle({ query }) {
        const page = pageOf(await metadata.listAgents(), ({ id }) => id, query);
        return { items: page.items.map(agentModel), next: page.next };
      },
    }),
    route({
      method: 'GET',
      path: '/admin/agents/:agent',
      operationId: 'getAgent',
      tag: 'agents',
      summary: 'One agent with what it holds',
      access: lookAtGateway,
      status: 200,
      params,
      response: agentSchema,
      handle: async (input) => agentModel(await requireAgent({ metadata }, input.params.agent)),
    }),
  ];
}

function changeRoutes({ metadata }: ControlServices): readonly Route[] {
  return [
    route({
      method: 'PATCH',
      path: '/admin/agents/:agent',
      operationId: 'updateAgent',
      tag: 'agents',
      summary: 'Disable or enable an agent',
      description: 'Disabled, it loses its session and its jobs at once, and nothing that it says counts any more.',
      access: 'admin',
      status: 200,
      params,
      body: z.object({ state: z.enum(['active', 'disabled']) }),
      response: agentSchema,
      async handle(input, { actor }) {
        await metadata.setAgentState(input.params.agent, input.body.state, actor);
        return agentModel(await requireAgent({ metadata }, input.params.agent));
      },
    }),
    route({
      method: 'DELETE',
      path: '/admin/agents/:agent',
      operationId: 'removeAgent',
      tag: 'agents',
      summary: 'Forget an agent',
      description: 'Refused while a backend is in its custody.',
      access: 'admin',
      status: 204,
      params,
      async handle(input, { actor }) {
        await metadata.removeAgent(input.params.agent, actor);
      },
    }),
  ];
}

/** @throws Fault NotFound */
async function requireAgent({ metadata }: Pick<ControlServices, 'metadata'>, id: string): Promise<Agent> {
  const agent = await metadata.agent(id);
  if (agent === undefined) throw new Fault('NotFound', `There is no agent "${id}".`);
  return agent;
}

function agentModel(agent: Agent): z.input<typeof agentSchema> {
  const { id, state, kinds, backends, publicKey, epoch, reported } = agent;
  return {
    id,
    state,
    kinds: [...kinds],
    backends: backends === null ? null : [...backends],
    fingerprint: publicKey === null ? null : fingerprint(publicKey),
    epoch,
    holds: Object.entries(reported).map(([backend, report]) => ({ backend, ...report })),
    lastSeenAt: isoTime(agent.lastSeenAtMs),
    createdAt: isoTime(agent.createdAtMs),
  };
}
