import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Fault, isFault } from '@sealgate/core/faults';
import type { FormFields } from '@sealgate/s3';
import { fileNameOf, POST_FIELDS_BYTES_MAX } from '@sealgate/s3';
import multiparty from 'multiparty';
import { FORM_PART_HEADER_BYTES_MAX, FORM_PARTS_MAX } from './limits.ts';

/** A form up to the first byte of its file. */
export interface OpenForm {
  /** The fields in front of the file, by lower-case name; of a repeated one the first. Those behind it are ignored. */
  readonly fields: FormFields;
  readonly fileName: string;
  /** How long the file is if nothing but the form's closing line comes behind it. */
  readonly bytesIfLast: number;
  /** Fails with a Fault when the form breaks off. */
  readonly file: AsyncIterable<Buffer>;
}

/**
 * Reads a multipart form as far as its file. Nothing is kept but the fields, which are bounded; the file waits until it
 * is read.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 * @throws Fault MalformedPOSTRequest, MaxPostPreDataLengthExceeded, IncorrectNumberOfFilesInPostRequest, IncompleteBody
 */
export function openForm(request: IncomingMessage): Promise<OpenForm> {
  const form = new multiparty.Form({ maxFields: FORM_PARTS_MAX, ...HEADER_LIMIT });
  const fields = new Map<string, string>();
  const pending: Promise<void>[] = [];
  const size = { bytes: 0 };
  let found = false;
  const opened = new Promise<OpenForm>((resolve, reject) => {
    const onPart = (part: multiparty.Part): void => {
      // The parser only tells of an error; who comes to read later has to find it as well.
      part.on('error', (error) => part.destroy(error));
      if (found) {
        part.resume();
        return;
      }
      // The parser leaves out a name that the part did not say.
      const name = ((part.name as string | null) ?? '').toLowerCase();
      if (part.byteOffset > POST_FIELDS_BYTES_MAX) {
        reject(tooLong());
      } else if (name === 'file') {
        found = true;
        const { byteOffset, filename } = part as { readonly byteOffset: number; readonly filename?: string };
        const bytesIfLast = lengthOf(request) - byteOffset - closingBytes(request);
        Promise.all(pending).then(
          () => resolve({ fields, fileName: fileNameOf(filename ?? ''), bytesIfLast, file: faulty(part, request) }),
          reject,
        );
      } else {
        pending.push(
          textOf(part, size).then((text) => {
            if (!fields.has(name)) fields.set(name, text);
          }),
        );
        pending.at(-1)?.catch(reject);
      }
    };
    form.on('part', onPart);
    form.on('error', (error) => reject(formFault(error, request)));
    form.on('close', () => {
      reject(new Fault('IncorrectNumberOfFilesInPostRequest', 'POST requires exactly one file upload per request.'));
    });
  });
  form.parse(request);
  // On any failure the request is let go of, so that what is left of it can be drained or cut.
  opened.catch(() => request.unpipe());
  return opened;
}

/** Known to the parser, not to its types. */
const HEADER_LIMIT: object = { maxHeaderSize: FORM_PART_HEADER_BYTES_MAX };

const lengthOf = (request: IncomingMessage): number => Number(request.headers['content-length'] ?? 0);

/** `\r\n--boundary--\r\n`: every client that we know ends its form with the last line end. */
function closingBytes(request: IncomingMessage): number {
  const match = /;\s*boundary=(?:"([^"]*)"|([^;]+))/i.exec(request.headers['content-type'] ?? '');
  return (match?.[1] ?? match?.[2] ?? '').length + 8;
}

async function textOf(part: Readable, size: { bytes: number }): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of part as AsyncIterable<Buffer>) {
    size.bytes += chunk.length;
    if (size.bytes > POST_FIELDS_BYTES_MAX) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* faulty(file: Readable, request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* file as AsyncIterable<Buffer>;
  } catch (error) {
    throw formFault(error, request);
  }
}

function tooLong(): Fault {
  return new Fault(
    'MaxPostPreDataLengthExceeded',
    'Your POST request fields preceding the upload file were too large.',
    { detail: { MaxPostPreDataLengthBytes: POST_FIELDS_BYTES_MAX } },
  );
}

function formFault(error: unknown, request: IncomingMessage): Fault {
  if (isFault(error)) return error;
  if (request.destroyed && !request.complete) {
    return new Fault(
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
      { cause: error },
    );
  }
  return new Fault('MalformedPOSTRequest', 'The body of your POST request is not well-formed multipart/form-data.', {
    cause: error,
  });
}
