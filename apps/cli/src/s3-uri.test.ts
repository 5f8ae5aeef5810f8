import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CliError } from './cli-error.ts';
import { formatUri, parseObjectUri, parsePrefixUri } from './s3-uri.ts';

/** Every UTF-16 unit, lone surrogates and controls among them. */
const anyUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code));

describe('parseObjectUri', () => {
  it.each([
    ['s3://vault/a', 'a'],
    ['s3://vault/a/b c?d#e', 'a/b c?d#e'],
    ['s3://vault//a', '/a'],
    ['s3://vault/a\nb', 'a\nb'],
  ])('reads %j', (text, key) => {
    expect(parseObjectUri(text)).toEqual({ bucket: 'vault', key });
    expect(formatUri('vault', key)).toBe(text);
  });

  it.each([
    '',
    'vault/a',
    's3://',
    's3:///a',
    's3://vault',
    's3://vault/',
    's3://NO/a',
    'https://vault/a',
    's3://vault/\0',
  ])('refuses %j as a usage error', (text) => {
    expect(() => parseObjectUri(text)).toThrow(CliError);
  });

  it('lets nothing but its own error out', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyUnit }), (text) => {
        for (const parse of [parseObjectUri, parsePrefixUri]) {
          try {
            parse(`s3://${text}`);
          } catch (error) {
            expect(error).toMatchObject({ name: 'CliError', exitCode: 2 });
          }
        }
      }),
    );
  });
});

it('reads a bucket with and without a prefix', () => {
  expect(parsePrefixUri('s3://vault')).toEqual({ bucket: 'vault', prefix: '' });
  expect(parsePrefixUri('s3://vault/a/')).toEqual({ bucket: 'vault', prefix: 'a/' });
});
