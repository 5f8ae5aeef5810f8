import type { AuditSigner, AuditStore, Clock, KeyWrapper, Metadata } from '@sealgate/core/ports';
import { systemClock } from '@sealgate/core/ports';
import { openAuditSigner } from './audit/signer.ts';
import { createAuditStore } from './audit/store.ts';
import { createBackups } from './backup/backups.ts';
import type { CacheKeys } from './cache/index.ts';
import { createCacheMembers } from './cache-members/cache-members.ts';
import { actorWith, type Context } from './context.ts';
import { createBackendNumbers } from './db/backend-numbers.ts';
import { createDatabase, type Database } from './db/database.ts';
import { loadStatements } from './db/statements.ts';
import { createTerms } from './db/terms.ts';
import { createEnvelopes } from './envelopes/envelopes.ts';
import { createErasures } from './erasures/erasures.ts';
import { createHousekeeping } from './housekeeping/housekeeping.ts';
import { createLockPushes } from './housekeeping/lock-pushes.ts';
import { openQueue, type RepairQueue } from './housekeeping/queue.ts';
import { createSweeps } from './housekeeping/sweeps.ts';
import { createAgents } from './jobs/agents.ts';
import { createGrants } from './jobs/grants.ts';
import { createJobs } from './jobs/jobs.ts';
import { createKeyrings } from './keyrings/keyrings.ts';
import { createCursors } from './lifecycle/cursors.ts';
import { createLifecycle } from './lifecycle/lifecycle.ts';
import { ATTEMPT_AGE_MAX_MS, DELETION_GRACE_MS, LEAVING_GRACE_MS, PENDING_GRACE_MS } from './limits.ts';
import { type MetadataLogger, silentLogger } from './logger.ts';
import { createDeliveries } from './notifications/deliveries.ts';
import { createWebhooks } from './notifications/webhooks.ts';
import { createCommits } from './objects/commit.ts';
import { createListings } from './objects/list.ts';
import { createReads } from './objects/read.ts';
import { createUpdates } from './objects/update.ts';
import { createPlacement } from './placement/placement.ts';
import { createWritePlans } from './plans/write-plans.ts';
import { createRecovery } from './recovery/recovery.ts';
import { createBackends } from './registry/backends.ts';
import { createBuckets } from './registry/buckets.ts';
import { createCredentials } from './registry/credentials.ts';
import { createPolicies } from './registry/policies.ts';
import { createSessions } from './registry/sessions.ts';
import { createTenants } from './registry/tenants.ts';
import { createCacheKeys } from './secrets/cache-keys.ts';
import { openObjectKeys } from './secrets/object-keys.ts';
import { openSecrets, type SecretKeys } from './secrets/open-secrets.ts';
import { createSecretVersions } from './secrets/reseal.ts';
import { createSnapshots } from './snapshots/snapshots.ts';
import { createStatus, type DatabaseStatus } from './status.ts';
import { createUploads } from './uploads/uploads.ts';
import { createUsage } from './usage/usage.ts';

export interface OpenMetadataOptions {
  /** A `postgres://` URL. The schema must be there: run `migrate` first. */
  readonly databaseUrl: string;
  readonly secrets: SecretKeys;
  /** Times of rows come from the database; this clock only names delete markers. */
  readonly clock?: Clock;
  readonly logger?: MetadataLogger;
  /** Connections of this process. */
  readonly poolMax?: number;
  readonly applicationName?: string;
  /** Told the name of every statement that is sent: each is one round trip, however many calls it serves. */
  readonly onStatement?: (name: string) => void;
  /** Whether this process also does the job queue's upkeep; one of several does it at a time. */
  readonly superviseQueue?: boolean;
  /** Milliseconds; see limits.ts for the defaults and their reasons. */
  readonly deletionGraceMs?: number;
  readonly pendingGraceMs?: number;
  readonly attemptAgeMaxMs?: number;
}

