import { Fault } from '@sealgate/core/faults';
import type { BackupRetention } from '@sealgate/core/housekeeping';
import type { BucketName } from '@sealgate/core/names';
import type { Bucket, Clock, Metadata, Tenant } from '@sealgate/core/ports';
import type { Engine } from '@sealgate/engine';
import type { BackendRegistry } from '@sealgate/runtime/backends';
import type { LoopStatus } from '@sealgate/runtime/background';
import type { EndpointGuard } from '@sealgate/runtime/net';
import type { AgentSessions } from '../agents/sessions.ts';
import type { AuditServices } from '../audit/audit-services.ts';
import type { BackendProber } from '../backends/prober.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { Keyrings } from '../keyrings/keyrings.ts';
import type { Readiness } from '../start/readiness.ts';

/** What the routes work with. */
export interface ControlServices {
  readonly metadata: Metadata;
  readonly audit: AuditServices;
  readonly engine: Pick<
    Engine,
    'maintenance' | 'policies' | 'simulate' | 'planUpload' | 'commitUploaded' | 'adoptObject'
  >;
  /** The gateway encrypts what clients of buckets without strict encryption did not seal. */
  readonly encryptsByDefault: boolean;
  readonly keyrings: Keyrings;
  readonly registry: BackendRegistry;
  readonly prober: BackendProber;
  readonly agents: AgentSessions;
  readonly catalogue: Catalogue;
  readonly discovery: Discovery;
  /** How long a backend may be away before the reconciliation makes what it holds good elsewhere. */
  readonly rehomeAfterMs: number;
  readonly guard: EndpointGuard;
  readonly clock: Clock;
  readonly readiness: Readiness;
  /** The gateway's region: new buckets belong to it. */
  readonly region: string;
  /** Folders below which filesystem backends may lie. */
  readonly filesystemRoots: readonly string[];
  /** How this gateway makes backups of the metadata. */
  readonly backups: { readonly intervalSeconds: number; readonly retention: BackupRetention };
  /** What this process does in the background; empty where it does nothing. */
  readonly loops: () => readonly LoopStatus[];
  /** Prometheus' text form, of all processes of this gateway. */
  readonly metricsText: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** @throws Fault NotFound */
export async function requireTenant(services: Pick<ControlServices, 'metadata'>, idOrName: string): Promise<Tenant> {
  const tenant = await services.metadata.tenant(idOrName);
  if (tenant === undefined) throw new Fault('NotFound', `There is no tenant "${idOrName}".`);
  return tenant;
}

/** @throws Fault NotFound, NoSuchBucket */
export async function requireBucket(
  services: Pick<ControlServices, 'metadata'>,
  tenantRef: string,
  name: BucketName,
): Promise<Bucket> {
  const tenant = await requireTenant(services, tenantRef);
  const bucket = await services.metadata.bucket(tenant.namespace, name);
  // A bucket of another tenant in the same namespace does not exist here.
  if (bucket?.tenantId !== tenant.id) {
    throw new Fault('NoSuchBucket', `Tenant "${tenant.name}" has no bucket "${name}".`);
  }
  return bucket;
}

/** @throws Fault ValidationFailed when the policy is named but not there: it would refuse everything later. */
export async function requirePolicyIfNamed(
  services: Pick<ControlServices, 'metadata'>,
  name: string | null | undefined,
): Promise<void> {
  if (name === null || name === undefined) return;
  if ((await services.metadata.policy(name)) === undefined) {
    throw new Fault('ValidationFailed', `There is no policy "${name}". Apply it first (PUT /admin/policies/${name}).`);
  }
}
