import type { Kernel } from './kernel/kernel.ts';
import { plainKernel } from './kernel/plain.ts';
import { createSimdKernel } from './kernel/simd.ts';
import { generator, inverse, type Matrix, product } from './matrix.ts';

/** Data and parity shards of one code together; as many as one blob may have replicas. */
export const SHARDS_MAX = 32;

/**
 * A systematic Reed-Solomon code: of `k` data shards and `m` parity shards any `k` give back all. A shard is told by
 * its index, data shards first. Holds no state between calls, so one codec serves all streams of a thread.
 */
export interface ErasureCodec {
  readonly k: number;
  readonly m: number;
  /** The `m` parity shards of `k` data shards of one length. @throws RangeError when they are not that */
  encode(data: readonly Uint8Array[]): Uint8Array<ArrayBuffer>[];
  /**
   * Shards `wanted`, computed from any `k` of the others. Missing ones are undefined; more than `k` do no harm.
   * @param shards by index, `k + m` of them
   * @throws RangeError when fewer than `k` are there, or they differ in length
   */
  rebuild(shards: readonly (Uint8Array | undefined)[], wanted: readonly number[]): Uint8Array<ArrayBuffer>[];
}

/** @throws RangeError unless 1 <= k, 0 <= m and k + m <= {@link SHARDS_MAX} */
export function createErasureCodec(k: number, m: number, kernel: Kernel = fastestKernel()): ErasureCodec {
  if (!Number.isInteger(k) || !Number.isInteger(m) || k < 1 || m < 0 || k + m > SHARDS_MAX) {
    throw new RangeError(`A code has 1 to ${SHARDS_MAX} shards; got ${k}+${m}.`);
  }
  const matrix = generator(k, m);
  const parity = matrix.slice(k);
  return {
    k,
    m,
    encode(data) {
      if (data.length !== k) throw new RangeError(`The code takes ${k} data shards; got ${data.length}.`);
      return combine(kernel, parity, data);
    },
    rebuild(shards, wanted) {
      if (shards.length !== k + m) throw new RangeError(`The code has ${k + m} shards; got ${shards.length}.`);
      const chosen: number[] = [];
      const inputs: Uint8Array[] = [];
      for (const [index, shard] of shards.entries()) {
        if (shard === undefined || inputs.length === k) continue;
        chosen.push(index);
        inputs.push(shard);
      }
      if (inputs.length < k) throw new RangeError(`${k} shards are needed; ${inputs.length} are there.`);
      const back = inverse(rowsOf(matrix, chosen));
      return combine(kernel, product(rowsOf(matrix, wanted), back), inputs);
    },
  };
}

/** Codecs by their numbers, which share one kernel; at most as many as there are codes of {@link SHARDS_MAX} shards. */
export function createErasureCodecs(): (k: number, m: number) => ErasureCodec {
  const kernel = fastestKernel();
  const codecs = new Map<string, ErasureCodec>();
  return (k, m) => {
    const known = codecs.get(`${k}+${m}`);
    if (known !== undefined) return known;
    const codec = createErasureCodec(k, m, kernel);
    codecs.set(`${k}+${m}`, codec);
    return codec;
  };
}

function rowsOf(matrix: Matrix, indices: readonly number[]): Matrix {
  return indices.map((index) => {
    const row = matrix[index];
    if (row === undefined) throw new RangeError(`There is no shard ${index}.`);
    return row;
  });
}

function combine(kernel: Kernel, rows: Matrix, inputs: readonly Uint8Array[]): Uint8Array<ArrayBuffer>[] {
  const length = inputs[0]?.length ?? 0;
  if (inputs.some((input) => input.length !== length)) throw new RangeError('Shards of one code have one length.');
  const outputs = rows.map(() => new Uint8Array(length));
  kernel.combine(rows, inputs, outputs);
  return outputs;
}

function fastestKernel(): Kernel {
  return createSimdKernel() ?? plainKernel;
}
