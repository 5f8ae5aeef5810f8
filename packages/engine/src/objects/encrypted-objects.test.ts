import { newDataKey } from '@sealgate/core/keys';
import { type ObjectKey, parseObjectKey } from '@sealgate/core/names';
import { type AuditActor, type GatewayEncryption, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { createSeededCluster, wantedBlob } from '@sealgate/testkit/cluster';
import { describe, expect, test } from 'vitest';
import { encryptedBytes } from '../encryption/layout.ts';
import { bodyOf } from '../encryption/testing.ts';
import { defaultEngineLimits } from '../limits.ts';

const actor: AuditActor = { kind: 'tenant', id: 'test', requestId: 'test' };
const key: ObjectKey = parseObjectKey('key');
const { signal } = new AbortController();
const encryption: GatewayEncryption = { kind: 'SSE-S3', wrappedKey: 'AQ==', keyVersion: 1 };
const attributes = { ...PLAIN_ATTRIBUTES, encryption };
const said = { headers: {}, tags: null, requestedClass: undefined, preconditions: {}, actor, signal };
const MARKER = 'FIND ME ';

async function scene(limits = defaultEngineLimits) {
  const cluster = await createSeededCluster({ seed: 1, limits, metadata: {} });
  const bucket = await cluster.createBucket('bucket', {});
  const { engine, metadata } = cluster.startGateway();
  const current = async () => {
    const version = await cluster.clock.run(metadata.currentVersion(bucket.id, key));
    if (version === undefined) throw new Error('There is no version.');
    return version;
  };
  const read = async (options: Parameters<typeof engine.readObject>[1]) => {
    const version = await current();
    const pieces: Buffer[] = [];
    for await (const chunk of engine.readObject(version, options)) pieces.push(chunk);
    return Buffer.concat(pieces);
  };
  return { cluster, bucket, engine, current, read: (o: Parameters<typeof read>[0]) => cluster.clock.run(read(o)) };
}

describe.each([
  ['held whole', defaultEngineLimits],
  ['streamed', { ...defaultEngineLimits, smallBodyBytes: 0 }],
])('an encrypted object, %s', (_, limits) => {
  test('has the size of its plaintext, and backends hold something else', async () => {
    const { cluster, bucket, engine, current, read } = await scene(limits);
    const dataKey = newDataKey();
    const content = Buffer.from(MARKER.repeat(20_000));
    const put = { ...said, bucket, key, body: bodyOf(content, [70_000, 5]), attributes, dataKey };
    const result = await cluster.clock.run(engine.putObject(put));
    expect(result.bytes).toBe(content.length);
    expect((await current()).bytes).toBe(content.length);
    expect(wantedBlob(cluster).bytes).toBe(encryptedBytes(content.length));
    expect((await read({ signal, dataKey })).equals(content)).toBe(true);
    const range = { start: 65_000, end: 66_000 };
    expect((await read({ signal, dataKey, range })).equals(content.subarray(65_000, 66_001))).toBe(true);
  });
});

test('neither writes nor reads happen when a key and what is said of it do not go together', async () => {
  const { cluster, bucket, engine, read } = await scene();
  const dataKey = newDataKey();
  const refused = { code: 'InternalError' };
  const body = () => bodyOf(Buffer.from(MARKER));
  const write = (more: object) =>
    cluster.clock.run(engine.putObject({ ...said, bucket, key, body: body(), attributes: PLAIN_ATTRIBUTES, ...more }));
  await expect(write({ dataKey })).rejects.toMatchObject(refused);
  await expect(write({ attributes })).rejects.toMatchObject(refused);
  await write({ attributes, dataKey });
  await expect(read({ signal }), 'stored bytes in the place of the object').rejects.toMatchObject(refused);
  await expect(read({ signal, dataKey: newDataKey() })).rejects.toMatchObject(refused);
  await write({});
  await expect(read({ signal, dataKey })).rejects.toMatchObject(refused);
});

test('parts of an upload, one sent twice, are read as one object', async () => {
  const { cluster, bucket, engine, read } = await scene({ ...defaultEngineLimits, partBytesMin: 1 });
  const dataKey = newDataKey();
  const upload = { headers: {}, tags: null, requestedClass: undefined, checksumAlgorithm: null, checksumType: null };
  const { uploadId } = await cluster.clock.run(
    engine.createUpload({ ...upload, bucket, key, envelope: null, attributes, actor }),
  );
  const record = await cluster.clock.run(cluster.metadata.upload(bucket.id, key, uploadId));
  if (record === undefined) throw new Error('There is no upload.');
  const contents = ['a'.repeat(70_000), 'gone', 'bb', 'c'.repeat(10)].map((text) => Buffer.from(text));
  const etags = new Map<number, string>();
  for (const [partNumber, content] of [1, 2, 2, 9].map((n, i) => [n, contents[i] ?? Buffer.alloc(0)] as const)) {
    const part = { bucket, upload: record, partNumber, body: bodyOf(content), dataKey, actor, signal };
    etags.set(partNumber, (await cluster.clock.run(engine.uploadPart(part))).etag);
  }
  const parts = [...etags].map(([partNumber, etag]) => ({ partNumber, etag }));
  const summarize = () => ({ checksum: null, verdict: null, envelope: null });
  await cluster.clock.run(
    engine.completeUpload({ bucket, upload: record, parts, summarize, preconditions: {}, actor }),
  );
  const whole = Buffer.concat(contents.filter((_, i) => i !== 1));
  expect((await read({ signal, dataKey })).equals(whole)).toBe(true);
  const range = { start: 69_999, end: 70_003 };
  expect((await read({ signal, dataKey, range })).toString()).toBe('abbcc');
});
