import { z } from 'zod';
import type { RawInput } from './access.ts';
import { InputFault, type InputIssue, parseInput } from './problem.ts';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a route's handler takes, from what came. Every call's schemas are prepared once. @throws InputFault */
export function inputParser(
  route: Pick<Route, 'params' | 'query' | 'body'>,
): (input: RawInput) => { readonly params: unknown; readonly query: unknown; readonly body: unknown } {
  const { params, query, body } = route;
  const bodyForm = body === undefined ? undefined : closedSchema(body);
  const queryForm = query === undefined ? undefined : closedSchema(query);
  return (input) => {
    const given = input.body ?? {};
    const unknown = [
      ...(queryForm === undefined ? [] : unknownMembers(queryForm, input.query, ['query'])),
      ...(bodyForm === undefined ? [] : unknownMembers(bodyForm, given, ['body'])),
    ];
    if (unknown.length > 0) throw new InputFault(unknown);
    return {
      params: params && parseInput(params, input.path, 'path'),
      query: query && parseInput(query, input.query, 'query'),
      body: body && parseInput(body, given, 'body'),
    };
  };
}

/** The JSON Schema of an input, in which an object has the members that it names and no others unless it says so. */
export function closedSchema(schema: z.ZodType): Json {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return closed(json) as Json;
}

function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value)]));
  const isOpen = 'additionalProperties' in copy || !('properties' in copy);
  return isOpen ? copy : { ...copy, additionalProperties: false };
}

/**
 * Members that no part of the schema names. A misspelled one would change nothing, silently, where its author thinks it
 * did.
 */
export function unknownMembers(schema: Json, value: unknown, path: readonly string[]): readonly InputIssue[] {
  const choices = [schema['anyOf'], schema['oneOf']].find(Array.isArray) as readonly Json[] | undefined;
  if (choices !== undefined) return inBestChoice(choices, value, path);
  if (Array.isArray(value)) {
    const items = schema['items'];
    return isJson(items) ? value.flatMap((item, at) => unknownMembers(items, item, [...path, String(at)])) : [];
  }
  return isJson(value) ? inObject(schema, value, path) : [];
}

function inObject(schema: Json, value: Json, path: readonly string[]): readonly InputIssue[] {
  const properties = isJson(schema['properties']) ? schema['properties'] : {};
  const others = schema['additionalProperties'];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const form = isJson(known) ? known : others;
    if (form === false) {
      const names = Object.keys(properties);
      const hint = names.length === 0 ? '' : `; there are ${names.join(', ')}`;
      return [{ in: [...path, name].join('.'), problem: `is not known here${hint}` }];
    }
    return isJson(form) ? unknownMembers(form, member, [...path, name]) : [];
  });
}

/** The choice that knows most of the value; which one it fits is for the schema itself to say. */
function inBestChoice(choices: readonly Json[], value: unknown, path: readonly string[]): readonly InputIssue[] {
  const fitting = choices.filter((choice) => mayHold(choice, value));
  const found = fitting.map((choice) => unknownMembers(choice, value, path));
  return found.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function mayHold(choice: Json, value: unknown): boolean {
  const type = choice['type'];
  if (type === 'object') return isJson(value);
  if (type === 'array') return Array.isArray(value);
  return type === undefined || (!isJson(value) && !Array.isArray(value));
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
