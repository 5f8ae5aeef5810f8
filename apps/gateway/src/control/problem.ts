import { Fault, isFault } from '@sealgate/core/faults';
import type { FastifyError } from 'fastify';
import { z } from 'zod';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export interface InputIssue {
  /** Where in the request: `body.endpoint`, `query.limit`. */
  readonly in: string;
  readonly problem: string;
}

/** A {@link Fault} about the request's own form, with everything that is wrong at once. */
export class InputFault extends Fault {
  readonly issues: readonly InputIssue[];

  constructor(issues: readonly InputIssue[]) {
    const shown = issues.slice(0, 5).map((issue) => `${issue.in}: ${issue.problem}`);
    super('ValidationFailed', `The request is not valid: ${shown.join('; ').replace(/\.$/, '')}.`);
    this.issues = issues;
  }
}

export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'urn:sealgate:fault:<code>' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable for ever; docs/reference/errors.md lists all.' }),
    requestId: z.string(),
    retry: z.enum(['never', 'later', 'changed']),
    rule: z.string().optional().meta({ description: 'The rule that failed, in a form that can be looked up.' }),
    issues: z.array(z.object({ in: z.string(), problem: z.string() })).optional(),
  })
  .loose()
  .meta({ description: 'Problem details (RFC 9457).' });

/** The body of an error answer. */
export function problemOf(fault: Fault, requestId: string): Record<string, unknown> {
  return {
    ...fault.detail,
    type: `urn:sealgate:fault:${fault.code}`,
    title: titleOf(fault.code),
    status: fault.spec.http,
    detail: fault.message,
    code: fault.code,
    requestId,
    retry: fault.spec.retry,
    ...(fault.rule === undefined ? {} : { rule: fault.rule }),
    ...(fault instanceof InputFault ? { issues: fault.issues } : {}),
  };
}

/** Whatever was thrown while a request was served, Fastify's own errors included. */
export function faultOf(error: unknown): Fault {
  if (isFault(error)) return error;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('FST_')) {
    return ofFastify(error as FastifyError);
  }
  // Fastify gives errors about the request itself a 4xx status.
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 400) return notJson();
  return new Fault('InternalError', 'We encountered an internal error. Please try again.', { cause: error });
}

function ofFastify(error: FastifyError): Fault {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Fault('RequestBodyTooLarge', 'The body of the request is too large.', { cause: error });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Fault('UnsupportedMediaType', 'Send the body as application/json.', { cause: error });
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return notJson();
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Fault('IncompleteBody', 'The body does not have the length that was announced.', { cause: error });
    case 'FST_ERR_BAD_URL':
      return new Fault('InvalidURI', 'The path is not validly percent-encoded.', { cause: error });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new Fault('InvalidURI', 'A part of the path is longer than any name.', { cause: error });
    default:
      // Those with a 4xx status are about the request, whichever a later release adds.
      return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
        ? new Fault('InvalidRequest', 'The request is not valid.', { cause: error })
        : new Fault('InternalError', 'We encountered an internal error. Please try again.', { cause: error });
  }
}

/** Without its cause, which quotes the body: a secret may be in it. */
function notJson(): Fault {
  return new Fault('ValidationFailed', 'The body is not valid JSON.');
}

/** `NoSuchBucket` as `No such bucket`. */
function titleOf(code: string): string {
  const words = code.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @throws InputFault */
export function parseInput<T extends z.ZodType>(schema: T, value: unknown, place: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InputFault(
    parsed.error.issues.map((issue) => ({ in: [place, ...issue.path.map(String)].join('.'), problem: issue.message })),
  );
}
