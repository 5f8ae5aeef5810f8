import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ContractContext, faultCode, never, patternBytes, readAll, rejection, streamOfBytes } from './context.ts';

const SIZES = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 262_145, 1_048_576, 1_048_577, 3_000_001];

export function describeWrites(context: ContractContext): void {
  describe('put', () => {
    keepsBodies(context);
    replacesWhatIsThere(context);
    refusesWrongBodies(context);
    keepsKeysApart(context);
  });
  describeDelete(context);
}

function keepsBodies({ driver, newBucket, traits }: ContractContext): void {
  const sizes = traits.largeBytes === undefined ? SIZES : [...SIZES, traits.largeBytes];

  it.each(sizes)('keeps %i bytes given whole and given as a stream', async (bytes) => {
    const bucket = await newBucket();
    const data = patternBytes(bytes, bytes);
    const md5 = createHash('md5').update(data).digest();
    const options = { bytes, signal: never };
    const whole = await driver().put(bucket, 'b/whole', { ...options, body: data, md5 });
    const bodyMd5 = (): Promise<Uint8Array> => Promise.resolve(md5);
    const streamed = await driver().put(bucket, 'b/streamed', { ...options, body: streamOfBytes(data), bodyMd5 });
    const bare = await driver().put(bucket, 'b/bare', { ...options, body: streamOfBytes(data) });
    for (const key of ['b/whole', 'b/streamed', 'b/bare']) {
      expect(await driver().head(bucket, key, { signal: never })).toEqual({ bytes });
      const opened = await driver().get(bucket, key, { signal: never });
      expect([opened.bytes, opened.totalBytes]).toEqual([bytes, bytes]);
      expect((await readAll(opened)).equals(data)).toBe(true);
    }
    expect([whole.verified, streamed.verified, bare.verified]).not.toContain('none');
  });
}

function replacesWhatIsThere({ driver, newBucket }: ContractContext): void {
  it('puts the same blob made anew in the place of a bad one, whole or not at all', async () => {
    const bucket = await newBucket();
    const [bad, good] = [patternBytes(70_000, 1), patternBytes(70_001, 2)];
    const there = async (): Promise<Buffer> => await readAll(await driver().get(bucket, 'b/x', { signal: never }));
    await driver().put(bucket, 'b/x', { body: bad, bytes: bad.length, signal: never });
    const short = { body: streamOfBytes(good.subarray(1)), bytes: good.length, replace: true, signal: never };
    expect(await faultCode(driver().put(bucket, 'b/x', short))).toBe('IncompleteBody');
    expect((await there()).equals(bad)).toBe(true);
    await driver().put(bucket, 'b/x', { ...short, body: streamOfBytes(good) });
    expect((await there()).equals(good)).toBe(true);
    const { blobs } = await driver().list(bucket, { signal: never, limit: 10 });
    expect(blobs.map(({ key, bytes }) => [key, bytes])).toEqual([['b/x', good.length]]);
  });
}

function refusesWrongBodies({ driver, newBucket }: ContractContext): void {
  const options = { bytes: 100_000, signal: never };
  const nothingThere = async (bucket: Awaited<ReturnType<typeof newBucket>>): Promise<void> => {
    expect(await driver().head(bucket, 'b/x', { signal: never })).toBeUndefined();
    expect((await driver().list(bucket, { signal: never, limit: 10 })).blobs).toEqual([]);
  };

  it.each([0, 1, 99_999, 100_001, 200_000])('refuses a stream of %i bytes declared as 100000', async (bytes) => {
    const bucket = await newBucket();
    const body = streamOfBytes(patternBytes(bytes));
    expect(await faultCode(driver().put(bucket, 'b/x', { ...options, body }))).toBe('IncompleteBody');
    expect(body.destroyed).toBe(true);
    await nothingThere(bucket);
  });

  it('is complete nowhere when a further chunk comes behind its last byte', async () => {
    const bucket = await newBucket();
    const body = Readable.from([Buffer.alloc(2_000_000), Buffer.alloc(1)], { objectMode: false });
    const put = driver().put(bucket, 'b/x', { body, bytes: 2_000_000, signal: never });
    expect(await faultCode(put)).toBe('IncompleteBody');
    await nothingThere(bucket);
  });

  it('refuses bytes at hand that are not as many as declared', async () => {
    const bucket = await newBucket();
    expect(await faultCode(driver().put(bucket, 'b/x', { ...options, body: patternBytes(99_999) }))).toBe(
      'IncompleteBody',
    );
    await nothingThere(bucket);
  });

  it.each([0, 70_000])('passes on the error of a source that breaks after %i bytes', async (bytes) => {
    const bucket = await newBucket();
    const broken = new Error('The source broke.');
    const body = Readable.from(
      (async function* () {
        if (bytes > 0) yield Buffer.from(patternBytes(bytes));
        throw broken;
      })(),
      { objectMode: false },
    );
    expect(await rejection(driver().put(bucket, 'b/x', { ...options, body }))).toBe(broken);
    expect(body.destroyed).toBe(true);
    await nothingThere(bucket);
  });
}

