import { Fault } from '@sealgate/core/faults';
import type { S3Context, S3Handler } from '../context.ts';
import { authorizeRequest } from './authorize.ts';

/**
 * Runs a handler behind the decision about its request. A handler that had to ask for more (the keys of a body) and did
 * not is a mistake in this program: its answer does not go out, or, when it is out already, breaks off.
 * @throws Fault AccessDenied and of the handler; InternalError
 */
export async function runGuarded(context: S3Context, handler: S3Handler, wasDecided: () => boolean): Promise<void> {
  await authorizeRequest(context);
  await handler(context);
  if (!wasDecided()) throw new Fault('InternalError', `${context.operation.name} was answered without a decision.`);
}
