import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthenticateDeps } from '../../s3/authenticate.ts';
import type { RequestServer } from '../../s3/request-server.ts';
import { createObjectDialect, isObjectPath } from './dialect.ts';

/** The calls of the control listener whose bodies are objects: streams, which no JSON route should touch. */
export interface ObjectCalls {
  owns(request: IncomingMessage): boolean;
  /** Always ends the response. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function createObjectCalls(
  { requests, deps }: { readonly requests: RequestServer; readonly deps: AuthenticateDeps },
  options: { readonly encrypted: boolean },
): ObjectCalls {
  const dialect = createObjectDialect(deps, options);
  return {
    owns: ({ url = '' }) => isObjectPath(url),
    serve: (request, response) => requests.serve(request, response, dialect),
  };
}