function keepsKeysApart({ driver, newBucket, traits }: ContractContext): void {
  const options = { bytes: 100_000, signal: never };
  it.each(['', 'ö', 'a\0b', 'a\nb', 'with space', 'x'.repeat(1025)])('refuses the key %j', async (key) => {
    const bucket = await newBucket();
    const body = streamOfBytes(patternBytes(10));
    expect(await faultCode(driver().put(bucket, key, { body, bytes: 10, signal: never }))).toBe('ValidationFailed');
    expect(body.destroyed).toBe(true);
    expect(await faultCode(driver().get(bucket, key, { signal: never }))).toBe('ValidationFailed');
    expect(await faultCode(driver().head(bucket, key, { signal: never }))).toBe('ValidationFailed');
    expect(await faultCode(driver().delete(bucket, key, { signal: never }))).toBe('ValidationFailed');
  });

  it.skipIf(!traits.refusesOverwrite)('refuses a second blob under one key', async () => {
    const bucket = await newBucket();
    await driver().put(bucket, 'b/x', { ...options, body: patternBytes(100_000, 1) });
    const again = driver().put(bucket, 'b/x', { ...options, body: patternBytes(100_000, 2) });
    expect(await faultCode(again)).toBe('BackendRefused');
    const kept = await readAll(await driver().get(bucket, 'b/x', { signal: never }));
    expect(kept.equals(patternBytes(100_000, 1))).toBe(true);
  });

  it('takes many puts at one time', async () => {
    const bucket = await newBucket();
    const keys = Array.from({ length: 40 }, (_, i) => `b/${i.toString(16).padStart(8, '0')}-many`);
    await Promise.all(
      keys.map((key, i) => driver().put(bucket, key, { body: patternBytes(5000, i), bytes: 5000, signal: never })),
    );
    const read = await Promise.all(
      keys.map(async (key) => await readAll(await driver().get(bucket, key, { signal: never }))),
    );
    for (const [i, bytes] of read.entries()) expect(bytes.equals(patternBytes(5000, i))).toBe(true);
  });
}

function describeDelete({ driver, newBucket }: ContractContext): void {
  describe('delete', () => {
    it('removes a blob once and for all, and is content when there is none', async () => {
      const bucket = await newBucket();
      await driver().put(bucket, 'b/x', { body: patternBytes(9), bytes: 9, signal: never });
      await driver().put(bucket, 'b/y', { body: patternBytes(9), bytes: 9, signal: never });
      await driver().delete(bucket, 'b/x', { signal: never });
      await driver().delete(bucket, 'b/x', { signal: never });
      expect(await driver().head(bucket, 'b/x', { signal: never })).toBeUndefined();
      expect(await driver().head(bucket, 'b/y', { signal: never })).toEqual({ bytes: 9 });
      await driver().put(bucket, 'b/x', { body: patternBytes(7), bytes: 7, signal: never });
      expect(await driver().head(bucket, 'b/x', { signal: never })).toEqual({ bytes: 7 });
    });
  });
}
