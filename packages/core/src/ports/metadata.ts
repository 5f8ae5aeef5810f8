import type { MetadataAgents } from './metadata-agents.ts';
import type { MetadataBackups } from './metadata-backups.ts';
import type { MetadataCacheMembers } from './metadata-cache-members.ts';
import type { MetadataCursors } from './metadata-cursors.ts';
import type { MetadataEnvelopes } from './metadata-envelopes.ts';
import type { MetadataErasures } from './metadata-erasures.ts';
import type { MetadataGrants } from './metadata-grants.ts';
import type { MetadataHousekeeping } from './metadata-housekeeping.ts';
import type { MetadataJobs } from './metadata-jobs.ts';
import type { MetadataKeyrings } from './metadata-keyrings.ts';
import type { MetadataLifecycle } from './metadata-lifecycle.ts';
import type { MetadataNotifications } from './metadata-notifications.ts';
import type { MetadataObjects } from './metadata-objects.ts';
import type { MetadataPlacement } from './metadata-placement.ts';
import type { MetadataRecovery } from './metadata-recovery.ts';
import type { MetadataRegistry } from './metadata-registry.ts';
import type { MetadataSecrets } from './metadata-secrets.ts';
import type { MetadataSessions } from './metadata-sessions.ts';
import type { MetadataSnapshots } from './metadata-snapshots.ts';
import type { MetadataSweeps } from './metadata-sweeps.ts';
import type { MetadataUploads } from './metadata-uploads.ts';
import type { MetadataUsage } from './metadata-usage.ts';
import type { MetadataWritePlans } from './metadata-write-plans.ts';

/** The metadata authority. One implementation speaks to PostgreSQL, one lives in memory for the simulator. */
export interface Metadata
  extends MetadataRegistry,
    MetadataSessions,
    MetadataSecrets,
    MetadataObjects,
    MetadataEnvelopes,
    MetadataWritePlans,
    MetadataKeyrings,
    MetadataUploads,
    MetadataHousekeeping,
    MetadataCacheMembers,
    MetadataCursors,
    MetadataBackups,
    MetadataErasures,
    MetadataSweeps,
    MetadataLifecycle,
    MetadataPlacement,
    MetadataNotifications,
    MetadataJobs,
    MetadataAgents,
    MetadataGrants,
    MetadataRecovery,
    MetadataSnapshots,
    MetadataUsage {
  /** Rejects with Fault DatabaseUnavailable when the database does not answer in time. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
