import { createS3Source } from '@sealgate/backends/s3';
import type { Discretion } from '@sealgate/core/discovery';
import type { Clock, StorageSource } from '@sealgate/core/ports';
import type { EndpointGuard } from '../net/endpoint-guard.ts';

/** Somebody's storage that is looked at once. The credentials live as long as the source does. */
export interface SourceFacts {
  readonly endpoint: string;
  readonly region: string;
  readonly addressing: 'path' | 'virtual';
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** @throws Fault EndpointRefused for a literal address that is not allowed; names are judged at every connection */
export function openSource(
  source: SourceFacts,
  deps: { readonly guard: EndpointGuard; readonly clock: Clock; readonly discretion: Discretion },
): StorageSource {
  deps.guard.checkLiteral(source.endpoint);
  return createS3Source({ ...source, lookup: deps.guard.lookup, clock: deps.clock }, deps.discretion);
}
