import { describe, expect, it } from 'vitest';
import {
  type ContractContext,
  never,
  patternBytes,
  readAll,
  rejection,
  stallingStream,
  streamOfBytes,
} from './context.ts';

const BYTES = 4_000_000;

export function describeAborts({ driver, newBucket, unusedBucket, subject }: ContractContext): void {
  const handlesBackAt = async (before: number): Promise<void> => {
    await expect
      .poll(async () => (await subject().openHandles?.()) ?? 0, { timeout: 10_000 })
      .toBeLessThanOrEqual(before);
  };
  const handles = async (): Promise<number> => (await subject().openHandles?.()) ?? 0;

  describe('abort', () => {
    it('rejects every call whose signal is aborted before, with its reason', async () => {
      const reason = new Error('Not wanted.');
      const signal = AbortSignal.abort(reason);
      const bucket = unusedBucket();
      const body = streamOfBytes(patternBytes(10));
      const calls = [
        driver().ensureBucket(bucket, { signal }),
        driver().removeBucket(bucket, { signal }),
        driver().put(bucket, 'b/x', { body, bytes: 10, signal }),
        driver().get(bucket, 'b/x', { signal }),
        driver().head(bucket, 'b/x', { signal }),
        driver().delete(bucket, 'b/x', { signal }),
        driver().list(bucket, { signal, limit: 1 }),
        driver().ping({ signal }),
      ];
      for (const call of calls) expect(await rejection(call)).toBe(reason);
      expect(body.destroyed).toBe(true);
    });

    it('ends a put whose source stands still', async () => {
      const bucket = await newBucket();
      await driver().ping({ signal: never });
      const before = await handles();
      const stop = new AbortController();
      const reason = new Error('The client went away.');
      const body = stallingStream(patternBytes(100_000));
      const put = driver().put(bucket, 'b/x', { body, bytes: BYTES, signal: stop.signal });
      body.once('data', () => undefined);
      setImmediate(() => stop.abort(reason));
      expect(await rejection(put)).toBe(reason);
      expect(body.destroyed).toBe(true);
      await handlesBackAt(before);
      expect(await driver().head(bucket, 'b/x', { signal: never })).toBeUndefined();
    });

    it('ends a read midway', async () => {
      const bucket = await newBucket();
      await driver().put(bucket, 'b/x', { body: patternBytes(BYTES), bytes: BYTES, signal: never });
      const before = await handles();
      const stop = new AbortController();
      const reason = new Error('The client went away.');
      const { body } = await driver().get(bucket, 'b/x', { signal: stop.signal });
      let seen = 0;
      const reading = (async () => {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          seen += chunk.length;
          stop.abort(reason);
        }
      })();
      expect(await rejection(reading)).toBe(reason);
      expect(seen).toBeLessThan(BYTES);
      expect(body.destroyed).toBe(true);
      await handlesBackAt(before);
      expect((await readAll(await driver().get(bucket, 'b/x', { signal: never }))).length).toBe(BYTES);
    });

    it('does not mind a signal that is aborted after the call', async () => {
      const bucket = await newBucket();
      const stop = new AbortController();
      await driver().put(bucket, 'b/x', { body: patternBytes(10), bytes: 10, signal: stop.signal });
      await readAll(await driver().get(bucket, 'b/x', { signal: stop.signal }));
      stop.abort(new Error('Too late.'));
      expect(await driver().head(bucket, 'b/x', { signal: never })).toEqual({ bytes: 10 });
    });
  });
}
