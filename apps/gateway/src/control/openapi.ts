import { z } from 'zod';
import { ruleOf } from './access.ts';
import { closedSchema } from './input.ts';
import { describeObjects } from './objects/described.ts';
import { problemSchema } from './problem.ts';
import type { PlainRoute, Route } from './route.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of these routes. */
export function openApiOf(routes: readonly Route[], plain: readonly PlainRoute[], version: string): Json {
  const paths: Record<string, unknown> = {};
  for (const each of plain) paths[each.path] = { get: plainOperation(each) };
  for (const each of routes) {
    const path = each.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...(paths[path] as Json | undefined), [each.method.toLowerCase()]: operationOf(each) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sealgate control listener',
      version,
      description: 'Operation of a gateway: backends, tenants, buckets, policies and credentials.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: { ...paths, ...describeObjects(PROBLEM) },
    components: {
      securitySchemes,
      schemas: { Problem: schemaOf(problemSchema, 'output') },
    },
  };
}

const securitySchemes: Json = {
  agentSession: { type: 'http', scheme: 'bearer', description: 'What POST /agents/session gave.' },
  adminKey: { type: 'apiKey', in: 'header', name: 'X-Admin-Key', description: 'The operator of the whole gateway.' },
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Of a registered identity provider, whose grants say which role it gives for which tenants.',
  },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'AWS4-HMAC-SHA256 with an access key of the tenant, for service s3 or sealgate; covers the body.',
  },
};

/** How to prove who calls, and which roles may. */
function accessOf({ access }: Route): Json {
  if (access === 'public') return { security: [] };
  if (access === 'agent')
    return { security: [{ agentSession: [] }], 'x-sealgate-access': { roles: ['agent'], of: 'caller' } };
  const { roles, tenant } = ruleOf(access);
  const signed = roles.includes('tenant') ? [{ signature: [] }] : [];
  return {
    security: [{ adminKey: [] }, { token: [] }, ...signed],
    'x-sealgate-access': { roles, of: tenant === undefined ? 'gateway' : tenant === 'any' ? 'caller' : 'tenant' },
  };
}

function plainOperation({ operationId, tag, summary, answers }: PlainRoute): Json {
  const responses = Object.entries(answers).map(([status, type]) => [
    status,
    { description: status === '200' ? 'Done' : 'Not now', content: { [type]: { schema: {} } } },
  ]);
  return {
    operationId,
    tags: [tag],
    summary,
    security: [],
    responses: { ...Object.fromEntries(responses), default: PROBLEM },
  };
}

const PROBLEM: Json = {
  description: 'Problem details',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function operationOf(route: Route): Json {
  const parameters = [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')];
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...accessOf(route),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(route),
    responses: {
      [route.status]: {
        description: 'Done',
        ...(route.response === undefined ? {} : { content: json(route.response, 'output') }),
      },
      default: PROBLEM,
    },
  };
}

/** A body that is left out counts as one without members. */
function requestBodyOf({ body }: Route): Json {
  if (body === undefined) return {};
  return { requestBody: { required: !body.safeParse({}).success, content: json(body, 'input') } };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    readonly properties?: Record<string, Json>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function json(schema: z.ZodType, io: 'input' | 'output'): Json {
  return { 'application/json': { schema: schemaOf(schema, io) } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const {
    $schema: _,
    id: __,
    ...rest
  } = io === 'input' ? closedSchema(schema) : z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return rest;
}
