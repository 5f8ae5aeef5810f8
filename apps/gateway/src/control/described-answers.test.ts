import { describe, expect, it } from 'vitest';
import { createAnswerCheck } from './described-answers.ts';

const problem = { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] };
const thing = {
  type: 'object',
  properties: { id: { type: 'string' }, at: { type: ['string', 'null'] } },
  required: ['id', 'at'],
  additionalProperties: false,
};
const failed = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
const check = createAnswerCheck({
  paths: {
    '/things/{id}': {
      get: { responses: { 200: { content: { 'application/json': { schema: thing } } }, default: failed } },
      delete: { responses: { 204: {}, default: failed } },
    },
  },
  components: { schemas: { Problem: problem } },
});
const json = 'application/json';
const answer = (over: object) => ({
  ...{ method: 'GET', path: '/things/a?x=1', status: 200, type: json, text: '{"id":"a","at":null}' },
  ...over,
});

describe('an answer', () => {
  it.each([
    {},
    { method: 'DELETE', status: 204, type: undefined, text: '' },
    { status: 404, type: 'application/problem+json', text: '{"code":"NotFound"}' },
    { path: '/nowhere', status: 404, type: 'application/problem+json', text: '{"code":"NotFound"}' },
  ])('that is described passes: %o', (over) => {
    expect(() => check(answer(over))).not.toThrow();
  });

  it.each([
    [{ text: '{"id":"a"}' }, 'at'],
    [{ text: '{"id":1,"at":null}' }, 'id'],
    [{ text: '{"id":"a","at":null,"secret":"x"}' }, 'secret'],
    [{ status: 201 }, 'status'],
    [{ type: 'text/plain' }, 'only application/json'],
    [{ method: 'DELETE', status: 204, text: 'x' }, 'no body'],
    [{ status: 500, text: '{}' }, 'only application/problem+json'],
    [{ status: 404, type: 'application/problem+json', text: '{}' }, 'code'],
    [{ path: '/things' }, 'no such call'],
  ])('that is not is refused: %o', (over, words) => {
    expect(() => check(answer(over))).toThrow(words);
  });
});
