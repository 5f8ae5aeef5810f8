import { describe, expect, it } from 'vitest';
import { type ByteChunks, chunksOf } from '../streams.ts';
import { openSource, peekSource } from './source.ts';

async function read(chunks: ByteChunks): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunksOf(chunks)) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

function streamOf(...chunks: string[]): { stream: AsyncIterable<Uint8Array>; returned: () => boolean } {
  let returned = false;
  async function* generate() {
    try {
      for (const chunk of chunks) yield Buffer.from(chunk);
    } finally {
      returned = true;
    }
  }
  return { stream: generate(), returned: () => returned };
}

describe('openSource', () => {
  it('reads bytes, blobs and seekable sources from any offset', async () => {
    const seekable = {
      size: 4,
      streamFrom: (offset: number) => new Blob([Buffer.from('abcd').subarray(offset)]).stream(),
    };
    for (const source of [Buffer.from('abcd'), new Blob(['abcd']), seekable]) {
      const open = openSource(source);
      expect(open.bytes).toBe(4);
      expect(await read(open.whole())).toBe('abcd');
      expect(await read(open.seek!(3))).toBe('d');
    }
  });

  it('reads a stream once, with or without a length', async () => {
    const open = openSource({ stream: streamOf('ab', 'cd').stream, bytes: 4 });
    expect(open).toMatchObject({ bytes: 4, seek: undefined });
    expect(await read(open.whole())).toBe('abcd');
  });
});

describe('peekSource', () => {
  it('learns the length of a stream that ends within the limit', async () => {
    const open = await peekSource(openSource({ stream: streamOf('ab', 'cd').stream }), 4);
    expect(open.bytes).toBe(4);
    expect(await read(open.whole())).toBe('abcd');
    expect(await read(open.seek!(2))).toBe('cd');
  });

  it('gives back all of a longer one, in order', async () => {
    const { stream } = streamOf('ab', 'cd', 'ef');
    const open = await peekSource(openSource({ stream }), 3);
    expect(open).toMatchObject({ bytes: undefined, seek: undefined });
    expect(await read(open.whole())).toBe('abcdef');
  });

  it('lets go of the stream when the reader stops early', async () => {
    const { stream, returned } = streamOf('ab', 'cd', 'ef');
    const open = await peekSource(openSource({ stream }), 1);
    for await (const _ of chunksOf(open.whole())) break;
    expect(returned()).toBe(true);
  });
});
