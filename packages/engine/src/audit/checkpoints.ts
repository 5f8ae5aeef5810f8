import { checkpointText, createHashTree, type HashTree } from '@sealgate/core/audit';
import type { AuditSigner, AuditStore, StoredCheckpoint } from '@sealgate/core/ports';

/** Signed heads of the hash tree. */
export interface Checkpoints {
  readonly tree: HashTree;
  /** The newest one; undefined before the first. */
  latest(): Promise<StoredCheckpoint | undefined>;
  /**
   * Signs the tree as it is now, or as it was when it had `size` entries, unless that was done: a signature about the past
   * is as good as one that was given then, because the tree only grows. Undefined while the tree is empty.
   */
  take(size?: number): Promise<StoredCheckpoint | undefined>;
  /** The newest one, or a new one when `maxAgeMs` have passed and the tree has grown. How many it signed. */
  takeDue(maxAgeMs: number): Promise<number>;
}

export function createCheckpoints(deps: {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly now: () => number;
}): Checkpoints {
  const { store, signer, now } = deps;
  const tree = createHashTree((level, first, count) => store.nodes(level, first, count));

  const newest = async (from: number, to = Number.MAX_SAFE_INTEGER): Promise<StoredCheckpoint | undefined> =>
    (await store.checkpoints({ from, to, limit: 1 }))[0];

  async function take(wanted?: number): Promise<StoredCheckpoint | undefined> {
    const size = wanted ?? (await store.edge()).size;
    if (size === 0) return undefined;
    const known = await newest(size, size);
    if (known !== undefined) return known;
    const root = await tree.root(size);
    await store.saveCheckpoint({
      size,
      root,
      note: await signer.sign(checkpointText({ origin: signer.origin, size, root })),
    });
    return await newest(size, size);
  }

  return {
    tree,
    latest: () => newest(0),
    take,
    async takeDue(maxAgeMs) {
      const [last, { size }] = await Promise.all([newest(0), store.edge()]);
      if (last !== undefined && (last.size >= size || now() - last.createdAtMs < maxAgeMs)) return 0;
      return (await take()) === undefined ? 0 : 1;
    },
  };
}
