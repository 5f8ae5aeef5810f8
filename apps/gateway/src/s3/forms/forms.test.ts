import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createByteBudget } from './byte-budget.ts';
import { incomingFile } from './incoming-file.ts';
import { FORM_HELD_BYTES_MAX, FORM_SMALL_BYTES_MAX } from './limits.ts';
import { type OpenForm, openForm } from './open-form.ts';

const BOUNDARY = '----b0undary';
const MIDDLE = FORM_SMALL_BYTES_MAX + 10_000;
const LONG = FORM_HELD_BYTES_MAX + 10_000;

interface Part {
  readonly name: string;
  readonly value: string | Buffer;
  readonly fileName?: string;
}

function form(parts: readonly Part[], end = `\r\n--${BOUNDARY}--\r\n`): Buffer {
  const pieces = parts.flatMap(({ name, value, fileName }, index) => [
    Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"` +
        `${fileName === undefined ? '' : `; filename="${fileName}"`}\r\n\r\n`,
    ),
    Buffer.from(value),
  ]);
  return Buffer.concat([...pieces, Buffer.from(end)]);
}

/** A request as node:http gives it, in chunks that end where the test says. */
function requestOf(body: Buffer, cuts: readonly number[] = [], announced = body.length): IncomingMessage {
  const edges = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length];
  const chunks = edges.slice(1).map((edge, i) => body.subarray(edges[i], edge));
  const request = Readable.from(
    chunks.filter((chunk) => chunk.length > 0),
    { objectMode: false },
  );
  const headers = {
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
    'content-length': String(announced),
  };
  return Object.assign(request, { headers, complete: announced === body.length }) as unknown as IncomingMessage;
}

const opened = (body: Buffer, cuts?: readonly number[]): Promise<OpenForm> => openForm(requestOf(body, cuts));

async function bytesOf(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const memory = createByteBudget(MIDDLE + 1000);
const noChecks = { headers: {}, length: () => undefined, memory };

describe('a form', () => {
  const fields = [
    { name: 'Key', value: 'ä/${filename}' },
    // Some clients give every field a file name.
    { name: 'policy', value: 'p', fileName: 'policy' },
    { name: 'empty', value: '' },
    { name: 'key', value: 'second' },
  ];
  const file = { name: 'File', value: 'a\r\n--b\r\n----b0undar', fileName: 'C:\\dir\\x.txt' };

  test('is read up to its file, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 12 }), async (cuts) => {
        const body = form([...fields, file]);
        const open = await opened(body, cuts);
        expect(Object.fromEntries(open.fields)).toEqual({ key: 'ä/${filename}', policy: 'p', empty: '' });
        expect(open.fileName).toBe('x.txt');
        expect(open.bytesIfLast).toBe(file.value.length);
        expect((await bytesOf(open.file)).toString()).toBe(file.value);
      }),
    );
  });

  test('may go on behind its file; what is there is ignored', async () => {
    const open = await opened(form([...fields, file, { name: 'submit', value: 'Upload' }, file]));
    expect((await bytesOf(open.file)).toString()).toBe(file.value);
    expect(open.fields.has('submit')).toBe(false);
  });

  test.each([
    ['without a file', form(fields), 'IncorrectNumberOfFilesInPostRequest'],
    ['without anything', Buffer.from(`--${BOUNDARY}--\r\n`), 'IncorrectNumberOfFilesInPostRequest'],
    ['that is none', Buffer.from('hello'), 'MalformedPOSTRequest'],
    ['with a broken header', Buffer.from(`--${BOUNDARY}\r\n\x01: x\r\n\r\n`), 'MalformedPOSTRequest'],
    ['with too long a field', form([{ name: 'a', value: 'x'.repeat(21_000) }, file]), 'MaxPostPreDataLengthExceeded'],
    [
      'with too much in front of its file',
      form([...Array.from({ length: 300 }, (_, i) => ({ name: `f${i}`, value: 'x'.repeat(10) })), file]),
      'MaxPostPreDataLengthExceeded',
    ],
    ['with too long a header', form([{ name: 'a'.repeat(9000), value: '' }, file]), 'MalformedPOSTRequest'],
  ])('%s is refused', async (_, body, expected) => {
    await expect(opened(body)).rejects.toEqual(code(expected));
  });

  test('that ends early fails, at the latest while its file is read', async () => {
    const whole = form([...fields, { ...file, value: Buffer.alloc(100_000) }]);
    const read = async (request: IncomingMessage): Promise<Buffer> => bytesOf((await openForm(request)).file);
    const cut = requestOf(whole.subarray(0, 50_000), [], whole.length);
    await expect(read(cut)).rejects.toEqual(code('IncompleteBody'));
    const unclosed = requestOf(form([file], ''));
    await expect(read(unclosed)).rejects.toEqual(code('MalformedPOSTRequest'));
  });

  test('of any bytes gives a file or a known fault', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.constantFrom(`--${BOUNDARY}`, '\r\n', '--', 'content-disposition: form-data; name="file"', 'name=file;', ': '),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece), async (pieces) => {
        try {
          await bytesOf((await opened(Buffer.from(pieces.join(''), 'latin1'))).file);
        } catch (error) {
          expect(isFault(error)).toBe(true);
        }
      }),
    );
  });
});

