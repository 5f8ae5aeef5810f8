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
