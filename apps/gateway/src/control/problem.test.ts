import { expect, it } from 'vitest';
import { faultOf } from './problem.ts';

it('a body that is no JSON is not quoted, neither to its sender nor to the log', () => {
  const said = Object.assign(new SyntaxError('Unexpected token \'s\', "...essKey":secret"... is not valid JSON'), {
    statusCode: 400,
  });
  const fault = faultOf(said);
  expect([fault.code, fault.cause]).toEqual(['ValidationFailed', undefined]);
  const code = { code: 'FST_ERR_CTP_INVALID_JSON_BODY' };
  expect(faultOf(Object.assign(new Error('"secret"'), code)).cause).toBeUndefined();
});

it('an error of the framework about a request is none of ours, whatever it is called', () => {
  const known = (code: string, statusCode: number) => faultOf(Object.assign(new Error('x'), { code, statusCode })).code;
  expect(known('FST_ERR_MAX_PARAM_LENGTH', 414)).toBe('InvalidURI');
  expect(known('FST_ERR_TO_COME', 400)).toBe('InvalidRequest');
  expect(known('FST_ERR_TO_COME', 500)).toBe('InternalError');
});
