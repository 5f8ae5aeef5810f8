// The description of the REST interface holds together: it names every call, and every name in it leads somewhere.
import { faultTable } from '@sealgate/core/faults';
import { describe, expect, test } from 'vitest';
import { controlRoutes } from '../../apps/gateway/src/control/routes/all.ts';
import type { ControlServices } from '../../apps/gateway/src/control/services.ts';
import { openApiDocument, renderOperations } from './operations.ts';

type Json = Readonly<Record<string, unknown>>;

const document = openApiDocument();
const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, call]) => ({ path, method, call: call as unknown as Json & typeof call })),
);

function* nodesOf(node: unknown): Generator<Json> {
  if (Array.isArray(node)) for (const each of node) yield* nodesOf(each);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  yield node as Json;
  for (const each of Object.values(node)) yield* nodesOf(each);
}
const find = (pointer: string): unknown =>
  pointer
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (node, name) => (node as Json | undefined)?.[name.replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    );

describe('the OpenAPI document', () => {
  test('has every route, once', () => {
    const described = calls.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    const routes = controlRoutes({} as ControlServices).map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    );
    expect(described).toEqual(expect.arrayContaining(routes));
    const ids = calls.map(({ call }) => call.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('resolves every reference and names every parameter of a path', () => {
    for (const { $ref: reference } of nodesOf(document)) {
      if (reference !== undefined) expect(find(reference as string), reference as string).toBeDefined();
    }
    for (const { path, method, call } of calls) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const given = (call.parameters ?? []).filter((each) => each.in === 'path');
      expect([method, path, given.map(({ name }) => name).sort()]).toEqual([method, path, wanted]);
      expect(given.every(({ required }) => required)).toBe(true);
    }
  });

  test('says of every call how to prove who calls, and that it may answer with a problem', () => {
    const { securitySchemes, schemas } = document['components'] as Readonly<Record<string, Json>>;
    for (const { path, call } of calls) {
      const proofs = (call['security'] as readonly Json[]).flatMap((each) => Object.keys(each));
      expect(Object.keys(securitySchemes ?? {}), path).toEqual(expect.arrayContaining(proofs));
      expect(call.responses['default']?.content, path).toHaveProperty('application/problem+json');
      expect(
        Object.keys(call.responses).some((status) => status.startsWith('2')),
        path,
      ).toBe(true);
    }
    const problem = schemas?.['Problem'] as { readonly required: readonly string[] };
    expect(problem.required).toEqual(expect.arrayContaining(['type', 'title', 'status', 'detail', 'code']));
    // Every code that a problem may have is a member of the one table; the document leaves the list to it.
    expect(Object.keys(faultTable).length).toBeGreaterThan(100);
  });

  test('becomes types: JSON calls have all their parts', () => {
    const text = renderOperations();
    expect(text).toContain("planUpload: ['POST', '/proxy/objects/plan'],");
    expect(text).toMatch(/readonly planUpload: \{\s+readonly params: undefined;/);
    expect(text).not.toContain('[object');
  });
});
