import type { Route } from '../route.ts';
import type { ControlServices } from '../services.ts';
import { agentCallRoutes } from './agent-calls.ts';
import { agentRoutes } from './agents.ts';
import { auditRoutes } from './audit.ts';
import { auditArchiveRoutes } from './audit-archives.ts';
import { auditProofRoutes } from './audit-proofs.ts';
import { backendFactsRoutes } from './backend-facts.ts';
import { backendRoutes } from './backends.ts';
import { bucketRoutes } from './buckets.ts';
import { credentialPolicyRoutes } from './credential-policies.ts';
import { credentialRoutes } from './credentials.ts';
import { envelopeRoutes } from './envelopes.ts';
import { evidenceRoutes } from './evidence.ts';
import { housekeepingRoutes } from './housekeeping.ts';
import { identityProviderRoutes } from './identity-providers.ts';
import { jobGrantRoutes } from './job-grants.ts';
import { jobRoutes } from './jobs.ts';
import { keyringRoutes } from './keyrings.ts';
import { metadataBackupRoutes } from './metadata-backups.ts';
import { policyRoutes } from './policies.ts';
import { policyPlanRoute } from './policy-plan.ts';
import { policyToolRoutes } from './policy-tools.ts';
import { providerRoutes } from './providers.ts';
import { recoveryRoutes } from './recovery.ts';
import { registeredObjectRoutes } from './registered-objects.ts';
import { roleRoutes } from './roles.ts';
import { secretRoutes } from './secrets.ts';
import { snapshotPlanRoute } from './snapshot-plan.ts';
import { snapshotRoutes } from './snapshots.ts';
import { statRoutes } from './stat.ts';
import { tenantErasureRoutes } from './tenant-erasure.ts';
import { tenantRoutes } from './tenants.ts';
import { usageRoutes } from './usage.ts';
import { webhookRoutes } from './webhooks.ts';
import { whoamiRoutes } from './whoami.ts';
import { writePlanRoutes } from './write-plans.ts';

/** All calls of the control listener, in the order of the reference. */
export function controlRoutes(services: ControlServices): readonly Route[] {
  return [
    ...backendRoutes(services),
    ...backendFactsRoutes(services),
    ...providerRoutes(services),
    ...snapshotRoutes(services),
    snapshotPlanRoute(services),
    ...tenantRoutes(services),
    ...tenantErasureRoutes(services),
    ...bucketRoutes(services),
    ...policyRoutes(services),
    ...policyToolRoutes(services),
    policyPlanRoute(services),
    ...credentialRoutes(services),
    ...credentialPolicyRoutes(services),
    ...roleRoutes(services),
    ...identityProviderRoutes(services),
    ...whoamiRoutes(),
    ...webhookRoutes(services),
    ...housekeepingRoutes(services),
    ...metadataBackupRoutes(services),
    ...recoveryRoutes(services),
    ...envelopeRoutes(services),
    ...keyringRoutes(services),
    ...usageRoutes(services),
    ...secretRoutes(services),
    ...statRoutes(services),
    ...auditRoutes(services),
    ...auditProofRoutes(services),
    ...auditArchiveRoutes(services),
    ...jobRoutes(services),
    ...writePlanRoutes(services),
    ...registeredObjectRoutes(services),
    ...jobGrantRoutes(services),
    ...evidenceRoutes(services),
    ...agentRoutes(services),
    ...agentCallRoutes(services),
  ];
}
