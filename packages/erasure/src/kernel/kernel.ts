import type { Matrix } from '../matrix.ts';

/** Multiplies a matrix with a column of byte strings: the one inner loop of encoding and rebuilding. */
export interface Kernel {
  /**
   * `outputs[row] = sum over column of rows[row][column] × inputs[column]`, byte by byte. All inputs and outputs have
   * the same length; outputs are overwritten.
   */
  combine(rows: Matrix, inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): void;
}
