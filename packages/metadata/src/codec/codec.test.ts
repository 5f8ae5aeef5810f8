import { isFault } from '@sealgate/core/faults';
import { type BackendId, parseBackendId } from '@sealgate/core/names';
import { type Checksum, checksumAlgorithms, PLAIN_ATTRIBUTES, type ReplicaRecord } from '@sealgate/core/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PackedAttributes, packAttributes, unpackAttributes } from './attributes.ts';
import { packChecksum, packChecksumValue, unpackChecksum } from './checksum.ts';
import { packCondition, packEtag, unpackEtag } from './etag.ts';
import { blockShift, layoutColumns, layoutOf } from './layout.ts';
import { type BackendNumbers, owingStates, packPlaces, packReplicas, unpackReplicas } from './replicas.ts';

const HEX_DIGITS = Array.from('0123456789abcdef');
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...HEX_DIGITS), minLength: length, maxLength: length });
const etag = fc.oneof(
  hex(32),
  fc.tuple(hex(32), fc.integer({ min: 0, max: 100_000 })).map(([digest, parts]) => `${digest}-${parts}`),
  fc.tuple(hex(32), fc.constantFrom('-01', '-', '-1x', ' ')).map(([digest, end]) => digest + end),
  fc.string(),
);

describe('ETags', () => {
  it('come back as they were, and only equal ones have equal bytes', () => {
    fc.assert(
      fc.property(etag, etag, (a, b) => {
        expect(unpackEtag(packEtag(a))).toBe(a);
        expect(packEtag(a).equals(packEtag(b))).toBe(a === b);
        expect(packEtag(a).length).toBeGreaterThan(0);
      }),
    );
  });

  it('take half the room when they are digests', () => {
    expect(packEtag('d41d8cd98f00b204e9800998ecf8427e')).toHaveLength(17);
    expect(packEtag('d41d8cd98f00b204e9800998ecf8427e-10000')).toHaveLength(19);
  });

  it('leave the empty bytes to the condition *', () => {
    expect(packCondition('*')).toHaveLength(0);
    expect(packCondition(undefined)).toBeNull();
    expect(packCondition('**')?.length).toBeGreaterThan(0);
  });
});

const checksum: fc.Arbitrary<Checksum> = fc.record({
  algorithm: fc.constantFrom(...checksumAlgorithms),
  type: fc.constantFrom('FULL_OBJECT', 'COMPOSITE'),
  value: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64')),
});

describe('checksums', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(checksum, (value) => {
        expect(unpackChecksum(packChecksum(value))).toEqual(value);
      }),
    );
    expect(unpackChecksum(packChecksum(null))).toBeNull();
  });

  it('have frozen bytes, for they are stored', () => {
    const packed = packChecksum({ algorithm: 'CRC64NVME', value: 'AAECAwQFBgc=', type: 'COMPOSITE' });
    expect(packed?.toString('hex')).toBe('830001020304050607');
  });

  it.each(['A', 'AAA', '====', 'AA=A', 'not base64', 'AB=='])('refuse %j, which is no canonical base64', (text) => {
    expect(() => packChecksumValue(text)).toThrow(/base64/);
  });

  it('say InternalError for a damaged row', () => {
    expect(() => unpackChecksum(Buffer.of(0x7f, 1))).toThrow(/unknown algorithm/);
  });
});

const numbers: BackendNumbers = {
  numberOf: (id) => Promise.resolve(Number(id.slice(1))),
  idOf: (number) => Promise.resolve(parseBackendId(`b${number}`)),
};
const replica: fc.Arbitrary<ReplicaRecord> = fc.record({
  backend: fc.integer({ min: 1, max: 32_767 }).map((number): BackendId => parseBackendId(`b${number}`)),
  shard: fc.integer({ min: 0, max: 255 }),
  state: fc.constantFrom('stored', 'pending', 'missing'),
});

describe('replicas', () => {
  it('come back as they were, in four bytes each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(replica, { maxLength: 32 }), async (replicas) => {
        const packed = await packReplicas(replicas, numbers);
        expect(packed).toHaveLength(replicas.length * 4);
        expect(await unpackReplicas(packed, numbers)).toEqual(replicas);
        const places = await packPlaces(replicas, numbers);
        for (const [i] of replicas.entries()) {
          expect(places.subarray(i * 3, i * 3 + 3).equals(packed.subarray(i * 4, i * 4 + 3))).toBe(true);
        }
      }),
    );
  });

  it('have frozen bytes, which the stored functions read', async () => {
    const three = (['stored', 'pending', 'missing'] as const).map((state, shard) => ({
      backend: parseBackendId('b258'),
      shard,
      state,
    }));
    expect((await packReplicas(three, numbers)).toString('latin1')).toBe(
      '\u0001\u0002\u0000s\u0001\u0002\u0001p\u0001\u0002\u0002m',
    );
    expect(owingStates(three)).toBe('pm');
  });

  it('are bounded, and damaged rows are faults', async () => {
    const many = Array.from({ length: 33 }, (_, shard) => ({
      backend: parseBackendId('b1'),
      shard,
      state: 'stored' as const,
    }));
    await expect(packReplicas(many, numbers)).rejects.toMatchObject({ code: 'InternalError' });
    const damaged = await unpackReplicas(Buffer.from('\u0000\u0001\u0000x', 'latin1'), numbers).catch(
      (error: unknown) => error,
    );
    expect(isFault(damaged, 'InternalError')).toBe(true);
  });
});

describe('layouts', () => {
  it('come back as they were', () => {
    for (const layout of [{ kind: 'copies' }, { kind: 'erasure', k: 2, m: 4, stripeBytes: 262_144 }] as const) {
      const [stripeBytes, k, m] = layoutColumns(layout);
      expect(layoutOf({ stripe_bytes: stripeBytes, k, m })).toEqual(layout);
    }
  });

  it('know blocks by the exponent of their size', () => {
    expect(blockShift(65_536)).toBe(16);
    expect(blockShift(1)).toBe(0);
    expect(() => blockShift(65_535)).toThrow(/power of two/);
  });
});

describe('attributes', () => {
  const encryption = { kind: 'SSE-S3', keyVersion: 12, wrappedKey: 'AZv2+w==' } as const;
  it('say in a few bytes how a version is encrypted, and forget nothing', () => {
    for (const [kind, bytes] of [
      ['SSE-S3', '530c019bf6fb'],
      ['SSE-C', '430c019bf6fb'],
    ] as const) {
      const attributes = { ...PLAIN_ATTRIBUTES, encryption: { ...encryption, kind } };
      const packed = JSON.parse(packAttributes(attributes) ?? '') as PackedAttributes;
      expect(packed).toEqual({ sse: Buffer.from(bytes, 'hex').toString('base64') });
      expect(unpackAttributes(packed)).toEqual(attributes);
    }
    expect(packAttributes(PLAIN_ATTRIBUTES)).toBeNull();
  });

  it('do not pass an encrypted version for a plain one when its row is damaged', () => {
    for (const bytes of ['', '53', '530c', '440c01']) {
      const sse = Buffer.from(bytes, 'hex').toString('base64');
      expect(() => unpackAttributes({ sse })).toThrow(/unknown way/);
    }
  });
});
