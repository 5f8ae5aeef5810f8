import type { Bytes } from '../format/bytes.ts';
import type { ByteSource } from './source.ts';

/** A piece of the input on loan. Its bytes are valid until it is given back. */
export interface Loan {
  readonly bytes: Bytes;
  giveBack(): void;
}

/**
 * Pieces of the input whose memory is used again. A fresh 64 KiB array for each segment costs as much as a third of its
 * encryption, in garbage collection. Nothing that was given out by a stream may come from here.
 *
 * Grows to as many buffers as pieces are on loan at once: the window and two.
 */
export function createPieceTaker(source: ByteSource, pieceBytes: number): (length?: number) => Promise<Loan> {
  const free: Bytes[] = [];
  return async (length = pieceBytes) => {
    const buffer = free.pop() ?? new Uint8Array(pieceBytes);
    const bytes = await source.take(length, buffer);
    return { bytes, giveBack: () => void free.push(buffer) };
  };
}

/** Runs a job on a loan and gives it back, whatever comes of it. */
export async function withLoan<Result>(loan: Loan, job: (bytes: Bytes) => Promise<Result>): Promise<Result> {
  try {
    return await job(loan.bytes);
  } finally {
    loan.giveBack();
  }
}
