import { multiply } from '../field.ts';
import type { Matrix } from '../matrix.ts';
import type { Kernel } from './kernel.ts';

/**
 * A WebAssembly module that adds a multiple of one byte string to another, sixteen bytes a step: a product of a byte is
 * the XOR of the products of its two halves, and sixteen lookups in a table of sixteen are one `swizzle`.
 *
 * The module is written out here, instruction by instruction, so that there is no binary in the tree and no build step.
 *
 * @see J. S. Plank, K. M. Greenan, E. L. Miller, "Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions",
 * FAST 2013
 */
const LANE_BYTES = 16;
const PAGE_BYTES = 65_536;
/** Bytes of each string that are worked on at a time: all strings' pieces together stay in a core's second cache. */
const PIECE_BYTES = 16_384;
const STRINGS_MAX = 64;
/** Two tables of sixteen bytes a factor. */
const TABLE_BYTES = 2 * LANE_BYTES;
const FACTORS_MAX = 1024;
const PIECES_AT = FACTORS_MAX * TABLE_BYTES;
const MEMORY_BYTES = PIECES_AT + STRINGS_MAX * PIECE_BYTES;

const [I32, V128] = [0x7f, 0x7b];
const simd = 0xfd;
const op = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  br: (depth: number) => [0x0c, depth],
  brIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  /** Up to 8191. */
  i32: (value: number) => (value < 0x40 ? [0x41, value] : [0x41, (value & 0x7f) | 0x80, value >> 7]),
  notLess32: [0x4f],
  add32: [0x6a],
  load: (offset: number) => [simd, 0x00, 0x00, offset],
  store: (offset: number) => [simd, 0x0b, 0x00, offset],
  // The relaxed one, a single instruction on every machine: indices are below sixteen, where both mean the same.
  swizzle: [simd, 0x80, 0x02],
  splat8: [simd, 0x0f],
  and: [simd, 0x4e],
  xor: [simd, 0x51],
  shiftRight8: [simd, 0x6d],
};

/** Steps of one turn of the loop. */
const STEPS = 4;
const TURN_BYTES = STEPS * LANE_BYTES;

/** Parameters, all addresses: what is added to, what is added, its end, the factor's tables. Then three vectors. */
const [TO, FROM, END, TABLES, LOW, HIGH, BYTES] = [0, 1, 2, 3, 4, 5, 6];

// biome-ignore format: one stack effect a line
const step = (offset: number): number[] => [
  ...op.get(FROM), ...op.load(offset), ...op.set(BYTES),
  ...op.get(TO),
  ...op.get(TO), ...op.load(offset),
  ...op.get(LOW), ...op.get(BYTES), ...op.i32(0x0f), ...op.splat8, ...op.and, ...op.swizzle, ...op.xor,
  ...op.get(HIGH), ...op.get(BYTES), ...op.i32(4), ...op.shiftRight8, ...op.swizzle, ...op.xor,
  ...op.store(offset),
];

// biome-ignore format: one stack effect a line
const ADD_MULTIPLE = [
  ...op.get(TABLES), ...op.load(0), ...op.set(LOW),
  ...op.get(TABLES), ...op.load(LANE_BYTES), ...op.set(HIGH),
  ...op.block, ...op.loop,
  ...op.get(FROM), ...op.get(END), ...op.notLess32, ...op.brIf(1),
  ...Array.from({ length: STEPS }, (_, index) => step(index * LANE_BYTES)).flat(),
  ...op.get(FROM), ...op.i32(TURN_BYTES), ...op.add32, ...op.set(FROM),
  ...op.get(TO), ...op.i32(TURN_BYTES), ...op.add32, ...op.set(TO),
  ...op.br(0), ...op.end, ...op.end,
];

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const name = (text: string): number[] => [text.length, ...Array.from(text, (c) => c.charCodeAt(0))];

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const body = [1, 3, V128, ...ADD_MULTIPLE, ...op.end];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 4, I32, I32, I32, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, ...unsigned(Math.ceil(MEMORY_BYTES / PAGE_BYTES))]),
    ...section(7, [2, ...name('addMultiple'), 0x00, 0, ...name('memory'), 0x02, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly addMultiple: (to: number, from: number, end: number, tables: number) => void;
}

/** Undefined where the runtime has no (relaxed) WebAssembly SIMD. */
export function createSimdKernel(): Kernel | undefined {
  const bytes = moduleBytes();
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(bytes)) return undefined;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { memory, addMultiple } = instance.exports as unknown as KernelExports;
  const heap = new Uint8Array(memory.buffer);
  const pieceAt = (string: number): number => PIECES_AT + string * PIECE_BYTES;

  return {
    combine(rows, inputs, outputs) {
      if (inputs.length + outputs.length > STRINGS_MAX || inputs.length * outputs.length > FACTORS_MAX) {
        throw new RangeError('Too many shards.');
      }
      writeTables(heap, rows);
      const length = outputs[0]?.length ?? 0;
      for (let at = 0; at < length; at += PIECE_BYTES) {
        const bytes = Math.min(PIECE_BYTES, length - at);
        // Whole turns are worked on; what lies behind a short piece is left of an earlier one and never read out.
        const turns = Math.ceil(bytes / TURN_BYTES) * TURN_BYTES;
        for (const [column, input] of inputs.entries()) heap.set(input.subarray(at, at + bytes), pieceAt(column));
        for (const [row, output] of outputs.entries()) {
          const to = pieceAt(inputs.length + row);
          heap.fill(0, to, to + turns);
          for (let column = 0; column < inputs.length; column += 1) {
            const table = (row * inputs.length + column) * TABLE_BYTES;
            addMultiple(to, pieceAt(column), pieceAt(column) + turns, table);
          }
          output.set(heap.subarray(to, to + bytes), at);
        }
      }
    },
  };
}

/** For each factor the products of 0 to 15, then those of 0, 16, ... 240. */
function writeTables(heap: Uint8Array, rows: Matrix): void {
  let at = 0;
  for (const row of rows) {
    for (const factor of row) {
      for (let nibble = 0; nibble < LANE_BYTES; nibble += 1) {
        heap[at + nibble] = multiply(factor, nibble);
        heap[at + LANE_BYTES + nibble] = multiply(factor, nibble << 4);
      }
      at += TABLE_BYTES;
    }
  }
}
