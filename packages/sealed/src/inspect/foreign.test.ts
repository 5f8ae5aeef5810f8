import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { recogniseBody } from './foreign.ts';
import { checkInstructionFile } from './instruction-file.ts';
import type { ForeignFormat } from './verdict.ts';
import { foreignFormats } from './verdict.ts';

const all = Object.keys(foreignFormats) as ForeignFormat[];
const noise = Uint8Array.from({ length: 600 }, (_, i) => (i * 197 + 13) & 0xff);
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const esdk = (keys: string): Uint8Array =>
  concat(hex('02 0478'), noise.subarray(0, 32), hex(`0002 abcd ${keys}`), noise);
const jwe = (header: object): Uint8Array =>
  utf8(`${Buffer.from(JSON.stringify(header)).toString('base64url')}.abc.def.ghi.jkl`);

describe('recogniseBody', () => {
  it.each<[string, Uint8Array, ForeignFormat | undefined]>([
    ['age', utf8('age-encryption.org/v1\n-> X25519 abc\n'), 'age-v1'],
    ['armored age', utf8('-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+\n'), 'age-v1'],
    ['a text about age', utf8('age-encryption.org/v1 is a format'), undefined],
    ['age armor around something else', utf8('-----BEGIN AGE ENCRYPTED FILE-----\naGVsbG8=\n'), undefined],
    ['rclone', concat(utf8('RCLONE\0\0'), noise.subarray(0, 24)), 'rclone-v0'],
    ['rclone cut short', utf8('RCLONE\0\0abc'), undefined],
    ['ESDK 2 with a key', esdk('0001'), 'esdk-v2'],
    ['ESDK 2 without keys', esdk('0000'), undefined],
    ['ESDK 2 with another suite', concat(hex('02 0579'), noise), undefined],
    ['ESDK 1', concat(hex('01 80 0378'), noise), 'esdk-v1'],
    ['ESDK 1 with no known suite', concat(hex('01 80 9999'), noise), undefined],
    ['OpenPGP, new packets', concat(hex('c1 03 03 aa bb d2 ff'), noise), 'openpgp'],
    ['OpenPGP, old packets', concat(hex('85 0003 03 aa bb a4 00'), noise), undefined],
    ['OpenPGP, old session key and new data', concat(hex('85 0003 03 aa bb d2 40'), noise), 'openpgp'],
    ['OpenPGP with a passphrase', concat(hex('c3 04 04 09 03 08 d2 40'), noise), 'openpgp'],
    ['OpenPGP to two keys', concat(hex('c1 02 03 00 c1 02 03 00'), noise), 'openpgp'],
    ['one packet tag and then something else', concat(hex('c1 03 03 aa bb 41 41'), noise), undefined],
    ['a session key of unknown version', concat(hex('c1 03 09 aa bb d2 40'), noise), undefined],
    ['armored OpenPGP', utf8('-----BEGIN PGP MESSAGE-----\n\n'), 'openpgp'],
    ['a PGP public key', utf8('-----BEGIN PGP PUBLIC KEY BLOCK-----\n'), undefined],
    ['CMS enveloped', concat(hex('30 82 0100 06 09 2a864886f70d010703'), noise), 'cms'],
    ['CMS enveloped, indefinite length', concat(hex('30 80 06 09 2a864886f70d010703'), noise), 'cms'],
    ['CMS authenticated', concat(hex('30 83 010000 06 0b 2a864886f70d0109100117'), noise), 'cms'],
    ['CMS signed', concat(hex('30 82 0100 06 09 2a864886f70d010702'), noise), undefined],
    ['a compact JWE', jwe({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }), 'jwe'],
    ['a JWT', jwe({ alg: 'RS256' }), undefined],
    ['a JWE header that is no JSON', utf8('eyJhbGc.x'), undefined],
    ['openssl enc', concat(utf8('Salted__'), noise), 'openssl-salted'],
    ['Tink', concat(hex('28'), noise), 'tink-streaming'],
    ['a PDF', utf8(`%PDF-1.7\n${' '.repeat(100)}`), undefined],
    ['a PNG', concat(hex('89504e470d0a1a0a'), noise), undefined],
    ['nothing', new Uint8Array(0), undefined],
  ])('%s', (_what, head, format) => {
    expect(recogniseBody(head, all)).toBe(format);
  });

  it('sees only what is allowed', () => {
    expect(recogniseBody(utf8('age-encryption.org/v1\n-> X25519 abc\n'), ['cms', 'openpgp'])).toBeUndefined();
  });

  it('never throws', () => {
    const starts: Uint8Array[] = [
      ...['age-', 'RCLONE\0\0', 'eyJ', 'Salted__'].map(utf8),
      ...['02047800', 'c1', '85', '3080', '0180'].map(hex),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 100 }), (start, rest) => {
        recogniseBody(concat(start, rest), all);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('instruction files', () => {
  const file = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

  it('are accepted with exactly one wrapped key', () => {
    expect(checkInstructionFile(file({ 'x-amz-3': 'AAAA', 'x-amz-w': '22', 'x-amz-m': '{}' }))).toBe('AAAA');
    expect(
      checkInstructionFile(file({ 'x-amz-key-v2': 'BBBB', 'x-amz-iv': 'AA', 'x-amz-cek-alg': 'AES/GCM/NoPadding' })),
    ).toBe('BBBB');
  });

  it.each([
    ['content members of version 3', { 'x-amz-3': 'AA', 'x-amz-d': 'AA' }],
    ['other members', { 'x-amz-3': 'AA', secret: 'plain' }],
    ['values that are no strings', { 'x-amz-3': 'AA', 'x-amz-w': 22 }],
    ['two wrapped keys', { 'x-amz-3': 'AA', 'x-amz-key-v2': 'AA' }],
    ['no wrapped key', { 'x-amz-w': '22' }],
    ['a list', ['x-amz-3']],
    ['null', null],
  ])('are refused with %s', (_what, value) => {
    expect(() => checkInstructionFile(file(value))).toThrow(SealError);
  });

  it('are refused unless UTF-8 JSON', () => {
    expect(() => checkInstructionFile(utf8('hello'))).toThrow(SealError);
    expect(() => checkInstructionFile(Uint8Array.of(0xff))).toThrow(SealError);
  });
});
