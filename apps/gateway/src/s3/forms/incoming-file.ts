import { Fault } from '@sealgate/core/faults';
import { PUT_BYTES_MAX } from '@sealgate/core/limits';
import { createBodyVerifier, parseChecksumHeaders, type RequestHeaders } from '@sealgate/s3';
import type { IncomingObject } from '../operations/put-object.ts';
import type { ByteBudget } from './byte-budget.ts';
import { FORM_HELD_BYTES_MAX, FORM_SMALL_BYTES_MAX } from './limits.ts';
import type { OpenForm } from './open-form.ts';

/** What an incoming file is held against, and where it may be held. */
export interface FileChecks {
  /** What the policy says of the length. Throws when it is not met. */
  readonly length: (bytes: number) => void;
  /** With the checksums that the form's fields name. */
  readonly headers: RequestHeaders;
  readonly memory: ByteBudget;
}

/**
 * The file of a form as an object to be. Stores want to know its length first, which a form does not say: a file of some
 * megabytes is held whole and counted, of a longer one the length is that of a file with nothing behind it, and an upload
 * that turns out otherwise is refused before its last bytes are stored.
 *
 * @returns `release` gives back the memory; to be called when all is over
 * @throws Fault EntityTooLarge, and of `checks.length` and of the form
 */
export async function incomingFile(
  form: OpenForm,
  checks: FileChecks,
): Promise<IncomingObject & { readonly release: () => void }> {
  const release = room(form, checks.memory);
  try {
    return { ...(await asObject(form, checks, release === undefined)), release: release ?? NOTHING };
  } catch (error) {
    release?.();
    throw error;
  }
}

const NOTHING = (): void => undefined;

/** Undefined: the file has to be streamed. */
function room({ bytesIfLast }: OpenForm, memory: ByteBudget): (() => void) | undefined {
  if (bytesIfLast <= FORM_SMALL_BYTES_MAX) return NOTHING;
  return bytesIfLast <= FORM_HELD_BYTES_MAX ? memory.take(bytesIfLast) : undefined;
}

async function asObject(form: OpenForm, checks: FileChecks, streamed: boolean): Promise<IncomingObject> {
  const held = streamed ? undefined : await whole(form.file);
  const bytes = held?.length ?? form.bytesIfLast;
  if (bytes > PUT_BYTES_MAX) {
    throw new Fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      detail: { ProposedSize: bytes, MaxSizeAllowed: PUT_BYTES_MAX },
    });
  }
  checks.length(bytes);
  const expected = parseChecksumHeaders(checks.headers);
  return {
    bytes,
    open(watch) {
      const verifier = createBodyVerifier({ expected, payload: { kind: 'unsigned' } });
      async function* chunks(): AsyncGenerator<Buffer> {
        for await (const chunk of held === undefined ? exactly(form.file, bytes) : [held]) {
          if (chunk.length === 0) continue;
          watch.push(chunk);
          verifier.update(chunk);
          yield chunk;
        }
      }
      const finish = () => ({ ...verifier.finish(), ...watch.finish() });
      let facts: Promise<ReturnType<typeof finish>> | undefined;
      return {
        bytes,
        chunks: chunks(),
        facts: () => {
          facts ??= Promise.resolve().then(finish);
          return facts;
        },
      };
    },
  };
}

/** The form's length bounds what is held. */
async function whole(file: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const chunk of file) pieces.push(chunk);
  return Buffer.concat(pieces);
}

/** The last bytes are kept back until the form's end showed that they are all: what is stored must not end early. */
async function* exactly(file: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let got = 0;
  let last: Buffer | undefined;
  for await (const chunk of file) {
    got += chunk.length;
    if (last !== undefined) yield last;
    last = chunk;
  }
  if (got !== bytes) {
    // There was no memory to hold it; with some it would have been right.
    if (bytes <= FORM_HELD_BYTES_MAX) throw new Fault('SlowDown', 'Please reduce your request rate.');
    throw new Fault(
      'MalformedPOSTRequest',
      `The body of your POST request is not well-formed multipart/form-data: a file of more than ${FORM_HELD_BYTES_MAX} bytes must be the last field of its form, and the form must end with a line end.`,
    );
  }
  if (last !== undefined) yield last;
}
