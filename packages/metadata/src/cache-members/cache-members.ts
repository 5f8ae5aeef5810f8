import { Fault } from '@sealgate/core/faults';
import type { CacheView, MetadataCacheMembers } from '@sealgate/core/ports';
import type { Context } from '../context.ts';

interface ViewRow {
  /** null: the caller is no member. */
  readonly epoch: string | null;
  readonly incarnation: string | null;
  readonly keyspace: string | null;
  readonly members: readonly {
    readonly id: string;
    readonly seen: string;
    readonly drained: string;
    readonly beat: string;
    readonly leaseMs: number;
    readonly reach: string | null;
  }[];
}

export function createCacheMembers({ database }: Context): MetadataCacheMembers {
  return {
    async joinCache({ id, leaseMs }) {
      const view = viewOf((await database.write<ViewRow>('join-cache', [id, leaseMs]))[0]);
      if (view === undefined) throw new Fault('InternalError', 'The database has lost its row of the shared cache.');
      return view;
    },
    async renewCacheMember({ id, seen, drained, reach }) {
      return viewOf((await database.write<ViewRow>('renew-cache-member', [id, seen, drained, reach]))[0]);
    },
    async changeCacheSpace(from, space) {
      const values = [from, space?.incarnation ?? null, space?.keyspace ?? null];
      const [row] = await database.write<{ changed: boolean }>('change-cache-space', values);
      return row?.changed ?? false;
    },
    async expelCacheMember(member, beat) {
      return (await database.write('expel-cache-member', [member, beat])).length > 0;
    },
    async leaveCache(member) {
      await database.write('leave-cache', [member]);
    },
  };
}

function viewOf(row: ViewRow | undefined): CacheView | undefined {
  if (row?.epoch === undefined || row.epoch === null) return undefined;
  const { incarnation, keyspace } = row;
  return {
    epoch: BigInt(row.epoch),
    space: incarnation === null || keyspace === null ? null : { incarnation, keyspace },
    members: row.members.map(({ id, seen, drained, beat, leaseMs, reach }) => ({
      id,
      seen: BigInt(seen),
      drained: BigInt(drained),
      beat: BigInt(beat),
      leaseMs,
      reach,
    })),
  };
}
