import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDiscretion, NO_SETTINGS, type SourceObject } from '@sealgate/core/discovery';
import { Fault } from '@sealgate/core/faults';
import type { SourcePlace, StorageSource } from '@sealgate/core/ports';
import { createFakeS3, type FakeBucket, type FakeS3, type FakeS3Options } from '@sealgate/testkit/fake-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SourceLimits } from '../../limits.ts';
import { createS3Source } from './s3-source.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000 });

const user = { accessKeyId: 'AKIASOURCE00EXAMPLE0', secretAccessKey: 'the secret of a source', owner: 'owner-id' };
const region = 'eu-test-1';
const signal = new AbortController().signal;
const discretion = createDiscretion([user.accessKeyId, user.secretAccessKey]);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function fake(options: Partial<FakeS3Options> = {}): Promise<FakeS3> {
  const server = await createFakeS3({ users: [user], region, ...options });
  closers.push(() => server.close());
  return server;
}

function source(endpoint: string, options: Partial<Parameters<typeof createS3Source>[0]> = {}): StorageSource {
  const limits: Partial<SourceLimits> = { backoffMsMin: 1, backoffMsMax: 2, ...options.limits };
  const target = { endpoint, region, credentials: user, addressing: 'path' as const, ...options, limits };
  const opened = createS3Source(target, discretion);
  closers.push(() => opened.close());
  return opened;
}

/** A server that answers every request so. */
async function hostile(answer: RequestListener): Promise<{ readonly endpoint: string; readonly server: Server }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  hostile((_, response) => response.writeHead(status, headers).end(body));

function bucketOf(keys: readonly string[], changes: Partial<FakeBucket> = {}): FakeBucket {
  const data = Buffer.from('data');
  const version = {
    versionId: 'null',
    data,
    etag: '8d777f385d3dfec8815d20f7496026dc',
    modifiedAtMs: 5000,
    legalHold: false,
  };
  const objects = new Map(keys.map((key) => [key, [version]]));
  return { owner: user.owner, objectLock: false, versioning: 'off', objects, uploads: new Map(), ...changes };
}

const LIST = { prefix: '', from: undefined, limit: 1000, signal };

async function listAll(from: StorageSource, bucket: string, limit: number): Promise<readonly SourceObject[]> {
  const all: SourceObject[] = [];
  let place: SourcePlace | undefined;
  for (let page = 0; page < 100; page += 1) {
    const answer = await from.list(bucket, { ...LIST, from: place, limit });
    if (!answer.ok) throw new Error(answer.trouble);
    all.push(...answer.value.objects);
    if (answer.value.next === undefined) return all;
    place = answer.value.next;
  }
  throw new Error('The listing has no end.');
}