export interface OpenedMetadata extends Metadata, DatabaseStatus {
  /** Keeps the data keys of encrypted objects. */
  readonly objectKeys: KeyWrapper;
  readonly auditStore: AuditStore;
  readonly auditSigner: AuditSigner;
  /** For what of it is kept outside of this process. */
  readonly cacheKeys: CacheKeys;
}

/**
 * The metadata authority on PostgreSQL 15 or later.
 * @throws Fault ConfigInvalid (wrong passphrase), DatabaseUnavailable
 */
export async function openMetadata(options: OpenMetadataOptions): Promise<OpenedMetadata> {
  const logger = options.logger ?? silentLogger;
  const statements = loadStatements();
  const database = createDatabase(options.databaseUrl, {
    statements,
    logger,
    onStatement: options.onStatement,
    ...(options.poolMax === undefined ? {} : { poolMax: options.poolMax }),
    ...(options.applicationName === undefined ? {} : { applicationName: options.applicationName }),
  });
  // Beside the secrets, and so perhaps still on its way when they turn out to be wrong.
  const opening = openQueue((text, values) => database.execute(text, values), {
    logger,
    supervise: options.superviseQueue ?? true,
  });
  opening.catch(() => undefined);
  try {
    const secrets = await openSecrets(database, options.secrets);
    const queue = await opening;
    const terms = createTerms(database);
    const deletionGraceMs = options.deletionGraceMs ?? DELETION_GRACE_MS;
    const context: Context = {
      database,
      terms,
      backends: createBackendNumbers(database),
      secrets,
      clock: options.clock ?? systemClock,
      logger,
      waits: {
        deletionGraceMs,
        leavingGraceMs: Math.min(deletionGraceMs, LEAVING_GRACE_MS),
        pendingGraceMs: options.pendingGraceMs ?? PENDING_GRACE_MS,
        attemptAgeMaxMs: options.attemptAgeMaxMs ?? ATTEMPT_AGE_MAX_MS,
      },
      actor: actorWith(terms),
    };
    const [objectKeys, auditSigner] = await Promise.all([openObjectKeys(database, secrets), openAuditSigner(context)]);
    const auditStore = createAuditStore(context);
    const cacheKeys = createCacheKeys(secrets, statements);
    return { ...assemble(context, { database, queue }), objectKeys, auditStore, auditSigner, cacheKeys };
  } catch (error) {
    // Its timers would keep a process alive that could not start.
    await opening.then(
      (queue) => queue.close(),
      () => undefined,
    );
    await database.close();
    throw error;
  }
}

function assemble(
  context: Context,
  owned: { readonly database: Database; readonly queue: RepairQueue },
): Metadata & DatabaseStatus {
  const credentials = createCredentials(context);
  const jobs = createJobs(context);
  return {
    ...createTenants(context),
    ...credentials,
    ...createSessions(context, credentials.credential),
    ...createBackends(context),
    ...createBuckets(context),
    ...createPolicies(context),
    ...createCommits(context),
    ...createWritePlans(context),
    ...createUpdates(context),
    ...createEnvelopes(context),
    ...createKeyrings(context),
    ...createReads(context),
    ...createListings(context),
    ...createUploads(context),
    ...createWebhooks(context),
    ...createDeliveries(context),
    ...createHousekeeping(context),
    ...jobs,
    ...createAgents(context),
    ...createGrants(context),
    ...createLockPushes(context),
    ...createCacheMembers(context),
    ...createCursors(context),
    ...createBackups(context),
    ...createErasures(context),
    ...createSweeps(context),
    ...createLifecycle(context),
    ...createPlacement(context),
    ...createRecovery(context),
    ...createSnapshots(context),
    ...createUsage(context),
    ...createSecretVersions(context),
    ...createStatus(owned.database),
    ping: () => owned.database.ping(),
    async close() {
      await owned.queue.close();
      await owned.database.close();
    },
  };
}
