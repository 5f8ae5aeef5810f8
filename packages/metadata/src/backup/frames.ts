import { Fault } from '@sealgate/core/faults';

// A backup is a sequence of frames: one byte of kind, four of length (big-endian), then the payload.

const FRAME_JSON = 1;
/** A piece of a table in PostgreSQL's text form of COPY. Pieces end anywhere. */
const FRAME_ROWS = 2;
const HEAD_BYTES = 5;
/** What a reader holds at once. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

export type Frame =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'rows'; readonly bytes: Buffer };

export function jsonFrame(value: unknown): Buffer {
  return frame(FRAME_JSON, Buffer.from(JSON.stringify(value)));
}

export function rowsFrame(bytes: Uint8Array): Buffer {
  return frame(FRAME_ROWS, bytes);
}

function frame(kind: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(kind, 0);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** @throws Fault ValidationFailed for what is no backup, or was cut */
export async function* readFrames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    for (;;) {
      if (held.length < HEAD_BYTES) break;
      const end = HEAD_BYTES + checkedLength(held);
      if (held.length < end) break;
      yield frameOf(held.readUInt8(0), held.subarray(HEAD_BYTES, end));
      held = held.subarray(end);
    }
  }
  if (held.length > 0) throw notABackup('It was cut.');
}

function checkedLength(held: Buffer): number {
  const length = held.readUInt32BE(1);
  if (length > FRAME_BYTES_MAX) throw notABackup('A frame is too long.');
  return length;
}

function frameOf(kind: number, payload: Buffer): Frame {
  if (kind === FRAME_ROWS) return { kind: 'rows', bytes: payload };
  if (kind !== FRAME_JSON) throw notABackup('A frame is of an unknown kind.');
  try {
    return { kind: 'json', value: JSON.parse(payload.toString('utf8')) as unknown };
  } catch (cause) {
    throw notABackup('A frame cannot be read.', cause);
  }
}

export function notABackup(problem: string, cause?: unknown): Fault {
  return new Fault('ValidationFailed', `This is no backup of the metadata that can be restored. ${problem}`, { cause });
}
