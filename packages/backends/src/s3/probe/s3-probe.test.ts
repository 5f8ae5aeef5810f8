import { isFault } from '@sealgate/core/faults';
import { physicalBucketName } from '@sealgate/core/names';
import type { BackendProbe, ProbeAnswer } from '@sealgate/core/ports';
import { createFakeS3, type FakeS3, type FakeS3Options } from '@sealgate/testkit/fake-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createS3Driver } from '../s3-driver.ts';
import type { S3Target } from '../target.ts';
import { createS3Probe } from './s3-probe.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000 });

const user = { accessKeyId: 'AKIDFAKE', secretAccessKey: 'secret', owner: 'us' };
const signal = new AbortController().signal;
const names = { tenant: 't', region: 'r', bucket: 'b', backend: 'probe' };
const bucket = physicalBucketName({ ...names, counter: 0 });
const lockBucket = physicalBucketName({ ...names, counter: 1 });

const questions = [
  'conditionalWrite',
  'etagIsMd5',
  'checksumHeader',
  'checksumTrailer',
  'chunkSignature',
  'listAfter',
  'multipart',
  'unequalParts',
  'smallParts',
  'versioning',
  'objectLock',
] as const satisfies readonly (keyof BackendProbe)[];

let server: FakeS3 | undefined;
afterEach(async () => {
  await server?.close();
});

async function start(options: Partial<FakeS3Options> = {}): Promise<{ fake: FakeS3; probe: BackendProbe }> {
  const fake = await createFakeS3({ users: [user], region: 'eu-test-1', ...options });
  server = fake;
  const target: S3Target = {
    endpoint: fake.endpoint,
    region: 'eu-test-1',
    credentials: user,
    addressing: 'path',
    limits: { tries: 1 },
  };
  const driver = createS3Driver(target);
  await driver.ensureBucket(bucket, { signal });
  await driver.close();
  return { fake, probe: createS3Probe(target) };
}

const ask = (probe: BackendProbe, question: (typeof questions)[number]): Promise<ProbeAnswer> =>
  probe[question]({ bucket: question === 'objectLock' ? lockBucket : bucket, key: `probe/${question}`, signal });

describe('S3 probe', () => {
  it.each(questions)('finds %s where it is, and cleans up after it', async (question) => {
    const { fake, probe } = await start();
    expect(await ask(probe, question)).toEqual({ verdict: 'yes' });
    for (const each of [bucket, lockBucket]) await probe.cleanUp(each, { signal });
    expect([...fake.buckets.keys()]).toEqual([]);
  });

  it.each([
    ['conditionalWrite', 'conditions'],
    ['checksumHeader', 'checksums'],
    ['checksumTrailer', 'checksums'],
    ['chunkSignature', 'chunk-signatures'],
    ['listAfter', 'start-after'],
    ['listAfter', 'list-v2'],
    ['multipart', 'multipart'],
    ['unequalParts', 'unequal-parts'],
    ['smallParts', 'small-parts'],
    ['versioning', 'versioning'],
    ['objectLock', 'object-lock'],
  ] as const)('finds that there is no %s where %s are missing or ignored', async (question, missing) => {
    const { probe } = await start({ missing: [missing] });
    expect((await ask(probe, question)).verdict).toBe('no');
  });

  it.each([
    ['yes', []],
    ['no', ['lock-without-digest']],
  ] as const)('finds with %s whether what is locked may come without a digest', async (verdict, missing) => {
    const { fake, probe } = await start({ missing });
    expect(await ask(probe, 'objectLock')).toEqual({ verdict: 'yes' });
    const answer = await probe.lockWithoutDigest({ bucket: lockBucket, key: 'probe/digest', signal });
    expect(answer.verdict).toBe(verdict);
    for (const each of [bucket, lockBucket]) await probe.cleanUp(each, { signal });
    expect([...fake.buckets.keys()]).toEqual([]);
  });

  it('leaves it open where a legal hold is not taken at all', async () => {
    const { probe } = await start();
    const answer = await probe.lockWithoutDigest({ bucket, key: 'probe/digest', signal });
    expect(answer.verdict).toBe('unknown');
  });

  it('finds the rule of equal parts by itself, not by the smallest size', async () => {
    const { probe } = await start({ missing: ['unequal-parts'] });
    expect(await ask(probe, 'multipart')).toEqual({ verdict: 'yes' });
    expect(await ask(probe, 'smallParts')).toEqual({ verdict: 'yes' });
  });

  it('finds an ETag that is no MD5', async () => {
    const { fake, probe } = await start();
    fake.trouble.add({ method: 'PUT', trouble: { kind: 'headers', headers: { etag: '"opaque"' } } });
    expect(await ask(probe, 'etagIsMd5')).toEqual({ verdict: 'no' });
  });

  it.each(questions)('leaves %s open when the server fails', async (question) => {
    const { fake, probe } = await start();
    fake.trouble.add({ trouble: { kind: 'answer', status: 500, code: 'InternalError' } });
    const answer = await ask(probe, question);
    expect(answer.verdict).toBe('unknown');
    expect(answer.note).toMatch(/failed with HTTP 500$/);
  });

  it.each(questions)('gives %s up when the server goes away', async (question) => {
    const { fake, probe } = await start();
    fake.trouble.add({ trouble: { kind: 'lose-answer' } });
    await expect(ask(probe, question)).rejects.toSatisfy((error) => isFault(error, 'BackendUnreachable'));
  });

  it('cleans up what a probe that broke off left: uploads, versions, locks', async () => {
    const { fake, probe } = await start();
    fake.trouble.add({ method: 'PUT', target: /partNumber=2/, trouble: { kind: 'lose-answer' } });
    await expect(ask(probe, 'multipart')).rejects.toThrow();
    fake.trouble.clear();
    await ask(probe, 'versioning');
    fake.trouble.add({ method: 'DELETE', target: /versionId/, times: 1, trouble: { kind: 'lose-answer' } });
    await expect(ask(probe, 'objectLock')).rejects.toThrow();
    expect(fake.buckets.get(bucket)?.uploads.size).toBe(1);
    expect([...(fake.buckets.get(lockBucket)?.objects.values() ?? [])][0]?.[0]?.legalHold).toBe(true);
    for (const each of [bucket, lockBucket, lockBucket]) await probe.cleanUp(each, { signal });
    expect([...fake.buckets.keys()]).toEqual([]);
  });
});
