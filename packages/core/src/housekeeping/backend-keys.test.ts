import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newBlobId } from '../names/index.ts';
import { readBackendKey } from './backend-keys.ts';

describe('a key of a backend', () => {
  it('is a blob when the engine could have made it, with the blob and shard that it was made from', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 47 }), fc.integer({ min: 0, max: 31 }), (ms, shard) => {
        const blobId = newBlobId(ms);
        expect(readBackendKey(`b/${blobId}.${shard}`)).toEqual({ kind: 'blob', blobId, shard });
      }),
    );
  });

  it('belongs to another part by its prefix', () => {
    expect(readBackendKey('r/anything')).toEqual({ kind: 'other', owner: 'recovery' });
    expect(readBackendKey('m/2026/x')).toEqual({ kind: 'other', owner: 'metadata-backup' });
    expect(readBackendKey('a/2026/x')).toEqual({ kind: 'other', owner: 'audit-archive' });
  });

  it.each([
    '',
    'notes.txt',
    'b/',
    'b/notes.txt',
    'b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
    'b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.',
    'b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.00',
    'b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.32',
    'b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0.bak',
    'b/0190A1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0',
    'b/0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b.0',
    'B/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0',
    'toString',
  ])('is foreign when no part of ours would make it: %j', (key) => {
    expect(readBackendKey(key)).toEqual({ kind: 'foreign' });
  });
});
