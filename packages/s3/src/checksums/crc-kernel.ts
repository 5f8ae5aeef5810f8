/**
 * A WebAssembly module that computes any reflected CRC of up to 64 bits, sixteen bytes a step ("slicing by 16").
 * JavaScript has no 64-bit integers that are fast, and CRC-64/NVME is what the AWS tools send by default: this is about
 * four times as fast as AWS's JavaScript, and more than twice as fast as the MD5 that each write needs anyway.
 *
 * The module is written out here, instruction by instruction, so that there is no binary in the tree and no build step.
 * A CRC of 32 bits is the same computation: as a polynomial of degree 64 it is multiplied by x^32, which in the reflected
 * form leaves the same 32 bits in the lower half.
 */

export interface CrcKernel {
  /** The CRC register after `bytes`, no inversion before or after. */
  update(register: bigint, bytes: Uint8Array): bigint;
}

const PAGE_BYTES = 65_536;
const TABLE_BYTES = 16 * 256 * 8;
/** Behind the tables; one page of input is copied in at a time. */
const INPUT_AT = TABLE_BYTES;
const INPUT_BYTES = PAGE_BYTES;

const I32 = 0x7f;
const I64 = 0x7e;
const op = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  br: (depth: number) => [0x0c, depth],
  brIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  load64: (offset: number) => [0x29, 0x00, ...unsigned(offset)],
  load8: (offset: number) => [0x31, 0x00, ...unsigned(offset)],
  i32: (value: number) => [0x41, ...signed(value)],
  i64: (value: number) => [0x42, ...signed(value)],
  greater32: [0x4b],
  notLess32: [0x4f],
  add32: [0x6a],
  and32: [0x71],
  shiftLeft32: [0x74],
  shiftRight64: [0x88],
  xor64: [0x85],
  wrap: [0xa7],
};

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Signed LEB128 of a value that is not negative. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x40) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];

/** Pushes table[slice][byte `index` of local `word`]. */
function lookup(word: number, index: number, slice: number): number[] {
  // An entry has 8 bytes, so the index is shifted by three more; the first byte is shifted the other way.
  const scaled =
    index === 0
      ? [...op.get(word), ...op.wrap, ...op.i32(0xff), ...op.and32, ...op.i32(3), ...op.shiftLeft32]
      : [...op.get(word), ...op.i64(8 * index - 3), ...op.shiftRight64, ...op.wrap, ...op.i32(0x7f8), ...op.and32];
  return [...scaled, ...op.load64(slice * 2048)];
}

/** Locals of the function: parameters register, at, end; then two words. */
const [REGISTER, AT, END, FIRST, SECOND] = [0, 1, 2, 3, 4];

function sixteenBytesAStep(): number[] {
  // biome-ignore format: one stack effect a line
  const words = [
    ...op.get(AT), ...op.load64(0), ...op.get(REGISTER), ...op.xor64, ...op.set(FIRST),
    ...op.get(AT), ...op.load64(8), ...op.set(SECOND),
  ];
  const lookups: number[] = [];
  for (let index = 0; index < 16; index += 1) {
    lookups.push(...lookup(index < 8 ? FIRST : SECOND, index % 8, 15 - index));
    if (index > 0) lookups.push(...op.xor64);
  }
  // biome-ignore format: one stack effect a line
  return [
    ...op.block, ...op.loop,
    ...op.get(AT), ...op.i32(16), ...op.add32, ...op.get(END), ...op.greater32, ...op.brIf(1),
    ...words, ...lookups, ...op.set(REGISTER),
    ...op.get(AT), ...op.i32(16), ...op.add32, ...op.set(AT),
    ...op.br(0), ...op.end, ...op.end,
  ];
}

function oneByteAStep(): number[] {
  // biome-ignore format: one stack effect a line
  return [
    ...op.block, ...op.loop,
    ...op.get(AT), ...op.get(END), ...op.notLess32, ...op.brIf(1),
    ...op.get(REGISTER), ...op.get(AT), ...op.load8(0), ...op.xor64, ...op.set(FIRST),
    ...lookup(FIRST, 0, 0),
    ...op.get(REGISTER), ...op.i64(8), ...op.shiftRight64, ...op.xor64, ...op.set(REGISTER),
    ...op.get(AT), ...op.i32(1), ...op.add32, ...op.set(AT),
    ...op.br(0), ...op.end, ...op.end,
  ];
}

const name = (text: string): number[] => [text.length, ...Array.from(text, (c) => c.charCodeAt(0))];

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const body = [1, 2, I64, ...sixteenBytesAStep(), ...oneByteAStep(), ...op.get(REGISTER), ...op.end];
  const code = [1, ...unsigned(body.length), ...body];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 3, I64, I32, I32, 1, I64]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, ...unsigned(Math.ceil((INPUT_AT + INPUT_BYTES) / PAGE_BYTES))]),
    ...section(7, [2, ...name('update'), 0x00, 0, ...name('memory'), 0x02, 0]),
    ...section(10, code),
  ]);
}

/** Table `k` holds the CRC of each byte followed by `k` zero bytes. */
function fillTables(tables: BigUint64Array, polynomial: bigint): void {
  for (let byte = 0; byte < 256; byte += 1) {
    let register = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) register = register & 1n ? (register >> 1n) ^ polynomial : register >> 1n;
    tables[byte] = register;
  }
  for (let index = 256; index < 16 * 256; index += 1) {
    const before = tables[index - 256] ?? 0n;
    tables[index] = (before >> 8n) ^ (tables[Number(before & 0xffn)] ?? 0n);
  }
}

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly update: (register: bigint, at: number, end: number) => bigint;
}

/** A kernel for one polynomial, in reflected form. Compiles in well under a millisecond. */
export function createCrcKernel(polynomial: bigint): CrcKernel {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
  const { memory, update } = instance.exports as unknown as KernelExports;
  fillTables(new BigUint64Array(memory.buffer, 0, TABLE_BYTES / 8), polynomial);
  const input = new Uint8Array(memory.buffer, INPUT_AT, INPUT_BYTES);
  return {
    update(register, bytes) {
      let next = register;
      for (let at = 0; at < bytes.length; at += INPUT_BYTES) {
        const piece = bytes.subarray(at, at + INPUT_BYTES);
        input.set(piece);
        next = update(next, INPUT_AT, INPUT_AT + piece.length);
      }
      return BigInt.asUintN(64, next);
    },
  };
}
