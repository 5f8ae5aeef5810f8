import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { closedSchema, unknownMembers } from './input.ts';

const schema = closedSchema(
  z.object({
    name: z.string(),
    labels: z.record(z.string(), z.object({ value: z.string() })).default({}),
    choice: z.union([z.literal('all'), z.object({ claim: z.string() }), z.object({ names: z.array(z.string()) })]),
    list: z.array(z.object({ a: z.number() })).optional(),
    free: z.looseObject({ a: z.number() }).optional(),
    nothing: z.object({ inner: z.string() }).nullable(),
  }),
);
const found = (value: unknown): readonly string[] =>
  unknownMembers(schema, value, ['body']).map(({ in: place }) => place);

describe('members that no schema names', () => {
  it.each([
    [{ name: 'a', labels: { any: { value: 'x' } }, choice: 'all', nothing: null }, []],
    [{ nam: 'a' }, ['body.nam']],
    [{ labels: { any: { valu: 'x' } } }, ['body.labels.any.valu']],
    [{ choice: { claim: 'a' } }, []],
    [{ choice: { names: [] } }, []],
    [{ choice: { claims: 'a' } }, ['body.choice.claims']],
    [{ list: [{ a: 1 }, { a: 1, b: 2 }] }, ['body.list.1.b']],
    [{ free: { a: 1, b: 2 } }, []],
    [{ nothing: { inner: '', outer: '' } }, ['body.nothing.outer']],
    [JSON.parse('{"__proto__": 1, "constructor": 2}'), ['body.__proto__', 'body.constructor']],
    ['not an object', []],
    [null, []],
  ])('%j', (value, places) => {
    expect(found(value)).toEqual(places);
  });
});
