import { Fault } from '@sealgate/core/faults';
import { PUT_BYTES_MAX } from '@sealgate/core/limits';
import { createBodyVerifier, parseChecksumHeaders, type RequestHeaders } from '@sealgate/s3';
import type { IncomingObject } from '../operations/put-object.ts';
import { FORM_HELD_BYTES_MAX } from './limits.ts';
import type { OpenForm } from './open-form.ts';

/**
 * The file of a form as an object to be. Stores want to know its length first, which a form does not say: a short file is
 * held whole and counted, of a longer one the length is that of a file with nothing behind it, and an upload that turns
 * out otherwise is refused before it is published.
 *
 * @param checks what else the length has to meet, and the checksums that the form's fields name
 * @throws Fault EntityTooLarge, and of `checks.length` and of the form
 */
export async function incomingFile(
  form: OpenForm,
  checks: { readonly headers: RequestHeaders; readonly length: (bytes: number) => void },
): Promise<IncomingObject> {
  const held = form.bytesIfLast <= FORM_HELD_BYTES_MAX ? await whole(form.file) : undefined;
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
    throw new Fault(
      'MalformedPOSTRequest',
      `The body of your POST request is not well-formed multipart/form-data: a file of more than ${FORM_HELD_BYTES_MAX} bytes must be the last field of its form, and the form must end with a line end.`,
    );
  }
  if (last !== undefined) yield last;
}
