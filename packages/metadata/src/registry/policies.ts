import { Fault } from '@sealgate/core/faults';
import type { MetadataRegistry, PolicyRecord } from '@sealgate/core/ports';
import { type Context, orConflict } from '../context.ts';

interface PolicyRow {
  readonly name: string;
  readonly version: number;
  readonly document: string;
  readonly created_at: number;
}

function policyOf(row: PolicyRow): PolicyRecord {
  return { name: row.name, version: row.version, document: row.document, createdAtMs: row.created_at };
}

export function createPolicies(context: Context): Pick<MetadataRegistry, 'putPolicy' | 'policy' | 'listPolicies'> {
  const { database } = context;
  return {
    async putPolicy(name, document, actor) {
      const columns = await context.actor(actor);
      // Two at once take the same version number; the later one is told, for it was written without sight of the first.
      const [row] = await orConflict(
        'This policy was changed at the same time. Please look at it and apply yours again.',
        () => database.write<PolicyRow>('put-policy', [...columns, name, document]),
      );
      if (row === undefined) throw new Fault('InternalError', 'The policy was not stored.');
      return policyOf(row);
    },

    async policy(name) {
      const [row] = await database.read<PolicyRow>('policy', [name]);
      return row === undefined ? undefined : policyOf(row);
    },

    async listPolicies() {
      return (await database.read<PolicyRow>('list-policies', [])).map(policyOf);
    },
  };
}
