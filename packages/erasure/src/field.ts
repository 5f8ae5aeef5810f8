/**
 * The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), in which Reed-Solomon codes of storage
 * systems usually compute. Addition is XOR.
 *
 * @see J. S. Plank, "A Tutorial on Reed-Solomon Coding for Fault-Tolerance in RAID-like Systems", 1997
 */
const POLYNOMIAL = 0x11d;
const ORDER = 255;

const { exponents, logarithms } = makeTables();

function makeTables(): { readonly exponents: Uint8Array; readonly logarithms: Uint8Array } {
  // Twice as long as the group, so that the sum of two logarithms needs no reduction.
  const powers = new Uint8Array(2 * ORDER);
  const logs = new Uint8Array(ORDER + 1);
  for (let exponent = 0, value = 1; exponent < ORDER; exponent += 1) {
    powers[exponent] = value;
    powers[exponent + ORDER] = value;
    logs[value] = exponent;
    value <<= 1;
    if (value > ORDER) value ^= POLYNOMIAL;
  }
  return { exponents: powers, logarithms: logs };
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return exponents[(logarithms[a] ?? 0) + (logarithms[b] ?? 0)] ?? 0;
}

/** @throws RangeError for zero, which has no inverse */
export function invert(a: number): number {
  if (a === 0) throw new RangeError('Zero has no inverse.');
  return exponents[ORDER - (logarithms[a] ?? 0)] ?? 0;
}
