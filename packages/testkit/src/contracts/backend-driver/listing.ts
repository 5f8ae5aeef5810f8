import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ContractContext, never, patternBytes } from './context.ts';

/** Keys that are hard to keep in order: separators, dots, percent signs, names that look like folders of others. */
const anyKey = fc.oneof(
  fc.stringMatching(/^b\/0190a1b[0-3]-c3d4-7[0-9a-f]{3}-8a9b-0c1d2e3f4a5b\.[0-2]$/),
  fc.stringMatching(/^b\/0190a1(b2)?[-/.~@a-c]{0,4}$/).filter((key) => !/\/\.{1,2}(\/|$)/.test(key)),
  fc.stringMatching(/^[!-~]{1,12}$/).filter((key) => !/^\.{1,2}$|\/\.{1,2}(\/|$)|^\.{1,2}\/|\/\/|^\/|\/$/.test(key)),
);

export function describeListing({ driver, newBucket, traits }: ContractContext): void {
  describe('list', () => {
    it('gives pages in ascending order of bytes, for any keys, prefix and start', async () => {
      const plan = fc.record({
        keys: fc.uniqueArray(anyKey, { minLength: 1, maxLength: 12 }),
        prefix: fc.oneof(fc.constantFrom('', 'b/', 'b/0190a1', 'b/0190a1b2-', 'zz'), anyKey),
        after: fc.oneof(fc.constantFrom('', 'b', 'b/', 'b/0190a1', 'b/0190a1b2'), anyKey),
        limit: fc.integer({ min: 1, max: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(plan, async ({ keys, prefix, after, limit }) => {
          const bucket = await newBucket();
          for (const [i, key] of keys.entries()) {
            await driver().put(bucket, key, { body: patternBytes(i), bytes: i, signal: never });
          }
          const wanted = keys.filter((key) => key.startsWith(prefix) && key > after).sort();
          const seen: string[] = [];
          for (let from = after, truncated = true; truncated; from = seen.at(-1) ?? from) {
            const page = await driver().list(bucket, { signal: never, prefix, after: from, limit });
            expect(page.blobs.length).toBeLessThanOrEqual(limit);
            for (const blob of page.blobs) {
              expect(blob.bytes).toBe(keys.indexOf(blob.key));
              expect(blob.modifiedAtMs).toBeGreaterThan(0);
            }
            seen.push(...page.blobs.map((blob) => blob.key));
            truncated = page.truncated;
            if (truncated) expect(page.blobs.length).toBeGreaterThan(0);
          }
          expect(seen).toEqual(wanted);
        }),
        { numRuns: traits.propertyRuns ?? 40 },
      );
    });

    it('keeps keys apart that differ only in what a path or URL would swallow', async () => {
      const bucket = await newBucket();
      const keys = ['%2E', '.x', '..x', 'a%2Fb', 'a+b', 'a.b', 'a/b', 'a=b&c', 'a?b', 'a#b', 'a\\b', 'b~', 'b@', 'b:1'];
      for (const [i, key] of keys.entries()) {
        await driver().put(bucket, key, { body: patternBytes(i + 1), bytes: i + 1, signal: never });
      }
      for (const [i, key] of keys.entries()) {
        expect(await driver().head(bucket, key, { signal: never })).toEqual({ bytes: i + 1 });
      }
      const { blobs } = await driver().list(bucket, { signal: never, limit: 100 });
      expect(blobs.map((blob) => blob.key)).toEqual([...keys].sort());
    });
  });
}
