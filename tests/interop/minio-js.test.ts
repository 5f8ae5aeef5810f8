import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { type ClientRound, newRound } from './environment.ts';

describe('minio-js', () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  let client: Client;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 'miniojs');
    const { accessKeyId, secretAccessKey, region, s3Endpoint } = gateway.credentials;
    const { hostname, port } = new URL(s3Endpoint);
    client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      region,
      partSize: 5 * 1024 * 1024,
    });
  });
  afterAll(async () => {
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });
  const read = async (key: string): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for await (const piece of await client.getObject(round.bucket, key)) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  };
  const list = async (prefix: string): Promise<string[]> => {
    const names: string[] = [];
    for await (const item of client.listObjectsV2(round.bucket, prefix, true)) {
      names.push((item as { readonly name: string }).name);
    }
    return names.sort();
  };

  test('objects: files, streams of unknown length, ranges, copies, listings, removals', async () => {
    const { bucket, files, dir } = round;
    const large = readFileSync(files.large);
    await client.fPutObject(bucket, 'a/file.bin', files.large, {
      'Content-Type': 'application/x-test',
      'X-Amz-Meta-One': '1',
    });
    await client.putObject(bucket, 'a/stream.bin', createReadStream(files.large));
    expect((await read('a/file.bin')).equals(large)).toBe(true);
    expect((await read('a/stream.bin')).equals(large)).toBe(true);
    const { size, metaData } = await client.statObject(bucket, 'a/file.bin');
    expect(size).toBe(large.length);
    expect(metaData).toMatchObject({ 'content-type': 'application/x-test', one: '1' });

    const pieces: Buffer[] = [];
    for await (const piece of await client.getPartialObject(bucket, 'a/file.bin', 1000, 70_000))
      pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces).equals(large.subarray(1000, 71_000))).toBe(true);
    await client.fGetObject(bucket, 'a/file.bin', join(dir, 'got.bin'));
    expect(readFileSync(join(dir, 'got.bin')).equals(large)).toBe(true);

    await client.copyObject(bucket, 'a/ü copy.bin', `/${bucket}/a/file.bin`);
    expect(await list('a/')).toEqual(['a/file.bin', 'a/stream.bin', 'a/ü copy.bin']);
    await client.removeObjects(bucket, await list('a/'));
    expect(await list('a/')).toEqual([]);
    await expect(client.statObject(bucket, 'a/file.bin')).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('presigned get and put, and a form', async () => {
    const { bucket } = round;
    const put = await client.presignedPutObject(bucket, 'signed', 60);
    expect((await fetch(put, { method: 'PUT', body: 'by url' })).status).toBe(200);
    const get = await client.presignedGetObject(bucket, 'signed', 60);
    expect(await (await fetch(get)).text()).toBe('by url');

    const policy = client.newPostPolicy();
    policy.setBucket(bucket);
    policy.setKey('form');
    policy.setExpires(new Date(Date.now() + 60_000));
    policy.setContentLengthRange(1, 1024);
    const { postURL, formData } = await client.presignedPostPolicy(policy);
    const form = new FormData();
    for (const [name, value] of Object.entries(formData)) form.set(name, String(value));
    form.set('file', new Blob(['by form']));
    const answer = await fetch(postURL, { method: 'POST', body: form });
    expect({ status: answer.status, body: await answer.text() }).toMatchObject({ status: 204 });
    expect((await read('form')).toString()).toBe('by form');
  });

  test('versions, tags and lifecycle of a bucket', async () => {
    const bucket = 'miniojs-settings';
    await createBucket(gateway, bucket, { encryption: 'off' });
    expect((await client.listBuckets()).map(({ name }) => name)).toContain(bucket);
    await client.setBucketVersioning(bucket, { Status: 'Enabled' });
    expect(await client.getBucketVersioning(bucket)).toMatchObject({ Status: 'Enabled' });
    await client.setBucketTagging(bucket, { team: 'red' });
    expect(await client.getBucketTagging(bucket)).toEqual([{ Key: 'team', Value: 'red' }]);
    await client.putObject(bucket, 'key', 'one');
    await client.setObjectTagging(bucket, 'key', { colour: 'blue' });
    expect(await client.getObjectTagging(bucket, 'key')).toEqual([{ Key: 'colour', Value: 'blue' }]);
    const rule = { ID: 'old', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: '30' } };
    await client.setBucketLifecycle(bucket, { Rule: [rule] } as never);
    expect(await client.getBucketLifecycle(bucket)).toMatchObject({ Rule: { ID: 'old' } });
    await client.removeBucketLifecycle(bucket);
    await client.setBucketVersioning(bucket, { Status: 'Suspended' });
    for await (const item of client.listObjects(bucket, '', true, { IncludeVersion: true })) {
      const { name, versionId } = item as { readonly name: string; readonly versionId: string };
      await client.removeObject(bucket, name, { versionId });
    }
    await client.removeBucket(bucket);
    expect(await client.bucketExists(bucket)).toBe(false);
  });
});
