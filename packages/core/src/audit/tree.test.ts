import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from './proofs.ts';
import {
  createHashTree,
  LEVEL_WIDTH,
  leafHash,
  nodeHash,
  openTreeEdge,
  type ReadNodes,
  rootOf,
  splitPoint,
} from './tree.ts';

/** RFC 9162 2.1.1, word by word. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return rootOf([]);
  if (leaves.length === 1) return only;
  const k = splitPoint(leaves.length);
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** RFC 9162 2.1.3.1. */
function naivePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = splitPoint(leaves.length);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** RFC 9162 2.1.4.1. */
function naiveSubproof(m: number, leaves: readonly Uint8Array[], complete: boolean): Uint8Array[] {
  if (m === leaves.length) return complete ? [] : [naiveRoot(leaves)];
  const k = splitPoint(leaves.length);
  return m <= k
    ? [...naiveSubproof(m, leaves.slice(0, k), complete), naiveRoot(leaves.slice(k))]
    : [...naiveSubproof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

const leavesOf = (size: number): Buffer[] => Array.from({ length: size }, (_, i) => leafHash(`leaf ${i}`));

/** A tree that keeps what the edge says is complete, as the database does. */
async function stored(leaves: readonly Uint8Array[]): Promise<ReadNodes> {
  const rows = new Map<string, Uint8Array>();
  const edge = await openTreeEdge(0, () => Promise.resolve([]));
  for (const [index, leaf] of leaves.entries()) {
    rows.set(`0 ${index}`, leaf);
    for (const node of edge.push(leaf)) rows.set(`${node.level} ${node.index}`, node.hash);
  }
  return (level, first, count) =>
    Promise.resolve(
      Array.from({ length: count }, (_, i) => rows.get(`${level} ${first + i}`)).filter((row) => row !== undefined),
    );
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the hash tree', () => {
  it('has the roots of the test vectors of Certificate Transparency', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const leaves = inputs.map((input) => leafHash(Buffer.from(input, 'hex')));
    expect(leaves.map((_, i) => hex(rootOf(leaves.slice(0, i + 1))))).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]);
    expect(hex(rootOf([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('is the naive one, at every size up to three levels of it', async () => {
    const all = leavesOf(2 * LEVEL_WIDTH + 3);
    const tree = createHashTree(await stored(all));
    const sizes = [0, 1, 2, 3, 7, 8, 255, 256, 257, 300, 511, 512, 513, 515];
    for (const size of sizes) {
      expect(hex(await tree.root(size))).toBe(hex(naiveRoot(all.slice(0, size))));
      expect(hex(rootOf(all.slice(0, size)))).toBe(hex(naiveRoot(all.slice(0, size))));
    }
  });

  it('gives the proofs of the RFC, and they verify; with anything changed they do not', async () => {
    const all = leavesOf(700);
    const tree = createHashTree(await stored(all));
    const point = fc.integer({ min: 1, max: all.length });
    await fc.assert(
      fc.asyncProperty(point, point, fc.nat(), async (a, b, salt) => {
        const [first, second] = [Math.min(a, b), Math.max(a, b)];
        const leaves = all.slice(0, second);
        const index = first - 1;
        const path = await tree.inclusion(index, second);
        expect(path.map(hex)).toEqual(naivePath(index, leaves).map(hex));
        const [root, leaf] = [naiveRoot(leaves), all[index] ?? Buffer.of()];
        const inclusion = { index, size: second, leaf, root, proof: path };
        expect(verifyInclusion(inclusion)).toBe(true);
        const proof = await tree.consistency(first, second);
        expect(proof.map(hex)).toEqual(naiveSubproof(first, leaves, true).map(hex));
        const consistency = { first, firstRoot: naiveRoot(all.slice(0, first)), second, secondRoot: root, proof };
        expect(verifyConsistency(consistency)).toBe(true);
        const other = leafHash(`other ${salt}`);
        expect(verifyInclusion({ ...inclusion, leaf: other })).toBe(false);
        expect(verifyInclusion({ ...inclusion, index: second > 1 ? (index + 1) % second : 1 })).toBe(false);
        expect(verifyInclusion({ ...inclusion, proof: [...path, other] })).toBe(false);
        expect(verifyConsistency({ ...consistency, firstRoot: other })).toBe(false);
        expect(verifyConsistency({ ...consistency, secondRoot: other })).toBe(false);
        expect(verifyConsistency({ ...consistency, proof: [...proof, other] })).toBe(false);
        if (path.length > 0) {
          const at = salt % path.length;
          expect(verifyInclusion({ ...inclusion, proof: path.with(at, other) })).toBe(false);
          expect(verifyInclusion({ ...inclusion, proof: path.toSpliced(at, 1) })).toBe(false);
        }
        if (proof.length > 0) {
          expect(verifyConsistency({ ...consistency, proof: proof.with(salt % proof.length, other) })).toBe(false);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('goes on growing where another process stopped', async () => {
    const all = leavesOf(600);
    const read = await stored(all);
    for (const size of [0, 1, 255, 256, 400, 512]) {
      const edge = await openTreeEdge(size, read);
      const made = all.slice(size).flatMap((leaf) => edge.push(leaf));
      for (const { level, index, hash } of made) expect(hex(hash)).toBe(hex((await read(level, index, 1))[0] ?? hash));
      expect([edge.size, made.length]).toEqual([600, 2 - Math.floor(size / 256)]);
    }
  });

  it('has nothing to say of what is not there', async () => {
    const tree = createHashTree(await stored(leavesOf(10)));
    await expect(tree.inclusion(10, 10)).rejects.toThrow(RangeError);
    await expect(tree.consistency(0, 10)).rejects.toThrow(RangeError);
    await expect(tree.consistency(5, 4)).rejects.toThrow(RangeError);
    await expect(tree.root(11)).rejects.toThrow(RangeError);
  });
});
