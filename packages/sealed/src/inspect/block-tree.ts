import { sha256 } from '@noble/hashes/sha2.js';
import { concat } from '../format/bytes.ts';

/** Bytes of a block of ciphertext, the unit of a manifest's tree. The last block is what is left. */
export const manifestBlockBytes = 1024 * 1024;
/** What a leaf's digest begins with (RFC 6962): SHA-256(00 || block). */
export const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** The tree of RFC 6962 (section 2.1) over the blocks of a body, from the digests of its leaves in order. */
export interface BlockTree {
  add(leaf: Uint8Array): void;
  /** Of the leaves so far; at least one. */
  root(): Uint8Array;
}

/** Keeps one digest for each power of two: 64 of them are more blocks than there are. */
export function createBlockTree(): BlockTree {
  /** Roots of complete subtrees, the largest first; `size` in leaves. */
  const peaks: { readonly size: number; readonly hash: Uint8Array }[] = [];
  return {
    add(leaf) {
      let node = { size: 1, hash: leaf };
      for (let last = peaks.at(-1); last?.size === node.size; last = peaks.at(-1)) {
        peaks.pop();
        node = { size: last.size * 2, hash: parentOf(last.hash, node.hash) };
      }
      peaks.push(node);
    },
    root: () => peaks.map(({ hash }) => hash).reduceRight((right, left) => parentOf(left, right)),
  };
}

function parentOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(nodePrefix, left, right));
}

/** What computes a digest piece by piece: the platform's own. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** Cuts what streams by into blocks and gives the digest of each leaf. Holds no bytes. */
export function createLeafHasher(newHash: () => IncrementalHash, onLeaf: (leaf: Uint8Array) => void) {
  let hash: IncrementalHash | undefined;
  let filled = 0;
  const end = (): void => {
    if (hash !== undefined) onLeaf(hash.digest());
    hash = undefined;
    filled = 0;
  };
  return {
    push(chunk: Uint8Array): void {
      for (let at = 0; at < chunk.length; ) {
        if (hash === undefined) {
          hash = newHash();
          hash.update(leafPrefix);
        }
        const piece = chunk.subarray(at, at + manifestBlockBytes - filled);
        hash.update(piece);
        filled += piece.length;
        at += piece.length;
        if (filled === manifestBlockBytes) end();
      }
    },
    /** The last block, when it is a short one. */
    finish: end,
  };
}
