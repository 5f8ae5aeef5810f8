import { invert, multiply } from './field.ts';

/** Rows of field elements. */
export type Matrix = readonly Uint8Array[];

/**
 * The generator: `k` rows of the identity, so that data shards hold the data itself, then `m` rows of a Cauchy matrix,
 * `1 / ((k + i) ^ j)` for parity `i` and data `j`. Every square part of it can be inverted, so any `k` shards will do.
 *
 * @see J. Blömer et al., "An XOR-Based Erasure-Resilient Coding Scheme", ICSI TR-95-048, 1995
 */
export function generator(k: number, m: number): Matrix {
  const identity = Array.from({ length: k }, (_, row) =>
    Uint8Array.from({ length: k }, (_v, column) => +(row === column)),
  );
  const cauchy = Array.from({ length: m }, (_, row) =>
    Uint8Array.from({ length: k }, (_v, column) => invert((k + row) ^ column)),
  );
  return [...identity, ...cauchy];
}

/** Gauss-Jordan. @throws RangeError when the matrix cannot be inverted, which no choice of generator rows is */
export function inverse(matrix: Matrix): Matrix {
  const size = matrix.length;
  // The matrix with the identity to its right; the left half becomes the identity, the right half the inverse.
  const rows = matrix.map((row, index) => {
    const wide = new Uint8Array(2 * size);
    wide.set(row);
    wide[size + index] = 1;
    return wide;
  });
  for (let column = 0; column < size; column += 1) {
    const pivot = rows.findIndex((row, index) => index >= column && row[column] !== 0);
    const [chosen, other] = [rows[pivot], rows[column]];
    if (chosen === undefined || other === undefined) throw new RangeError('The matrix has no inverse.');
    rows[pivot] = other;
    rows[column] = chosen;
    scale(chosen, invert(chosen[column] ?? 0));
    for (const row of rows) if (row !== chosen) subtract(row, chosen, row[column] ?? 0);
  }
  return rows.map((row) => row.slice(size));
}

/** a × b */
export function product(a: Matrix, b: Matrix): Matrix {
  const width = b[0]?.length ?? 0;
  return a.map((row) => {
    const sums = new Uint8Array(width);
    for (const [index, factor] of row.entries()) subtract(sums, b[index] ?? new Uint8Array(width), factor);
    return sums;
  });
}

function scale(row: Uint8Array, factor: number): void {
  for (const [index, value] of row.entries()) row[index] = multiply(value, factor);
}

/** row -= factor × other; the same as adding. */
function subtract(row: Uint8Array, other: Uint8Array, factor: number): void {
  for (const [index, value] of other.entries()) row[index] = (row[index] ?? 0) ^ multiply(value, factor);
}
