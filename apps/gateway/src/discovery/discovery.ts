import { createDiscretion, type SnapshotCaps, type SnapshotSource, type SourceTrouble } from '@sealgate/core/discovery';
import { Fault, type FaultCode, isFault } from '@sealgate/core/faults';
import type { TenantId } from '@sealgate/core/names';
import type { AuditActor, Clock, Metadata, Snapshot } from '@sealgate/core/ports';
import { takeSnapshot } from '@sealgate/engine';
import { openSource, type SourceFacts } from '@sealgate/runtime/backends';
import type { EndpointGuard } from '@sealgate/runtime/net';
import { createSlots } from './slots.ts';

export interface DiscoverySettings {
  readonly caps: SnapshotCaps;
  /** How long one look may take. */
  readonly budgetMs: number;
  readonly perTenant: number;
}

export interface LookRequest {
  readonly tenantId: TenantId;
  readonly source: SnapshotSource;
  /** For this one call. Nothing of them is kept anywhere. */
  readonly credentials: SourceFacts['credentials'];
  readonly buckets: readonly string[] | undefined;
  readonly etags: boolean;
  /** An operator of the whole gateway asks, who may point it at networks that tenants may not. */
  readonly operates: boolean;
}

/** Looks at storage that somebody wants to bring in, and keeps what it saw without anything that opens it. */
export interface Discovery {
  /**
   * @throws Fault EndpointRefused, ValidationFailed (credentials or names that the source does not take),
   *   TooManyRequests, QuotaExceeded, NotFound (tenant), BackendUnreachable, BackendTimeout, BackendRefused; the
   *   signal's reason
   */
  look(request: LookRequest, options: { readonly signal: AbortSignal; readonly actor: AuditActor }): Promise<Snapshot>;
}

export interface DiscoveryDeps {
  readonly metadata: Pick<Metadata, 'createSnapshot' | 'listSnapshots'>;
  readonly guards: { readonly operators: EndpointGuard; readonly tenants: EndpointGuard };
  readonly clock: Clock;
  readonly settings: DiscoverySettings;
}

export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const slots = createSlots();
  return {
    look: (request, options) => slots.run(request.tenantId, () => look(deps, request, options)),
  };
}

async function look(
  { metadata, guards, clock, settings }: DiscoveryDeps,
  { tenantId, source, credentials, buckets, etags, operates }: LookRequest,
  { signal, actor }: { readonly signal: AbortSignal; readonly actor: AuditActor },
): Promise<Snapshot> {
  const { caps, budgetMs, perTenant: max } = settings;
  const { accessKeyId, secretAccessKey, sessionToken = '' } = credentials;
  const discretion = createDiscretion([accessKeyId, secretAccessKey, sessionToken]);
  const { endpoint: named, region, provider, zone, prefix } = source;
  const kept = [named, region, provider ?? '', zone ?? '', prefix, ...(buckets ?? [])];
  if (!kept.every((text) => discretion.mayKeep(text))) {
    throw new Fault('ValidationFailed', 'A part of the request that is kept has a credential or a signed URL in it.');
  }
  if (buckets !== undefined && buckets.length > caps.buckets) {
    throw new Fault('ValidationFailed', `A snapshot looks at no more than ${caps.buckets} buckets. Name fewer.`);
  }
  const guard = operates ? guards.operators : guards.tenants;
  const endpoint = await checkedOrigin(guard, source.endpoint);
  // Looked at before, so that nobody waits for what cannot be kept; decided when it is.
  if ((await metadata.listSnapshots({ tenantId, cursor: null, limit: max })).items.length >= max) {
    throw new Fault('QuotaExceeded', `The tenant has ${max} snapshots, as many as it may have. Delete one.`);
  }
  const startedMs = clock.monotonic();
  const opened = openSource({ ...source, endpoint, credentials }, { guard, clock, discretion });
  try {
    const deadline = AbortSignal.timeout(budgetMs);
    const outcome = await takeSnapshot({ source: opened, buckets, prefix, etags, caps, discretion, signal, deadline });
    if (!outcome.ok) throw faultOf(outcome.trouble);
    const { buckets: found, ...findings } = outcome.value;
    const tookMs = Math.round(clock.monotonic() - startedMs);
    const summary = { ...findings, source: { ...source, endpoint }, buckets: found.length, tookMs };
    return await metadata.createSnapshot({ tenantId, summary, buckets: found, max }, actor);
  } finally {
    await opened.close();
  }
}

/** One answer for a host that is not there and one that is not allowed: names of inner networks are not for guessing. */
const HOST_RULES: ReadonlySet<string | undefined> = new Set(['endpoint.host', 'endpoint.address']);

/** @throws Fault EndpointRefused */
async function checkedOrigin(guard: EndpointGuard, endpoint: string): Promise<string> {
  try {
    await guard.check(endpoint);
  } catch (error) {
    if (!isFault(error, 'EndpointRefused') || !HOST_RULES.has(error.rule)) throw error;
    throw new Fault(
      'EndpointRefused',
      'The host cannot be resolved, or an address of it is private, link-local or reserved. The operator can allow a range.',
      { rule: 'endpoint.address' },
    );
  }
  return new URL(endpoint).origin;
}

const TROUBLES: Readonly<Record<SourceTrouble, readonly [FaultCode, string]>> = {
  'wrong-credentials': ['ValidationFailed', 'The source does not take these credentials.'],
  'not-permitted': [
    'ValidationFailed',
    'The source does not let these credentials list its buckets, or those that were named. Check names, credentials and region.',
  ],
  elsewhere: ['ValidationFailed', 'The source answers for another region or endpoint. Redirects are not followed.'],
  'not-found': ['ValidationFailed', 'The source has none of the buckets that were named, or is no S3 storage.'],
  'invalid-answer': ['BackendRefused', 'The source answers, but not as S3 does.'],
  unreachable: ['BackendUnreachable', 'The source cannot be reached.'],
  timeout: ['BackendTimeout', 'The source did not answer in time.'],
};

/** Without a cause: what a source said could hold what it was told. */
function faultOf(trouble: SourceTrouble): Fault {
  const [code, message] = TROUBLES[trouble];
  return new Fault(code, message);
}
