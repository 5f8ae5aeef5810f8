import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uploadParts } from './upload-parts.ts';

function* partsOf(count: number) {
  for (let partNumber = 1; partNumber <= count; partNumber++) yield { partNumber, bytes: new Uint8Array(1) };
}
async function* stream(count: number) {
  yield* partsOf(count);
}

describe('uploadParts', () => {
  it('returns the parts in order, whatever the order of acknowledgements, and keeps the bound', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat({ max: 12 }), fc.integer({ min: 1, max: 4 }), async (s, count, bound) => {
        let running = 0;
        let most = 0;
        const uploaded = uploadParts(stream(count), {
          concurrency: bound,
          upload: async ({ partNumber }) => {
            most = Math.max(most, ++running);
            await s.schedule(Promise.resolve(), `part ${partNumber}`);
            running--;
            return { etag: `"${partNumber}"` };
          },
        });
        await s.waitFor(uploaded);
        expect((await uploaded).map((part) => part.partNumber)).toEqual([...partsOf(count)].map((p) => p.partNumber));
        expect(most).toBeLessThanOrEqual(bound);
      }),
    );
  });

  it('cancels what is in flight, awaits it and throws the first failure', async () => {
    const started: number[] = [];
    const ended: number[] = [];
    const upload = async ({ partNumber }: { partNumber: number }, signal: AbortSignal): Promise<{ etag: string }> => {
      started.push(partNumber);
      if (partNumber === 2) throw new Error('part 2 refused');
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          ended.push(partNumber);
          reject(new Error('cancelled'));
        }),
      );
    };
    await expect(uploadParts(stream(9), { concurrency: 3, upload })).rejects.toThrow('part 2 refused');
    expect(started.length).toBeLessThanOrEqual(3);
    expect(ended).toEqual(started.filter((part) => part !== 2));
  });

  it('stops when the source fails', async () => {
    async function* failing() {
      yield* partsOf(1);
      throw new Error('disk');
    }
    const upload = async () => ({ etag: '"x"' });
    await expect(uploadParts(failing(), { concurrency: 2, upload })).rejects.toThrow('disk');
  });

  it('stops with the reason of the signal', async () => {
    const controller = new AbortController();
    const upload = async () => {
      controller.abort(new Error('user'));
      return { etag: '"x"' };
    };
    const uploaded = uploadParts(stream(5), { concurrency: 1, upload, signal: controller.signal });
    await expect(uploaded).rejects.toThrow('user');
  });
});
