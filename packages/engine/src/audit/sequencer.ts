import { entryLine, leafHash, openTreeEdge, type TreeEdge } from '@sealgate/core/audit';
import type { AuditStore } from '@sealgate/core/ports';
import { AUDIT_BATCH } from '../limits.ts';

/** Gives entries of the audit log their leaves in the hash tree, in the order of their numbers. */
export interface Sequencer {
  /** One batch; how many leaves it gave. 0: nothing is final that has no leaf. */
  sequenceDue(): Promise<number>;
}

/**
 * Numbers are given out before commits, so a number may still be on its way when a higher one is there. A round reads the
 * highest number, then which transactions hold one; when none of those is left, everything up to that number is final, for
 * whoever comes later has a higher one. Under load the next round finds them gone; an idle log is final at once.
 *
 * Any number of processes may run one: a leaf that two of them give at once is refused to the second, who looks again.
 */
export function createSequencer(store: AuditStore): Sequencer {
  let waiting: { readonly upTo: number; readonly writers: ReadonlySet<string> } | undefined;
  let tree: { readonly edge: TreeEdge; lastSeq: number } | undefined;

  async function finalUpTo(): Promise<number | undefined> {
    const upTo = await store.horizon();
    const writers = await store.writers();
    if (writers.length === 0) {
      waiting = undefined;
      return upTo;
    }
    const before = waiting;
    if (before === undefined || !writers.some((writer) => before.writers.has(writer))) {
      waiting = { upTo, writers: new Set(writers) };
      return before?.upTo;
    }
    return undefined;
  }

  async function open() {
    const { size, lastSeq } = await store.edge();
    return { edge: await openTreeEdge(size, (level, first, count) => store.nodes(level, first, count)), lastSeq };
  }

  return {
    async sequenceDue() {
      const upTo = await finalUpTo();
      if (upTo === undefined) return 0;
      tree ??= await open();
      const entries = await store.unsequenced(tree.lastSeq, upTo, AUDIT_BATCH);
      const last = entries.at(-1);
      if (last === undefined) return 0;
      const first = tree.edge.size;
      const leaves = entries.map((entry) => ({ entry, hash: leafHash(entryLine(entry)) }));
      const { edge } = tree;
      // Until the database has them they are nobody's: whatever happens, the next round reads the edge anew.
      tree = undefined;
      const nodes = leaves.flatMap(({ hash }) => edge.push(hash));
      if (await store.append(first, leaves, nodes)) tree = { edge, lastSeq: last.seq };
      return leaves.length;
    },
  };
}
