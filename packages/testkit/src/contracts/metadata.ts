import { afterAll, beforeAll, describe } from 'vitest';
import { describeAgents } from './metadata/agents.ts';
import { describeAttributes } from './metadata/attributes.ts';
import { describeBackups } from './metadata/backups.ts';
import { describeCacheMembers } from './metadata/cache-members.ts';
import { describeConcurrency } from './metadata/concurrency.ts';
import { createWorld, type MetadataFactory, type MetadataUnderTest } from './metadata/context.ts';
import { describeDeletions } from './metadata/deletions.ts';
import { describeEnvelopes } from './metadata/envelopes.ts';
import { describeErasures } from './metadata/erasures.ts';
import { describeGrants } from './metadata/grants.ts';
import { describeJobs } from './metadata/jobs.ts';
import { describeKeyrings } from './metadata/keyrings.ts';
import { describeLifecycle } from './metadata/lifecycle.ts';
import { describeListings } from './metadata/listings.ts';
import { describeLockPushes } from './metadata/lock-pushes.ts';
import { describeMoves } from './metadata/moves.ts';
import { describeNotifications } from './metadata/notifications.ts';
import { describeObjects } from './metadata/objects.ts';
import { describePlacements } from './metadata/placements.ts';
import { describeRecovery } from './metadata/recovery.ts';
import { describeRegistry } from './metadata/registry.ts';
import { describeRepairs } from './metadata/repairs.ts';
import { describeSessions } from './metadata/sessions.ts';
import { describeSnapshots } from './metadata/snapshots.ts';
import { describeUploads } from './metadata/uploads.ts';
import { describeUsage } from './metadata/usage.ts';
import { describeVersionHistories } from './metadata/version-histories.ts';
import { describeVersions } from './metadata/versions.ts';
import { describeWritePlans } from './metadata/write-plans.ts';

export type { MetadataFactory, MetadataUnderTest } from './metadata/context.ts';

/** What the Metadata port promises (core/ports), run against one implementation. */
export function describeMetadata(name: string, factory: MetadataFactory): void {
  describe(`Metadata contract: ${name}`, () => {
    let subject: MetadataUnderTest | undefined;
    beforeAll(async () => {
      subject = await factory();
    });
    afterAll(async () => {
      await subject?.close();
    });
    const world = createWorld(() => {
      if (subject === undefined) throw new Error('The metadata is not there yet.');
      return subject;
    });
    describeRegistry(world);
    describeSessions(world);
    describeUsage(world);
    describeObjects(world);
    describeVersions(world);
    describeVersionHistories(world);
    describeAttributes(world);
    describeEnvelopes(world);
    describeKeyrings(world);
    describeListings(world);
    describeUploads(world);
    describeDeletions(world);
    describeWritePlans(world);
    describeRepairs(world);
    describePlacements(world);
    describeJobs(world);
    describeAgents(world);
    describeGrants(world);
    describeLockPushes(world);
    describeLifecycle(world);
    describeMoves(world);
    describeNotifications(world);
    describeRecovery(world);
    describeSnapshots(world);
    describeBackups(world);
    describeErasures(world);
    describeCacheMembers(world);
    describeConcurrency(world);
  });
}
