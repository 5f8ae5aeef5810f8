import type { MetadataGrants } from '@sealgate/core/ports';
import { accepted, type Context } from '../context.ts';

export function createGrants(context: Context): MetadataGrants {
  const { database } = context;
  return {
    async offerGrant({ jobId, agentId, sealed, goodMs }, actor) {
      const values = [...(await context.actor(actor)), jobId, agentId, sealed, goodMs];
      accepted(await database.write<{ outcome: string }>('offer-grant', values));
    },
    async takeGrants(agentId, epoch, limit) {
      const [actor, request] = await context.actor({ kind: 'agent', id: agentId, requestId: '' });
      const values = [actor, request, agentId, epoch, limit];
      const rows = await database.write<{ job_id: string; sealed: string }>('take-grants', values);
      return rows.map(({ job_id, sealed }) => ({ jobId: job_id, sealed }));
    },
  };
}
