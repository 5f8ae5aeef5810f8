import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Fault, isFault } from '@sealgate/core/faults';
import { physicalBucketName } from '@sealgate/core/names';
import { type BackendDriver, type Clock, systemClock } from '@sealgate/core/ports';
import { createFakeS3, type FakeS3, type Trouble } from '@sealgate/testkit/fake-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { S3DriverLimits } from '../limits.ts';
import { createS3Driver } from './s3-driver.ts';
import type { S3Target } from './target.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000 });

const us = { accessKeyId: 'AKIDUS', secretAccessKey: 'our-secret-key', owner: 'us' };
const them = { accessKeyId: 'AKIDTHEM', secretAccessKey: 'their-secret-key', owner: 'them' };
const region = 'eu-test-1';
const signal = new AbortController().signal;
const bucket = physicalBucketName({ tenant: 't', region: 'r', bucket: 'b', backend: 's3', counter: 0 });
const key = 'b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0';
const small = Buffer.from('sealed bytes');
const large = Buffer.alloc(3_000_000, 'sealed');

/** Waits are noted and over at once. */
function hastyClock(waits: number[]): Clock {
  return {
    ...systemClock,
    schedule(delayMs, run) {
      waits.push(delayMs);
      const turn = setImmediate(run);
      return () => clearImmediate(turn);
    },
  };
}

let server: FakeS3;
let drivers: BackendDriver[];
let waits: number[];

beforeEach(async () => {
  server = await createFakeS3({ users: [us, them], region });
  drivers = [];
  waits = [];
});
afterEach(async () => {
  await Promise.all(drivers.map((driver) => driver.close()));
  await server.close();
});

function connect(
  options: Partial<Omit<S3Target, 'limits'>> & { limits?: Partial<S3DriverLimits> } = {},
): BackendDriver {
  const driver = createS3Driver({
    endpoint: server.endpoint,
    region,
    credentials: us,
    addressing: 'path',
    clock: hastyClock(waits),
    random: () => 1,
    ...options,
  });
  drivers.push(driver);
  return driver;
}

async function ready(options: Parameters<typeof connect>[0] = {}): Promise<BackendDriver> {
  const driver = connect(options);
  await driver.ensureBucket(bucket, { signal });
  return driver;
}

async function fault(work: Promise<unknown>): Promise<Fault> {
  return await work.then(
    () => {
      throw new Error('It did not reject.');
    },
    (error: unknown) => {
      if (error instanceof Fault) return error;
      throw error;
    },
  );
}

const count = (method: string): number => server.requests.filter((line) => line.startsWith(`${method} `)).length;
const put = { body: small, bytes: small.length, signal };
const stream = (): Readable => Readable.from([large.subarray(0, 1_000_000), large.subarray(1_000_000)]);