describe('what a source shows', () => {
  it('its buckets, and nothing of their owner', async () => {
    const server = await fake();
    server.buckets.set('one', bucketOf([]));
    server.buckets.set('two', bucketOf([]));
    server.buckets.set('foreign', bucketOf([], { owner: 'somebody' }));
    const answer = await source(server.endpoint).listBuckets({ signal });
    expect(answer).toEqual({ ok: true, value: ['one', 'two'].map((name) => ({ name, createdAtMs: 0 })) });
  });

  it.each([
    ['by tokens', []],
    ['of one that knows the first listing only', ['list-v2']],
  ] as const)('every object once, %s', async (_, missing) => {
    const server = await fake({ missing: [...missing] });
    const keys = ['a b', 'a+b', 'b/%41', 'c&d', 'ü', ...Array.from({ length: 20 }, (__, n) => `k${n}`)].sort();
    server.buckets.set('b_UCKET', bucketOf(keys));
    const found = await listAll(source(server.endpoint), 'b_UCKET', 4);
    expect(found.map(({ key }) => key).sort()).toEqual(keys);
    expect(found[0]).toEqual({
      ...{ key: found[0]?.key, bytes: 4, etag: '8d777f385d3dfec8815d20f7496026dc', modifiedAtMs: 5000 },
      storageClass: 'STANDARD',
    });
    const below = await source(server.endpoint).list('b_UCKET', { ...LIST, prefix: 'b/' });
    expect(below).toMatchObject({ ok: true, value: { objects: [{ key: 'b/%41' }], next: undefined } });
  });

  it('settings, each by itself', async () => {
    const server = await fake();
    const tags = { owner: 'Ada Lovelace', [user.secretAccessKey]: 'x' };
    server.buckets.set(
      'full',
      bucketOf([], { objectLock: true, defaultLock: true, versioning: 'enabled', encryption: 'aws:kms', tags }),
    );
    server.buckets.set('bare', bucketOf([]));
    const from = source(server.endpoint);
    const full = await from.settings('full', { signal });
    expect(full).toEqual({
      ...{ versioning: 'enabled', encryption: 'aws:kms', objectLock: 'enabled' },
      defaultRetention: { mode: 'GOVERNANCE', unit: 'days', count: 30 },
      // Names without values, and not the name that is a secret.
      ...{ tagging: 'tagged', tagNames: ['owner'] },
    });
    const none = { versioning: 'off', encryption: 'none', objectLock: 'off', defaultRetention: null };
    expect(await from.settings('bare', { signal })).toEqual({ ...none, tagging: 'none', tagNames: [] });
    server.trouble.add({ target: /encryption/, trouble: { kind: 'answer', status: 403, code: 'AccessDenied' } });
    server.trouble.add({ target: /object-lock/, trouble: { kind: 'answer', status: 501, code: 'NotImplemented' } });
    server.trouble.add({ target: /tagging/, trouble: { kind: 'answer', status: 500, code: 'InternalError' } });
    const some = { encryption: 'not-permitted', objectLock: 'not-supported', tagging: 'unknown', tagNames: [] };
    expect(await from.settings('bare', { signal })).toEqual({ ...none, ...some });
  });

  it('settings of a server that lists the bucket, whatever it is asked', async () => {
    const { endpoint } = await answering(200, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
    const all = 'not-supported';
    expect(await source(endpoint).settings('bare', { signal })).toEqual({
      ...{ versioning: all, encryption: all, objectLock: all, tagging: all, defaultRetention: null, tagNames: [] },
    });
  });
});

describe('troubles', () => {
  const troubleOf = async (endpoint: string, options?: Parameters<typeof source>[1]) => {
    const answer = await source(endpoint, options).list('bucket', LIST);
    return answer.ok ? 'none' : answer.trouble;
  };

  it.each([
    [403, 'AccessDenied', 'not-permitted'],
    [403, 'InvalidAccessKeyId', 'wrong-credentials'],
    [403, 'SignatureDoesNotMatch', 'wrong-credentials'],
    [400, 'ExpiredToken', 'wrong-credentials'],
    [401, '', 'wrong-credentials'],
    [404, 'NoSuchBucket', 'not-found'],
    [301, 'PermanentRedirect', 'elsewhere'],
    [400, 'AuthorizationHeaderMalformed', 'elsewhere'],
    [400, 'Whatever', 'invalid-answer'],
    [503, 'SlowDown', 'unreachable'],
  ] as const)('%i %s: %s', async (status, code, trouble) => {
    const { endpoint } = await answering(status, `<Error><Code>${code}</Code></Error>`);
    expect(await troubleOf(endpoint)).toBe(trouble);
  });

  it('wrong keys are found', async () => {
    const server = await fake();
    const credentials = { ...user, secretAccessKey: 'another' };
    expect(await source(server.endpoint, { credentials }).listBuckets({ signal })).toEqual({
      ok: false,
      trouble: 'wrong-credentials',
    });
  });

  it('no redirect is followed, not even one that the driver of a backend would follow', async () => {
    const asked: string[] = [];
    const { endpoint } = await hostile((request, response) => {
      asked.push(request.headers.host ?? '');
      const { port } = request.socket.address() as AddressInfo;
      response.writeHead(307, { location: `http://eu.s3.test:${port}/bucket` }).end();
    });
    const host = endpoint.replace('127.0.0.1', 's3.test');
    const here = [{ address: '127.0.0.1', family: 4 }];
    expect(await troubleOf(host, { lookup: (_, __, found) => found(null, here) })).toBe('elsewhere');
    expect(asked).toEqual([new URL(host).host]);
  });

  it('a guard that refuses the address is asked at the connection, and nothing is sent', async () => {
    const server = await fake();
    const asked: string[] = [];
    const opened = source(server.endpoint.replace('127.0.0.1', 'localhost'), {
      lookup(hostname, _, callback) {
        asked.push(hostname);
        callback(new Fault('EndpointRefused', 'It points to a private address now.'), '');
      },
    });
    expect(await opened.list('bucket', LIST)).toEqual({ ok: false, trouble: 'unreachable' });
    expect(asked[0]).toBe('localhost');
    expect(server.requests).toEqual([]);
  });

  it('bytes that drip end by the clock', async () => {
    const { endpoint } = await hostile((_, response) => {
      response.writeHead(200).write('<ListBucketResult>');
      const timer = setInterval(() => response.write(' '), 5);
      response.once('close', () => clearInterval(timer));
    });
    expect(await troubleOf(endpoint, { limits: { callMs: 200 } })).toBe('timeout');
  });

  it.each([
    ['a page of a web site', '<html><body>Welcome</body></html>'],
    ['nothing', ''],
    ['another document', '<ListAllMyBucketsResult/>'],
    ['what is not XML', '\0\x01\x02'],
    [
      'entities that grow',
      '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ListBucketResult>&b;</ListBucketResult>',
    ],
    ['a way on to nowhere', '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>'],
    [
      'a size that is no number',
      '<ListBucketResult><Contents><Key>k</Key><Size>many</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>',
    ],
    ['elements inside each other', `<ListBucketResult>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</ListBucketResult>`],
  ])('%s is no listing', async (_, body) => {
    expect(await troubleOf((await answering(200, body)).endpoint)).toBe('invalid-answer');
  });

  it('an answer that does not end is cut off at its bound', async () => {
    let written = 0;
    const { endpoint } = await hostile((_, response) => {
      const chunk = '<a></a>'.repeat(10_000);
      const more = (): void => {
        if (response.destroyed) return;
        written += chunk.length;
        if (response.write(chunk)) setImmediate(more);
        else response.once('drain', more);
      };
      response.writeHead(200).write('<ListBucketResult>');
      more();
    });
    expect(await troubleOf(endpoint)).toBe('invalid-answer');
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it('answers that are too long all together are the last ones', async () => {
    let asked = 0;
    const { endpoint } = await hostile((_, response) => {
      asked += 1;
      response.end(`<ListBucketResult><IsTruncated>false</IsTruncated><X>${'x'.repeat(50_000)}</X></ListBucketResult>`);
    });
    const opened = source(endpoint, { limits: { allAnswersBytesMax: 120_000 } });
    const answers = [];
    for (let call = 0; call < 5; call += 1) answers.push((await opened.list('bucket', LIST)).ok);
    expect([answers, asked]).toEqual([[true, true, false, false, false], 3]);
  });

  it('names that would change the request are not asked for', async () => {
    const server = await fake();
    for (const name of ['a/../b', 'a?x', '..', 'a b', 'a#', 'a@b', 'ä', '', 'x'.repeat(256)]) {
      expect(await source(server.endpoint).list(name, LIST)).toEqual({ ok: false, trouble: 'invalid-answer' });
      expect(await source(server.endpoint).settings(name, { signal })).toEqual(NO_SETTINGS);
    }
    // What is a path here would be another host there.
    const virtual = source(server.endpoint, { addressing: 'virtual' });
    expect(await virtual.list('Under_score', LIST)).toEqual({ ok: false, trouble: 'invalid-answer' });
    expect(server.requests).toEqual([]);
  });

  it('the caller ends it', async () => {
    const { endpoint } = await hostile(() => undefined);
    const going = new AbortController();
    const opened = source(endpoint);
    const work = [
      opened.list('bucket', { ...LIST, signal: going.signal }),
      opened.settings('bucket', { signal: going.signal }),
    ];
    const reason = new Error('gone');
    going.abort(reason);
    for (const each of work) await expect(each).rejects.toBe(reason);
  });
});
