import { Readable } from 'node:stream';
import { type FaultCode, isFault } from '@sealgate/core/faults';
import { systemClock } from '@sealgate/core/ports';
import { createFakeS3, type FakeS3 } from '@sealgate/testkit/fake-s3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultS3DriverLimits } from '../limits.ts';
import { isListedAsOurs } from './buckets.ts';
import { createS3Calls, type S3Calls } from './calls.ts';
import { listVersions } from './delete-object.ts';
import type { WholeAnswer } from './exchange.ts';
import { listObjects } from './list-objects.ts';
import { putObject } from './put-object.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000 });

const signal = new AbortController().signal;
const target = { endpoint: 'http://127.0.0.1:9', region: 'r', credentials: { accessKeyId: 'a', secretAccessKey: 's' } };

/** Calls that all get this answer. */
function answering(body: string): S3Calls {
  const answer: WholeAnswer = { status: 200, headers: {}, body: Buffer.from(body) };
  return {
    send: () => Promise.resolve({ ...answer, body: Readable.from([body]) }),
    fetch: () => Promise.resolve(answer),
    limits: defaultS3DriverLimits,
    clock: systemClock,
    target: { ...target, addressing: 'path' },
    secure: false,
    close: () => Promise.resolve(),
  };
}

async function code(work: Promise<unknown>): Promise<FaultCode | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => {
      if (!isFault(error)) throw error;
      return error.code;
    },
  );
}

const page = (...keys: string[]): string => {
  const contents = keys.map(
    (key) => `<Contents><Key>${key}</Key><Size>1</Size><LastModified>2030-01-01T00:00:00Z</LastModified></Contents>`,
  );
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
};

describe('a listing that cannot be relied on', () => {
  it.each([
    ['out of order', ['b/2', 'b/1']],
    ['with a key twice', ['b/1', 'b/1']],
    ['with a key that does not come after', ['b/0']],
    ['with a key of another prefix', ['c/1']],
  ])('%s is refused', async (_, keys) => {
    const list = listObjects(answering(page(...keys)), 'bucket', { signal, prefix: 'b/', after: 'b/0', limit: 10 });
    expect(await code(list)).toBe('BackendRefused');
  });

  it('in order is taken', async () => {
    const list = await listObjects(answering(page('b/1', 'b/2')), 'bucket', { signal, prefix: 'b/', limit: 10 });
    expect(list.blobs.map(({ key }) => key)).toEqual(['b/1', 'b/2']);
  });

  it('and any other document only ever makes a Fault', async () => {
    const document = fc.oneof(
      fc.string(),
      fc.constantFrom('<ListBucketResult/>', '<ListVersionsResult/>', '<a><b></a>', '<!DOCTYPE a><a/>', page('b/1')),
      fc.string().map((text) => `<ListBucketResult><Contents><Key>${text}</Key></Contents></ListBucketResult>`),
    );
    await fc.assert(
      fc.asyncProperty(document, async (text) => {
        const calls = answering(text);
        const outcomes = [
          await code(listObjects(calls, 'bucket', { signal, limit: 10 })),
          await code(listVersions(calls, { bucket: 'bucket', prefix: '', signal })),
          await code(isListedAsOurs(calls, { bucket: 'bucket', signal })),
        ];
        for (const outcome of outcomes) expect([undefined, 'BackendRefused']).toContain(outcome);
      }),
    );
  });
});

describe('a large body over a protected connection', () => {
  const user = { accessKeyId: 'AKIDFAKE', secretAccessKey: 'secret', owner: 'us' };
  const data = Buffer.alloc(2_500_000, 'sealed');
  let server: FakeS3;
  let calls: S3Calls;
  beforeEach(async () => {
    server = await createFakeS3({ users: [user], region: 'r' });
    calls = createS3Calls({ endpoint: server.endpoint, region: 'r', credentials: user, addressing: 'path' });
    await calls.fetch({ method: 'PUT', bucket: 'bucket', signal, idempotent: true });
  });
  afterEach(async () => {
    await calls.close();
    await server.close();
  });

  /** The fake server speaks plain HTTP; what counts here is how the body is framed. */
  const secured = (capabilities: Record<string, boolean>): S3Calls => ({
    ...calls,
    secure: true,
    target: { ...calls.target, capabilities },
  });
  const blob = (): Parameters<typeof putObject>[2] => ({
    body: Readable.from([data.subarray(0, 1_000_001), data.subarray(1_000_001)]),
    bytes: data.length,
    signal,
  });

  it.each([
    [{ checksumTrailer: true, chunkSignature: true, etagIsMd5: true }, 'checksum'],
    [{ chunkSignature: true, etagIsMd5: true }, 'etag'],
    [{ chunkSignature: true }, 'checksum'],
    [{}, 'etag'],
  ])('with %j is proved by %s', async (capabilities, verified) => {
    const receipt = await putObject(secured(capabilities), { bucket: 'bucket', key: 'b/x' }, blob());
    expect(receipt.verified).toBe(verified);
    expect(server.buckets.get('bucket')?.objects.get('b/x')?.[0]?.data?.equals(data)).toBe(true);
  });
});