describe('trying again', () => {
  const passing: Trouble[] = [
    { kind: 'answer', status: 503, code: 'SlowDown' },
    { kind: 'answer', status: 500, code: 'InternalError' },
    { kind: 'lose-answer' },
    { kind: 'reset-request', afterBytes: 1 },
  ];
  it.each(passing)('a put of bytes at hand passes after $kind $status', async (trouble) => {
    const driver = await ready();
    server.trouble.add({ method: 'PUT', target: /b\//, times: 2, trouble });
    await driver.put(bucket, key, put);
    expect(await driver.head(bucket, key, { signal })).toEqual({ bytes: small.length });
    expect(waits).toEqual([50, 100]);
  });

  it('gives up after its tries, with growing pauses between them', async () => {
    const driver = await ready();
    server.trouble.add({ trouble: { kind: 'answer', status: 503, code: 'SlowDown' } });
    expect((await fault(driver.head(bucket, key, { signal }))).code).toBe('BackendUnreachable');
    expect(count('HEAD')).toBe(3);
    expect(waits).toEqual([50, 100]);
  });

  it('never repeats a streamed body of which a byte was taken', async () => {
    const driver = await ready();
    server.trouble.add({ method: 'PUT', trouble: { kind: 'answer', status: 503, code: 'SlowDown' } });
    const body = stream();
    expect((await fault(driver.put(bucket, key, { body, bytes: large.length, signal }))).code).toBe(
      'BackendUnreachable',
    );
    expect(count('PUT')).toBe(2);
    expect(body.destroyed).toBe(true);
  });

  it('does not try again what was refused, or what is missing', async () => {
    const driver = await ready();
    server.trouble.add({ method: 'PUT', times: 1, trouble: { kind: 'answer', status: 403, code: 'AccessDenied' } });
    expect((await fault(driver.put(bucket, key, put))).code).toBe('BackendRefused');
    expect((await fault(driver.get(bucket, key, { signal }))).code).toBe('BlobMissing');
    expect(waits).toEqual([]);
  });

  it('stops waiting when the call is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('Enough.');
    const clock: Clock = { ...systemClock, schedule: () => (setImmediate(() => stop.abort(reason)), () => undefined) };
    const driver = await ready({ clock });
    server.trouble.add({ method: 'HEAD', trouble: { kind: 'answer', status: 500 } });
    await expect(driver.head(bucket, key, { signal: stop.signal })).rejects.toBe(reason);
  });
});

describe('what breaks midway', () => {
  it('fails a streamed put whose connection is reset, and ends its source', async () => {
    const driver = await ready();
    server.trouble.add({ method: 'PUT', trouble: { kind: 'reset-request', afterBytes: 500_000 } });
    const body = stream();
    expect((await fault(driver.put(bucket, key, { body, bytes: large.length, signal }))).code).toBe(
      'BackendUnreachable',
    );
    expect(body.destroyed).toBe(true);
    expect(server.buckets.get(bucket)?.objects.size).toBe(0);
  });

  it.each([{}, { chunkSignature: true }, { etagIsMd5: true }])(
    'does not believe an answer that came before the body had ended, with %j',
    async (capabilities) => {
      const driver = await ready({ capabilities });
      server.trouble.add({ method: 'PUT', trouble: { kind: 'answer', status: 200 } });
      // The rest never comes.
      const body = new Readable({ objectMode: true, read: () => undefined });
      for (let i = 0; i < 3; i += 1) body.push(large.subarray(0, 100_000));
      const put = driver.put(bucket, key, { body, bytes: large.length, signal });
      expect((await fault(put)).code).toBe('BackendRefused');
      expect(body.destroyed).toBe(true);
    },
  );

  it('fails a streamed put whose answer is lost: nobody knows whether it is there', async () => {
    const driver = await ready();
    server.trouble.add({ method: 'PUT', trouble: { kind: 'lose-answer' } });
    const put = driver.put(bucket, key, { body: stream(), bytes: large.length, signal });
    expect((await fault(put)).code).toBe('BackendUnreachable');
  });

  it.each([
    ['reset-answer', 'BackendUnreachable'],
    ['stop-answer', 'BackendTimeout'],
  ] as const)('fails the body of a read at a %s', async (kind, code) => {
    const driver = await ready({ limits: { bodyTimeoutMs: 50 } });
    await driver.put(bucket, key, { body: large, bytes: large.length, signal });
    server.trouble.add({ method: 'GET', trouble: { kind, afterBytes: 1_000_000 } });
    const opened = await driver.get(bucket, key, { signal });
    let seen = 0;
    const reading = (async () => {
      for await (const chunk of opened.body as AsyncIterable<Buffer>) seen += chunk.length;
    })();
    expect((await fault(reading)).code).toBe(code);
    expect(seen).toBeLessThanOrEqual(1_000_000);
    await expect.poll(() => server.openSockets).toBeLessThanOrEqual(1);
  });

  it.each(['stall-request', 'stall-answer'] as const)('gives up on a server that does a %s', async (kind) => {
    const driver = await ready({ limits: { headersTimeoutMs: 50 } });
    server.trouble.add({ method: 'PUT', trouble: { kind } });
    const body = Readable.from([large, large, large, large]);
    const put = driver.put(bucket, key, { body, bytes: 4 * large.length, signal });
    expect((await fault(put)).code).toBe('BackendTimeout');
    expect(body.destroyed).toBe(true);
    expect((await fault(driver.put(bucket, key, { body: small, bytes: small.length, signal }))).code).toBe(
      'BackendTimeout',
    );
  });

  it('says unreachable when nobody listens', async () => {
    const driver = await ready();
    await server.close();
    expect((await fault(driver.get(bucket, key, { signal }))).code).toBe('BackendUnreachable');
    expect((await driver.ping({ signal })).ok).toBe(false);
  });
});

describe('what the backend says it holds', () => {
  const bodyMd5 = (): Promise<Uint8Array> => Promise.resolve(createHash('md5').update(large).digest());

  it('is compared with what was sent; other bytes are removed', async () => {
    const driver = await ready({ capabilities: { etagIsMd5: true } });
    server.trouble.add({ method: 'PUT', trouble: { kind: 'corrupt' } });
    const blob = { body: stream(), bytes: large.length, signal, bodyMd5 };
    expect((await fault(driver.put(bucket, key, blob))).code).toBe('BackendCorrupt');
    expect(server.buckets.get(bucket)?.objects.size).toBe(0);
    const md5 = createHash('md5').update(small).digest();
    expect((await fault(driver.put(bucket, key, { ...put, md5 }))).code).toBe('BackendCorrupt');
  });

  it('is no proof when it says nothing, or something else where that may be', async () => {
    const driver = await ready();
    server.trouble.add({ method: 'PUT', trouble: { kind: 'lie' } });
    const receipt = await driver.put(bucket, key, { body: stream(), bytes: large.length, signal, bodyMd5 });
    expect(receipt).toEqual({ verified: 'none' });
  });

  it('counts for what it is', async () => {
    const etag = createHash('md5').update(large).digest('hex');
    const blob = (): Parameters<BackendDriver['put']>[2] => ({ body: stream(), bytes: large.length, signal, bodyMd5 });
    expect(await (await ready()).put(bucket, key, blob())).toEqual({ verified: 'etag', etag });
    const signed = await ready({ capabilities: { chunkSignature: true } });
    expect(await signed.put(bucket, key, blob())).toEqual({ verified: 'checksum', etag });
    const md5 = createHash('md5').update(small).digest();
    expect((await signed.put(bucket, key, { ...put, md5 })).verified).toBe('checksum');
  });

  it('is not believed when it answers another part than was asked for', async () => {
    const driver = await ready();
    await driver.put(bucket, key, { body: large, bytes: large.length, signal });
    const range = { start: 100, end: 199 };
    for (const contentRange of ['bytes 0-99/3000000', 'bytes 100-200/3000000', 'bytes */3000000', 'nonsense']) {
      server.trouble.add({ times: 1, trouble: { kind: 'headers', headers: { 'content-range': contentRange } } });
      expect((await fault(driver.get(bucket, key, { signal, range }))).code).toBe('BackendRefused');
    }
    server.trouble.add({ times: 1, trouble: { kind: 'answer', status: 200 } });
    expect((await fault(driver.get(bucket, key, { signal, range }))).code).toBe('BackendRefused');
  });
});

describe('a Fault of the driver', () => {
  it('says nothing foreign and no secret; the log finds the rest in its cause', async () => {
    const driver = connect({ credentials: { ...us, secretAccessKey: 'not the right one' } });
    const error = await fault(driver.ensureBucket(bucket, { signal }));
    expect(error.code).toBe('BackendRefused');
    expect(error.message).toBe('The storage location refused the request.');
    expect(error.cause).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    expect(JSON.stringify([error, error.cause])).not.toContain('not the right one');
    expect((await driver.ping({ signal })).ok).toBe(false);
  });

  it.each([
    [507, '', 'BackendFull'],
    [403, 'QuotaExceeded', 'BackendFull'],
    [400, 'RequestTimeout', 'BackendTimeout'],
    [504, '', 'BackendTimeout'],
    [400, 'BadDigest', 'BackendCorrupt'],
    [301, 'PermanentRedirect', 'BackendRefused'],
    [404, 'NoSuchBucket', 'BlobMissing'],
    [429, '', 'BackendUnreachable'],
    [418, '<script>', 'BackendRefused'],
  ])('maps %i %s to %s', async (status, code, expected) => {
    const driver = await ready();
    server.trouble.add({ method: 'PUT', trouble: { kind: 'answer', status, code } });
    expect((await fault(driver.put(bucket, key, put))).code).toBe(expected);
  });
});

describe('buckets and versions', () => {
  it('takes a bucket of somebody else for taken, also one that it may look into', async () => {
    await connect({ credentials: them }).ensureBucket(bucket, { signal });
    expect((await fault(connect().ensureBucket(bucket, { signal }))).code).toBe('BucketNameTaken');
    server.trouble.add({ method: 'HEAD', trouble: { kind: 'answer', status: 200 } });
    expect((await fault(connect().ensureBucket(bucket, { signal }))).code).toBe('BucketNameTaken');
  });

  it('takes a bucket for ours that keys without the right to make one can list', async () => {
    const driver = await ready();
    const denied: Trouble = { kind: 'answer', status: 403, code: 'AccessDenied' };
    server.trouble.add({ method: 'PUT', trouble: denied });
    await driver.ensureBucket(bucket, { signal });
    const other = physicalBucketName({ tenant: 't', region: 'r', bucket: 'b', backend: 's3', counter: 1 });
    expect((await fault(driver.ensureBucket(other, { signal }))).code).toBe('BackendRefused');
  });

  it('removes every version and marker of a key, and of no other', async () => {
    const driver = await ready();
    const fake = server.buckets.get(bucket);
    if (fake === undefined) throw new Error('The bucket is not there.');
    fake.versioning = 'enabled';
    for (const each of [key, key, `${key}0`, key]) await driver.put(bucket, each, put);
    await driver.delete(bucket, key, { signal });
    expect([...fake.objects.keys()]).toEqual([`${key}0`]);
    await driver.delete(bucket, key, { signal });
    expect([...fake.objects.keys()]).toEqual([`${key}0`]);
  });
});

describe('connections', () => {
  it('are bounded and used again', async () => {
    const driver = await ready({ limits: { connections: 3 } });
    await driver.put(bucket, key, put);
    let most = 0;
    await Promise.all(
      Array.from({ length: 30 }, async () => {
        const opened = await driver.get(bucket, key, { signal });
        most = Math.max(most, server.openSockets);
        await opened.body.toArray();
      }),
    );
    expect(most).toBeLessThanOrEqual(3);
  });

  it('go only where the guard lets them, literal addresses included', async () => {
    const asked: string[] = [];
    const refuse: S3Target['lookup'] = (hostname, _, callback) => {
      asked.push(hostname);
      callback(new Fault('EndpointRefused', 'A forbidden address.'), '');
    };
    const port = new URL(server.endpoint).port;
    for (const endpoint of [server.endpoint, `http://localhost:${port}`]) {
      const error = await fault(connect({ endpoint, lookup: refuse }).head(bucket, key, { signal }));
      expect(error.code).toBe('BackendUnreachable');
      expect(isFault(error.cause, 'EndpointRefused')).toBe(true);
    }
    expect(new Set(asked)).toEqual(new Set(['127.0.0.1', 'localhost']));
    expect(server.requests).toEqual([]);
  });

  const toLoopback: S3Target['lookup'] = (_, options, callback) => {
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
  };

  it('follow a redirect to a subdomain of the endpoint, and remember it for the bucket', async () => {
    const port = new URL(server.endpoint).port;
    const driver = await ready({ endpoint: `http://s3.test:${port}`, lookup: toLoopback });
    const headers = { location: `http://eu.s3.test:${port}/${bucket}/${key}` };
    server.trouble.add({ times: 1, trouble: { kind: 'answer', status: 307, code: 'TemporaryRedirect', headers } });
    await driver.put(bucket, key, put);
    await driver.head(bucket, key, { signal });
    expect(count('PUT')).toBe(3);
    expect(count('HEAD')).toBe(1);
  });

  it('never follow one to anybody else', async () => {
    const port = new URL(server.endpoint).port;
    const driver = await ready({ endpoint: `http://s3.test:${port}`, lookup: toLoopback });
    for (const location of [
      'http://evil.test/',
      `http://127.0.0.1:${port}/`,
      'https://s3.test/',
      'http://s3.test:1/',
    ]) {
      server.trouble.add({ times: 1, trouble: { kind: 'answer', status: 307, headers: { location } } });
      const before = server.requests.length;
      expect((await fault(driver.put(bucket, key, put))).code).toBe('BackendRefused');
      expect(server.requests).toHaveLength(before + 1);
    }
  });
});
