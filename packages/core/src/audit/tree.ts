import { hash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 (SHA-256), kept as hashes of complete subtrees of 1, 256, 65 536, ... leaves ("levels" 0, 1,
 * 2, ...), so that any proof reads a few hundred hashes, however large the tree is.
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1
 */

export const HASH_BYTES = 32;
/** Each level's subtrees have this many of the level's below. */
export const LEVEL_WIDTH = 256;

const LEAF_PREFIX = Buffer.of(0);
const NODE_PREFIX = Buffer.of(1);
const EMPTY_ROOT = hash('sha256', Buffer.alloc(0), 'buffer');

export function leafHash(line: string | Uint8Array): Buffer {
  const bytes = typeof line === 'string' ? Buffer.from(line, 'utf8') : line;
  return hash('sha256', Buffer.concat([LEAF_PREFIX, bytes]), 'buffer');
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([NODE_PREFIX, left, right]), 'buffer');
}

/** Largest power of two smaller than `size`, which is at least 2. */
export function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** The root over leaf hashes at hand; of perfect subtrees of equal size as well. */
export function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_ROOT;
  let row = hashes;
  while (row.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += 2) {
      const [left, right] = [row[i], row[i + 1]];
      // One that is left over moves up as it is: the split at the largest power of two comes to the same.
      if (left !== undefined) next.push(right === undefined ? left : nodeHash(left, right));
    }
    row = next;
  }
  return row[0] ?? EMPTY_ROOT;
}

/** Hashes of complete subtrees: `count` of one level, from `first` on. */
export type ReadNodes = (level: number, first: number, count: number) => Promise<readonly Uint8Array[]>;

/** A tree whose nodes are somewhere else. */
export interface HashTree {
  root(size: number): Promise<Uint8Array>;
  /** The hash over leaves `from` to `to`, not `to` itself: a subtree that the tree of some size has. */
  range(from: number, to: number): Promise<Uint8Array>;
  /** Audit path of leaf `index` in the tree of `size` leaves. @throws RangeError */
  inclusion(index: number, size: number): Promise<Uint8Array[]>;
  /** @throws RangeError unless `0 < first <= second` */
  consistency(first: number, second: number): Promise<Uint8Array[]>;
}

export function createHashTree(read: ReadNodes): HashTree {
  async function range(from: number, to: number): Promise<Uint8Array> {
    const size = to - from;
    if (size === 0) return EMPTY_ROOT;
    let [level, unit] = [0, 1];
    while (unit * LEVEL_WIDTH <= size && from % (unit * LEVEL_WIDTH) === 0)
      [level, unit] = [level + 1, unit * LEVEL_WIDTH];
    const whole = Math.floor(size / unit);
    const rest = size - whole * unit;
    if (rest === 0 && whole <= LEVEL_WIDTH) return rootOf(await nodes(read, level, from / unit, whole));
    const middle = from + splitPoint(size);
    return nodeHash(await range(from, middle), await range(middle, to));
  }

  async function path(index: number, from: number, to: number): Promise<Uint8Array[]> {
    if (to - from === 1) return [];
    const middle = from + splitPoint(to - from);
    return index < middle
      ? [...(await path(index, from, middle)), await range(middle, to)]
      : [...(await path(index, middle, to)), await range(from, middle)];
  }

  async function subproof(first: number, bounds: readonly [number, number], complete: boolean): Promise<Uint8Array[]> {
    const [from, to] = bounds;
    if (first === to) return complete ? [] : [await range(from, to)];
    const middle = from + splitPoint(to - from);
    return first <= middle
      ? [...(await subproof(first, [from, middle], complete)), await range(middle, to)]
      : [...(await subproof(first, [middle, to], false)), await range(from, middle)];
  }

  return {
    range,
    root: (size) => range(0, size),
    async inclusion(index, size) {
      if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
      return await path(index, 0, size);
    },
    async consistency(first, second) {
      if (!(first > 0 && first <= second)) throw new RangeError(`no proof from ${first} to ${second}`);
      return await subproof(first, [0, second], true);
    },
  };
}

async function nodes(read: ReadNodes, level: number, first: number, count: number): Promise<readonly Uint8Array[]> {
  const found = await read(level, first, count);
  if (found.length !== count) throw new RangeError(`the tree lacks hashes of level ${level} behind ${first}`);
  return found;
}

/** A subtree that became complete. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** The right edge of a tree that grows. */
export interface TreeEdge {
  readonly size: number;
  /** Adds a leaf; the subtrees above level 0 that it completes. */
  push(leaf: Uint8Array): TreeNode[];
}

/** @param read nodes of the tree of `size` leaves: at most 255 of each level are asked for */
export async function openTreeEdge(size: number, read: ReadNodes): Promise<TreeEdge> {
  const rows: Uint8Array[][] = [];
  for (let [level, unit] = [0, 1]; unit <= size || level === 0; [level, unit] = [level + 1, unit * LEVEL_WIDTH]) {
    const count = Math.floor(size / unit) % LEVEL_WIDTH;
    rows.push(count === 0 ? [] : [...(await nodes(read, level, Math.floor(size / unit) - count, count))]);
  }
  let leaves = size;
  return {
    get size() {
      return leaves;
    },
    push(leaf) {
      const complete: TreeNode[] = [];
      leaves += 1;
      let carried = leaf;
      for (let [level, unit] = [0, LEVEL_WIDTH]; ; [level, unit] = [level + 1, unit * LEVEL_WIDTH]) {
        const row = (rows[level] ??= []);
        row.push(carried);
        if (row.length < LEVEL_WIDTH) return complete;
        carried = rootOf(row);
        row.length = 0;
        complete.push({ level: level + 1, index: leaves / unit - 1, hash: carried });
      }
    },
  };
}
