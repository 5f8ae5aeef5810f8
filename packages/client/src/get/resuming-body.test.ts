import { describe, expect, it } from 'vitest';
import { READ_RESUMES_MAX } from '../limits.ts';
import { type BodyReader, resumingBody } from './resuming-body.ts';

const BODY = Buffer.from('the whole body');

/** Brings the bytes [from, to) and then ends, or breaks. */
function reader(from: number, to: number, how: 'ends' | 'breaks' = 'ends'): BodyReader {
  let sent = false;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!sent && to > from) controller.enqueue(new Uint8Array(BODY.subarray(from, to)));
      else if (how === 'ends') controller.close();
      else controller.error(new Error('reset'));
      sent = true;
    },
  }).getReader();
}

async function readAll(first: BodyReader, openFrom: (offset: number) => BodyReader) {
  const pauses: number[] = [];
  const opener = {
    openFrom: (offset: number) => Promise.resolve(openFrom(offset)),
    pause(interruption: number) {
      pauses.push(interruption);
      return Promise.resolve();
    },
    signal: undefined,
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of resumingBody(first, BODY.length, opener)) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), pauses };
}

describe('resumingBody', () => {
  it('brings a body that comes through as it is', async () => {
    expect(await readAll(reader(0, BODY.length), () => reader(0, 0))).toEqual({ bytes: BODY, pauses: [] });
  });

  it('does not care how the connection ends once everything is here', async () => {
    expect((await readAll(reader(0, BODY.length, 'breaks'), () => reader(0, 0))).bytes).toEqual(BODY);
  });

  it.each(['ends', 'breaks'] as const)('goes on where a body %s early', async (how) => {
    const { bytes, pauses } = await readAll(reader(0, 3, how), (at) => reader(at, Math.min(at + 4, BODY.length), how));
    expect(bytes).toEqual(BODY);
    expect(new Set(pauses)).toEqual(new Set([1]));
  });

  it('fails when a broken connection makes no progress', async () => {
    const read = readAll(reader(0, 3, 'breaks'), (at) => reader(at, at, 'breaks'));
    await expect(read).rejects.toMatchObject({ code: 'GatewayUnreachable' });
  });

  it('ends early when the server has no more, after it was asked again', async () => {
    const { bytes, pauses } = await readAll(reader(0, 3), (at) => reader(at, at));
    expect(bytes).toEqual(BODY.subarray(0, 3));
    expect(pauses).toHaveLength(READ_RESUMES_MAX);
  });
});
