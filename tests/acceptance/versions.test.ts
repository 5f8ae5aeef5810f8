// Versions and preconditions as an S3 client sees them.
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

let gateway: GatewayProcess;
let s3: S3Client;
let buckets = 0;
beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

type Status = 'Enabled' | 'Suspended';
const set = (Bucket: string, Status: Status) =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
async function bucket(status?: Status): Promise<string> {
  buckets += 1;
  const name = `bucket-${buckets}`;
  await createBucket(gateway, name, { encryption: 'off' });
  if (status !== undefined) await set(name, status);
  return name;
}

const put = (Bucket: string, Key: string, Body: string, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const remove = (Bucket: string, Key: string, more: object = {}) =>
  s3.send(new DeleteObjectCommand({ Bucket, Key, ...more }));
const copy = (Bucket: string, Key: string, CopySource: string, more: object = {}) =>
  s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
const text = async (Bucket: string, Key: string, VersionId?: string) => {
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }),
  );
  return (await Body?.transformToString()) ?? '';
};

/** Status and code of a refusal, e.g. `412 PreconditionFailed`. */
async function refusal(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'done';
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode ?? 0} ${name}`;
  }
}

/** Newest first: `v` or `m`arker, `0` for the null version, `*` for the latest. */
async function shape(Bucket: string, Prefix = ''): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  const sign = (
    kind: string,
    { VersionId, IsLatest }: { VersionId?: string | undefined; IsLatest?: boolean | undefined },
  ) => `${kind}${VersionId === 'null' ? '0' : ''}${IsLatest === true ? '*' : ''}`;
  return [...Versions.map((v) => sign('v', v)), ...DeleteMarkers.map((m) => sign('m', m))].sort();
}

describe('versions', () => {
  test('a version from before versioning, one with, one while suspended, and enabled again', async () => {
    const Bucket = await bucket();
    await put(Bucket, 'k', 'before');
    await set(Bucket, 'Enabled');
    const first = await put(Bucket, 'k', 'first');
    expect(await shape(Bucket)).toEqual(['v*', 'v0']);
    await set(Bucket, 'Suspended');
    expect((await put(Bucket, 'k', 'suspended')).VersionId).toBeUndefined();
    expect(await shape(Bucket)).toEqual(['v', 'v0*']);
    expect(await text(Bucket, 'k', 'null')).toBe('suspended');
    await set(Bucket, 'Enabled');
    await put(Bucket, 'k', 'second');
    expect(await shape(Bucket)).toEqual(['v', 'v*', 'v0']);
    await set(Bucket, 'Suspended');
    expect(await remove(Bucket, 'k')).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
    expect(await shape(Bucket)).toEqual(['m0*', 'v', 'v']);
    expect(await refusal(text(Bucket, 'k'))).toBe('404 NoSuchKey');
    expect(await remove(Bucket, 'k', { VersionId: 'null' })).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
    expect(await text(Bucket, 'k')).toBe('second');
    expect(await text(Bucket, 'k', first.VersionId)).toBe('first');
  });

  test('a delete marker: laid, met, named, removed', async () => {
    const Bucket = await bucket('Enabled');
    const { VersionId } = await put(Bucket, 'k', 'kept');
    const marker = await remove(Bucket, 'k');
    expect(marker.DeleteMarker).toBe(true);
    const met = (error: unknown) => (error as { $response?: { headers: Record<string, string> } }).$response?.headers;
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })).catch(met);
    expect(head).toMatchObject({ 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.VersionId });
    expect(await refusal(text(Bucket, 'k', marker.VersionId))).toBe('405 MethodNotAllowed');
    expect(await refusal(text(Bucket, 'k', 'no-version-id'))).toBe('400 InvalidArgument');
    expect(await text(Bucket, 'k', VersionId)).toBe('kept');
    expect(await remove(Bucket, 'k', { VersionId: marker.VersionId })).toMatchObject({
      DeleteMarker: true,
      VersionId: marker.VersionId,
    });
    expect(await text(Bucket, 'k')).toBe('kept');
    expect(await remove(Bucket, 'k', { VersionId })).toMatchObject({ VersionId });
    expect(await refusal(text(Bucket, 'k', VersionId))).toBe('404 NoSuchVersion');
  });

  test('a listing in pages, with a delimiter and names that XML cannot hold', async () => {
    const Bucket = await bucket('Enabled');
    const keys = ['a', 'b/1', 'b/2', 'c\u0001', 'ü/x', 'z'];
    for (const key of [...keys, ...keys]) await put(Bucket, key, key);
    await remove(Bucket, 'z');
    const lines: string[] = [];
    let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await s3.send(
        new ListObjectVersionsCommand({ Bucket, Delimiter: '/', EncodingType: 'url', MaxKeys: 2, ...marker }),
      );
      for (const v of page.Versions ?? []) lines.push(`v ${v.Key ?? ''}${v.IsLatest === true ? ' *' : ''}`);
      for (const m of page.DeleteMarkers ?? []) lines.push(`m ${m.Key ?? ''}${m.IsLatest === true ? ' *' : ''}`);
      for (const p of page.CommonPrefixes ?? []) lines.push(`p ${p.Prefix ?? ''}`);
      if (page.IsTruncated !== true) break;
      marker = { KeyMarker: decodeURIComponent(page.NextKeyMarker ?? ''), VersionIdMarker: page.NextVersionIdMarker };
    }
    const name = encodeURIComponent;
    const [control, folder] = [name('c\u0001'), `${name('ü')}/`];
    expect(lines.sort()).toEqual(
      ['v a *', 'v a', 'p b/', `v ${control} *`, `v ${control}`, `p ${folder}`, 'm z *', 'v z', 'v z'].sort(),
    );
  });

  test('a copy of one version, and of what cannot be copied', async () => {
    const Bucket = await bucket('Enabled');
    const old = await put(Bucket, 'k', 'old', { Metadata: { colour: 'red' }, WebsiteRedirectLocation: '/elsewhere' });
    await put(Bucket, 'k', 'new');
    const marker = await remove(Bucket, 'k');
    const from = `${Bucket}/k`;
    expect(await refusal(copy(Bucket, 'copy', from))).toBe('404 NoSuchKey');
    expect(await refusal(copy(Bucket, 'copy', `${from}?versionId=${marker.VersionId ?? ''}`))).toBe(
      '400 InvalidRequest',
    );
    const made = await copy(Bucket, 'copy', `${from}?versionId=${old.VersionId ?? ''}`);
    expect(made.CopySourceVersionId).toBe(old.VersionId);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }));
    expect(head).toMatchObject({ Metadata: { colour: 'red' }, ETag: old.ETag });
    // The redirect belongs to one object and is not copied.
    expect(head.WebsiteRedirectLocation).toBeUndefined();
    await copy(Bucket, 'k', `${from}?versionId=${old.VersionId ?? ''}`);
    expect(await text(Bucket, 'k')).toBe('old');
    expect(await shape(Bucket, 'k')).toEqual(['m', 'v', 'v', 'v*']);
    expect(await refusal(copy(Bucket, 'k', from))).toBe('400 InvalidRequest');
  });
});

describe('preconditions', () => {
  test('of a write', async () => {
    const Bucket = await bucket();
    expect(await refusal(put(Bucket, 'k', 'x', { IfMatch: '*' }))).toBe('404 NoSuchKey');
    const { ETag } = await put(Bucket, 'k', 'one', { IfNoneMatch: '*' });
    expect(await refusal(put(Bucket, 'k', 'two', { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
    expect(await refusal(put(Bucket, 'k', 'two', { IfMatch: '"0123"' }))).toBe('412 PreconditionFailed');
    expect(await refusal(put(Bucket, 'k', 'two', { IfNoneMatch: ETag }))).toBe('412 PreconditionFailed');
    expect(await refusal(put(Bucket, 'k', 'two', { IfMatch: `${ETag ?? ''}, "0123"` }))).toBe('501 NotImplemented');
    expect(await text(Bucket, 'k')).toBe('one');
    expect(await refusal(put(Bucket, 'k', 'two', { IfMatch: ETag }))).toBe('done');
    expect(await text(Bucket, 'k')).toBe('two');
  });

  test('of a copy, on both sides', async () => {
    const Bucket = await bucket();
    const { ETag } = await put(Bucket, 'from', 'content');
    const from = `${Bucket}/from`;
    expect(await refusal(copy(Bucket, 'to', from, { CopySourceIfMatch: '"0123"' }))).toBe('412 PreconditionFailed');
    expect(await refusal(copy(Bucket, 'to', from, { CopySourceIfNoneMatch: ETag }))).toBe('412 PreconditionFailed');
    expect(await refusal(copy(Bucket, 'to', from, { IfNoneMatch: '*', CopySourceIfMatch: ETag }))).toBe('done');
    expect(await refusal(copy(Bucket, 'to', from, { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
    expect(await refusal(copy(Bucket, 'to', from, { IfMatch: ETag }))).toBe('done');
  });

  test('of a deletion: ETag, size and time, one by one and in a list', async () => {
    const Bucket = await bucket();
    const { ETag } = await put(Bucket, 'k', 'seven b');
    const { LastModified } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    const longAgo = new Date(0);
    expect(await refusal(remove(Bucket, 'k', { IfMatch: '"0123"' }))).toBe('412 PreconditionFailed');
    expect(await refusal(remove(Bucket, 'k', { IfMatchSize: 8 }))).toBe('412 PreconditionFailed');
    expect(await refusal(remove(Bucket, 'k', { IfMatchLastModifiedTime: longAgo }))).toBe('412 PreconditionFailed');
    const list = (...Objects: object[]) =>
      s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: Objects as { Key: string }[] } }));
    const { Deleted, Errors } = await list(
      { Key: 'k', ETag: '"0123"' },
      { Key: 'k', Size: 8 },
      { Key: 'k', LastModifiedTime: longAgo },
      { Key: 'other', Size: 8 },
    );
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).toEqual(Array(3).fill(['k', 'PreconditionFailed']));
    // What is not there is deleted already, whatever size it should have had.
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['other']);
    expect(await refusal(remove(Bucket, 'other', { IfMatch: '*' }))).toBe('404 NoSuchKey');
    const match = { IfMatch: ETag, IfMatchSize: 7, IfMatchLastModifiedTime: LastModified };
    expect(await refusal(remove(Bucket, 'k', match))).toBe('done');
    expect(await refusal(text(Bucket, 'k'))).toBe('404 NoSuchKey');
  });
});

test('a list of deletions: each one by itself, its answer in the order of the request', async () => {
  const Bucket = await bucket('Enabled');
  const first = await put(Bucket, 'a', '1');
  await put(Bucket, 'b', '2');
  const Objects = [{ Key: 'b' }, { Key: 'a', VersionId: first.VersionId }, { Key: 'a', VersionId: 'nonsense' }];
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(Deleted).toEqual([
    { Key: 'b', DeleteMarker: true, DeleteMarkerVersionId: expect.any(String) as string },
    { Key: 'a', VersionId: first.VersionId },
  ]);
  expect(Errors).toMatchObject([{ Key: 'a', VersionId: 'nonsense', Code: 'InvalidArgument' }]);
  const quiet = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'b' }], Quiet: true } }));
  expect(quiet.Deleted).toBeUndefined();
});
