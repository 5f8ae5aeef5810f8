import { randomBytes } from 'node:crypto';
import type { Clock, Metadata } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import type { EndpointGuard } from '@sealgate/runtime/net';
import type { Attempts } from '../net/attempts.ts';
import type { Metrics } from '../observe/metrics.ts';
import { createSts } from './actions.ts';
import { createCallAuthenticator } from './authenticate.ts';
import { createQueryApi, type QueryApi } from './serve.ts';
import { createSessionIssuer } from './sessions.ts';
import { openTokenVerifier } from './web-identity.ts';

/** STS with all that it needs. `close` ends its connections to identity providers. */
export function openQueryApi(deps: {
  readonly metadata: Metadata;
  readonly guard: EndpointGuard;
  readonly clock: Clock;
  readonly region: string;
  readonly attempts: Attempts;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'authFailed'>;
}): { readonly queryApi: QueryApi; close(): Promise<void> } {
  const { metadata, guard, clock, region, attempts, logger, metrics } = deps;
  const tokens = openTokenVerifier({ metadata, guard, clock });
  const perform = createSts({
    metadata,
    verify: tokens.verify,
    issue: createSessionIssuer({ metadata, clock, random: randomBytes }),
  });
  const authenticate = createCallAuthenticator({ metadata, clock, region, attempts });
  return { queryApi: createQueryApi({ authenticate, perform, logger, metrics }), close: () => tokens.close() };
}
