import { createSecretKey, hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { Fault } from '@sealgate/core/faults';
import { unwrapDataKey, wrapDataKey } from '@sealgate/core/keys';
import { parseObjectKey } from '@sealgate/core/names';
import {
  type Bucket,
  type GatewayEncryption,
  type KeyWrapper,
  PLAIN_ATTRIBUTES,
  type UploadRecord,
} from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { unlockCompletion, unlockUpload, unlockVersion } from './reading.ts';
import { defaultEncryption, type EncryptionContext, type EncryptionSettings } from './settings.ts';
import { newEncryption, wantedEncryption } from './writing.ts';

const SSE = 'x-amz-server-side-encryption';
const master = createSecretKey(Buffer.alloc(32, 1));
const objectKeys: KeyWrapper = {
  wrap: (place, dataKey) => Promise.resolve({ wrappedKey: wrapDataKey(master, place, dataKey), keyVersion: 1 }),
  unwrap(place, { wrappedKey }) {
    const dataKey = unwrapDataKey(master, place, wrappedKey);
    return dataKey === undefined ? Promise.reject(new Fault('InternalError', 'no')) : Promise.resolve(dataKey);
  },
};
const key = parseObjectKey('a');
const bucketOf = (encryption: Bucket['encryption'], configs: Bucket['configs'] = {}) =>
  ({ id: 7, encryption, configs }) as unknown as Bucket;

function customer(fill: number, prefix = SSE): Record<string, string> {
  const bytes = Buffer.alloc(32, fill);
  return {
    [`${prefix}-customer-algorithm`]: 'AES256',
    [`${prefix}-customer-key`]: bytes.toString('base64'),
    [`${prefix}-customer-key-md5`]: hash('md5', bytes, 'base64'),
  };
}

interface Situation {
  readonly publicUrl?: string;
  readonly settings?: Partial<EncryptionSettings>;
  readonly socket?: object;
}

function contextOf(headers: Record<string, string>, situation: Situation = {}): EncryptionContext {
  return {
    headers,
    publicUrl: situation.publicUrl ?? 'http://gateway:9000',
    encryption: { objectKeys, byDefault: 'SSE-S3', customerKeysOverHttp: false, ...situation.settings },
    request: { socket: (situation.socket ?? { remoteAddress: '127.0.0.1' }) as unknown as Socket },
  };
}

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('what a new object gets', () => {
  it.each([
    ['off', {}, 'SSE-S3', 'SSE-S3'],
    ['report', {}, 'SSE-S3', 'SSE-S3'],
    ['off', {}, 'none', 'none'],
    ['off', { encryption: '{"algorithm":"AES256"}' }, 'none', 'SSE-S3'],
    ['required', {}, 'SSE-S3', 'none'],
    ['required', { encryption: '{"algorithm":"AES256"}' }, 'SSE-S3', 'none'],
  ] as const)('in a bucket with seals %s, %o, gateway %s: %s', (mode, configs, byDefault, expected) => {
    expect(defaultEncryption({ byDefault }, bucketOf(mode, configs))).toBe(expected);
    const wanted = wantedEncryption(contextOf({}, { settings: { byDefault } }), bucketOf(mode, configs));
    expect(wanted).toEqual({ kind: expected, byDefault: true });
  });

  it('what its request asks for, whatever the default is', async () => {
    const context = contextOf({ [SSE]: 'AES256' }, { settings: { byDefault: 'none' } });
    const made = await newEncryption(context, { bucket: { id: 7 }, key }, wantedEncryption(context, bucketOf('off')));
    expect(made.record).toMatchObject({ kind: 'SSE-S3', keyVersion: 1 });
    expect(made.headers).toEqual({ [SSE]: 'AES256' });
    const again = await newEncryption(context, { bucket: { id: 7 }, key }, wantedEncryption(context, bucketOf('off')));
    expect(again.key.dataKey?.equals(made.key.dataKey ?? master), 'each object has a key of its own').toBe(false);
  });

  it.each([
    ['a strict bucket', { [SSE]: 'AES256' }, bucketOf('required'), 'EncryptionRequired'],
    ['a key in a strict bucket', customer(1), bucketOf('required'), 'EncryptionRequired'],
    ['a key service', { [SSE]: 'aws:kms' }, bucketOf('off'), 'NotImplemented'],
    ['both layers', { [SSE]: 'aws:kms:dsse' }, bucketOf('off'), 'NotImplemented'],
    [
      'a key where the bucket blocks keys',
      customer(1),
      bucketOf('off', { encryption: '{"algorithm":"AES256","customerKeysBlocked":true}' }),
      'AccessDenied',
    ],
  ])('refused: %s', (_, headers, bucket, expected) => {
    expect(() => wantedEncryption(contextOf(headers), bucket)).toThrow(code(expected));
  });
});

describe('a key of the client', () => {
  it.each([
    ['over TLS', { socket: { encrypted: true, remoteAddress: '192.0.2.1' } }, true],
    ['behind what ends TLS', { publicUrl: 'https://s3.example.com', socket: { remoteAddress: '192.0.2.1' } }, true],
    ['from this machine', { socket: { remoteAddress: '::ffff:127.0.0.1' } }, true],
    [
      'where the operator allows it',
      { socket: { remoteAddress: '192.0.2.1' }, settings: { customerKeysOverHttp: true } },
      true,
    ],
    ['from elsewhere in the clear', { socket: { remoteAddress: '192.0.2.1' } }, false],
    ['from nowhere', { socket: {} }, false],
  ] as const)('%s', (_, situation, taken) => {
    const write = () => wantedEncryption(contextOf(customer(1), situation), bucketOf('off'));
    const read = () => unlockVersion(contextOf(customer(1), situation), version(null));
    if (taken) expect(write).not.toThrow();
    else expect(write).toThrow(code('InvalidRequest'));
    expect(read).toThrow(taken ? /not applicable/ : /secure connection/);
  });

  it('is kept nowhere', async () => {
    const context = contextOf(customer(0x41));
    const { record } = await newEncryption(
      context,
      { bucket: { id: 7 }, key },
      wantedEncryption(context, bucketOf('off')),
    );
    const bytes = Buffer.alloc(32, 0x41);
    for (const form of ['base64', 'hex', 'latin1'] as const)
      expect(JSON.stringify(record)).not.toContain(bytes.toString(form));
    expect(JSON.stringify(record)).not.toContain(hash('md5', bytes, 'base64'));
  });
});

function version(encryption: GatewayEncryption | null) {
  return { bucketId: 7, key, attributes: { ...PLAIN_ATTRIBUTES, encryption } };
}

async function written(headers: Record<string, string>) {
  const context = contextOf(headers);
  const made = await newEncryption(context, { bucket: { id: 7 }, key }, wantedEncryption(context, bucketOf('off')));
  return { ...made, version: version(made.record) };
}

describe('an encrypted object is read', () => {
  it('without a word where the gateway keeps its key', async () => {
    const made = await written({});
    const unlocked = unlockVersion(contextOf({}), made.version);
    expect((await unlocked.key()).dataKey?.equals(made.key.dataKey ?? master)).toBe(true);
    expect(unlocked.headers).toEqual({ [SSE]: 'AES256' });
    expect(() => unlockVersion(contextOf(customer(1)), made.version)).toThrow(/not applicable/);
    const elsewhere = unlockVersion(contextOf({}), { ...made.version, bucketId: 8 });
    await expect(elsewhere.key(), 'a row that was moved').rejects.toMatchObject({ code: 'InternalError' });
  });

  it('with the key that it was written with, and no other', async () => {
    const made = await written(customer(1));
    const unlocked = unlockVersion(contextOf(customer(1)), made.version);
    expect((await unlocked.key()).dataKey?.equals(made.key.dataKey ?? master)).toBe(true);
    expect(Object.keys(unlocked.headers)).toEqual([`${SSE}-customer-algorithm`, `${SSE}-customer-key-md5`]);
    expect(() => unlockVersion(contextOf({}), made.version)).toThrow(code('InvalidRequest'));
    expect(() => unlockVersion(contextOf(customer(2)), made.version)).toThrow(/did not match/);
    expect(() => unlockVersion(contextOf({ [SSE]: 'AES256' }), made.version)).toThrow(code('InvalidArgument'));
  });

  it('as the source of a copy with the key for that', async () => {
    const made = await written(customer(1));
    const source = customer(1, 'x-amz-copy-source-server-side-encryption');
    expect(() => unlockVersion(contextOf({ ...source, ...customer(2) }), made.version, 'copy-source')).not.toThrow();
    expect(() => unlockVersion(contextOf({ ...source, [SSE]: 'AES256' }), made.version, 'copy-source')).not.toThrow();
    expect(() => unlockVersion(contextOf(customer(1)), made.version, 'copy-source')).toThrow(code('InvalidRequest'));
  });

  it('as what it is when nobody encrypted it', async () => {
    const unlocked = unlockVersion(contextOf({}), version(null));
    expect([await unlocked.key(), unlocked.headers]).toEqual([{}, {}]);
  });
});

describe('parts of an upload', () => {
  const uploadOf = (encryption: GatewayEncryption | null, checksumAlgorithm: 'CRC32' | null = null) =>
    ({ ...version(encryption), checksumAlgorithm }) as unknown as UploadRecord;
  const summed = [{ checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' } }] as const;
  const plain = [{ checksum: null }];

  it('come with the key that the upload was created with', async () => {
    const { record } = await written(customer(1));
    expect(() => unlockUpload(contextOf(customer(1)), uploadOf(record))).not.toThrow();
    expect(() => unlockUpload(contextOf({}), uploadOf(record))).toThrow(/must include/);
    expect(() => unlockUpload(contextOf(customer(2)), uploadOf(record))).toThrow(/did not match/);
    expect(() => unlockUpload(contextOf(customer(1)), uploadOf(null))).toThrow(/did not request/);
  });

  it('are completed with it where checksums were asked for', async () => {
    const { record } = await written(customer(1));
    expect(() => unlockCompletion(contextOf({}), uploadOf(record), plain)).not.toThrow();
    expect(() => unlockCompletion(contextOf({}), uploadOf(record), summed)).toThrow(code('InvalidRequest'));
    expect(() => unlockCompletion(contextOf({}), uploadOf(record, 'CRC32'), plain)).toThrow(code('InvalidRequest'));
    expect(() => unlockCompletion(contextOf(customer(2)), uploadOf(record), plain)).toThrow(/did not match/);
    const kept = await written({});
    expect(() => unlockCompletion(contextOf({}), uploadOf(kept.record), summed)).not.toThrow();
  });
});
