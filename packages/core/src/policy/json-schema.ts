import { z } from 'zod';
import { policyDocument } from './document.ts';

/**
 * The JSON Schema of a policy document, for editors. It says less than the compiler: which codes are countries, and
 * whether a class's parts agree, only compiling tells.
 */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(policyDocument, { target: 'draft-2020-12', io: 'input' });
}
