import { multiply } from '../field.ts';
import type { Kernel } from './kernel.ts';

/** In plain JavaScript, for a runtime without WebAssembly SIMD, and to check the fast one against. */
export const plainKernel: Kernel = {
  combine(rows, inputs, outputs) {
    for (const [index, output] of outputs.entries()) {
      output.fill(0);
      const row = rows[index] ?? new Uint8Array();
      for (const [column, factor] of row.entries()) {
        const input = inputs[column];
        if (input !== undefined && factor !== 0) addMultiple(output, input, productsOf(factor));
      }
    }
  },
};

function productsOf(factor: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => multiply(factor, value));
}

function addMultiple(output: Uint8Array, input: Uint8Array, products: Uint8Array): void {
  for (let at = 0; at < output.length; at += 1) {
    output[at] = (output[at] ?? 0) ^ (products[input[at] ?? 0] ?? 0);
  }
}
