import { hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const digests = new WeakMap<FastifyRequest, string>();
const OF_NOTHING = hash('sha256', '', 'hex');

/** JSON as Fastify reads it, and what it was read from, for signatures that cover it. */
export function acceptJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    digests.set(request, hash('sha256', body, 'hex'));
    void parse(request, body as string, done);
  });
}

/**
 * A body that was left out is as much another one as a body that was changed.
 * @throws Fault XAmzContentSHA256Mismatch
 */
export function requireBodyOf(request: FastifyRequest, sha256: string | undefined): void {
  if (sha256 === undefined || sha256 === (digests.get(request) ?? OF_NOTHING)) return;
  throw new Fault('XAmzContentSHA256Mismatch', 'The body is not the one that was signed (x-amz-content-sha256).');
}
