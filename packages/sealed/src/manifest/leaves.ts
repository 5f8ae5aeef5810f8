import { concat } from '../format/bytes.ts';
import { createBlockTree, leafPrefix, manifestBlockBytes } from '../inspect/block-tree.ts';

/** The digest of one leaf: of a whole block, or of the last one. One call of the platform's hash, which is fast. */
async function leafOf(block: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(leafPrefix, block)));
}

/** The digests of the leaves of a piece that begins where a block does. */
export async function leavesOf(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += manifestBlockBytes) {
    leaves.push(await leafOf(bytes.subarray(at, at + manifestBlockBytes)));
  }
  return leaves;
}

export function rootOf(leaves: Iterable<Uint8Array>): Uint8Array {
  const tree = createBlockTree();
  for (const leaf of leaves) tree.add(leaf);
  return tree.root();
}

/**
 * Passes a body on and tells its root at the end, **before** its last chunk goes on: what `check` throws ends the body
 * without it, so that no reader takes it for whole. Holds one block.
 */
export async function* withRoot(
  body: AsyncIterable<Uint8Array>,
  check: (root: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const tree = createBlockTree();
  const block = new Uint8Array(manifestBlockBytes);
  let filled = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + block.length - filled);
      block.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled < block.length) continue;
      tree.add(await leafOf(block));
      filled = 0;
    }
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (filled > 0) tree.add(await leafOf(block.subarray(0, filled)));
  if (held === undefined) return;
  check(tree.root());
  yield held;
}
