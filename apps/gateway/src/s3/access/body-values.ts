import type { Bucket } from '@sealgate/core/ports';
import { parseLegalHold, parseRetention, parseTagging } from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import type { S3Context } from '../context.ts';
import type { Asked } from './ask.ts';

/** Condition keys whose value some operations have in their body. */
const ASKS_FOR_BODY = /requestobjecttag|object-lock-/i;

/**
 * Values of condition keys that stand in the body, read only when a policy that counts asks for one.
 * @throws Fault of a body that is not well-formed
 */
export async function valuesOfBody(context: S3Context, bucket: Bucket): Promise<Pick<Asked, 'given' | 'tags'>> {
  const { caller, operation } = context;
  const { name } = operation;
  if (name !== 'PutObjectTagging' && name !== 'PutObjectRetention' && name !== 'PutObjectLegalHold') return {};
  const own = caller.kind === 'anonymous' ? [] : [caller.credential.policy, caller.credential.sessionPolicy];
  const counts = [bucket.configs.policy, ...own].some((text) => text != null && ASKS_FOR_BODY.test(text));
  if (!counts) return {};
  const body = await readWholeBody(context);
  if (name === 'PutObjectTagging') {
    return { tags: Object.fromEntries(parseTagging(body, 'object').map(({ key, value }) => [key, value])) };
  }
  if (name === 'PutObjectLegalHold') {
    return { given: new Map([['s3:object-lock-legal-hold', parseLegalHold(body) ? 'ON' : 'OFF']]) };
  }
  const retention = parseRetention(body);
  if (retention === null) return {};
  return {
    given: new Map([
      ['s3:object-lock-mode', retention.mode],
      ['s3:object-lock-retain-until-date', new Date(retention.untilMs).toISOString()],
    ]),
  };
}