describe('its file', () => {
  const withFile = (bytes: number, after: readonly Part[] = [], end?: string): Promise<OpenForm> =>
    opened(form([{ name: 'file', value: Buffer.alloc(bytes, 7) }, ...after], end));
  const watch = { held: false, push: () => undefined, finish: () => ({ verdict: null, envelope: null }) };
  const submit = { name: 'submit', value: 'Upload' };

  test.each([0, 1, FORM_SMALL_BYTES_MAX, MIDDLE])('of %i bytes is counted, whatever comes behind it', async (bytes) => {
    for (const after of [[], [submit]]) {
      const lengths: number[] = [];
      const incoming = await incomingFile(await withFile(bytes, after), {
        ...noChecks,
        length: (length) => lengths.push(length),
      });
      expect([incoming.bytes, ...lengths]).toEqual([bytes, bytes]);
      expect(await bytesOf(incoming.open(watch).chunks)).toEqual(Buffer.alloc(bytes, 7));
      incoming.release();
    }
  });

  test('of many bytes is streamed, its digests with it', async () => {
    const incoming = await incomingFile(await withFile(LONG), noChecks);
    const body = incoming.open(watch);
    expect(body.bytes).toBe(LONG);
    expect(await bytesOf(body.chunks)).toEqual(Buffer.alloc(LONG, 7));
    expect((await body.facts()).checksum).toBeNull();
  });

  test.each([
    ['with something behind it', [submit], undefined],
    ['without the last line end', [], `\r\n--${BOUNDARY}--`],
  ])('of many bytes %s is refused before its last bytes are given', async (_, after, end) => {
    const incoming = await incomingFile(await withFile(LONG, after, end), noChecks);
    let got = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of incoming.open(watch).chunks) got += chunk.length;
    };
    await expect(read()).rejects.toEqual(code('MalformedPOSTRequest'));
    expect(got).toBeLessThan(LONG);
  });

  test('is streamed where there is no memory for it, and comes again later when that was not enough', async () => {
    const first = await incomingFile(await withFile(MIDDLE), noChecks);
    const last = await incomingFile(await withFile(MIDDLE), noChecks);
    expect(await bytesOf(last.open(watch).chunks)).toHaveLength(MIDDLE);
    const followed = await incomingFile(await withFile(MIDDLE, [submit]), noChecks);
    await expect(bytesOf(followed.open(watch).chunks)).rejects.toEqual(code('SlowDown'));
    first.release();
    const again = await incomingFile(await withFile(MIDDLE, [submit]), noChecks);
    expect(again.bytes).toBe(MIDDLE);
    again.release();
  });

  test('is held against its checksum and what the policy says of its length', async () => {
    const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
    const wrong = await incomingFile(await withFile(3), { ...noChecks, headers });
    const body = wrong.open(watch);
    await bytesOf(body.chunks);
    await expect(body.facts()).rejects.toEqual(code('BadDigest'));
    const tooLong = incomingFile(await withFile(3), {
      ...noChecks,
      length: () => {
        throw new Error('too long');
      },
    });
    await expect(tooLong).rejects.toThrow('too long');
  });
});
