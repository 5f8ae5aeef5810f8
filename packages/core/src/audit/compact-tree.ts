import { nodeHash, rootOf } from './tree.ts';

/**
 * A tree of which only the roots of its largest perfect subtrees are kept, from left to right: enough to go on and to tell
 * its root, in as many hashes as its size has bits.
 */
export interface CompactTree {
  readonly size: number;
  push(leaf: Uint8Array): void;
  root(): Uint8Array;
  /** What it keeps. */
  peaks(): readonly Uint8Array[];
}

/**
 * @param peaks the roots of the perfect subtrees of the first `size` leaves
 * @throws RangeError when a tree of that size has another number of them
 */
export function createCompactTree(size: number, peaks: readonly Uint8Array[]): CompactTree {
  const sizes = perfectSizes(size);
  if (sizes.length !== peaks.length) throw new RangeError(`a tree of ${size} leaves has ${sizes.length} peaks`);
  const stack = peaks.map((hash, index) => ({ hash, leaves: sizes[index] ?? 0 }));
  let leaves = size;
  return {
    get size() {
      return leaves;
    },
    push(leaf) {
      leaves += 1;
      let carried = { hash: leaf, leaves: 1 };
      for (let top = stack.at(-1); top?.leaves === carried.leaves; top = stack.at(-1)) {
        stack.pop();
        carried = { hash: nodeHash(top.hash, carried.hash), leaves: carried.leaves * 2 };
      }
      stack.push(carried);
    },
    peaks: () => stack.map(({ hash }) => hash),
    root: () =>
      stack.length === 0
        ? rootOf([])
        : stack.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right)),
  };
}

/** Sizes of the largest perfect subtrees of a tree, from left to right: the powers of two that it is the sum of. */
export function perfectSizes(size: number): number[] {
  const sizes: number[] = [];
  for (let power = 2 ** 52; power >= 1; power /= 2) {
    if (Math.floor(size / power) % 2 === 1) sizes.push(power);
  }
  return sizes;
}
