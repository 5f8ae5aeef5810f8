import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, parseEndpoint, redirectBase } from './target.ts';

const https = new URL('https://s3.test');

describe('address of a request', () => {
  it.each([
    ['path', 'https://s3.test', 'https://s3.test', '/bucket/b/%20x'],
    ['virtual', 'https://s3.test:444', 'https://bucket.s3.test:444', '/b/%20x'],
    // A literal address has no subdomains.
    ['virtual', 'http://127.0.0.1:9', 'http://127.0.0.1:9', '/bucket/b/%20x'],
    ['virtual', 'http://[::1]:9', 'http://[::1]:9', '/bucket/b/%20x'],
  ] as const)('%s on %s', (addressing, endpoint, origin, rawPath) => {
    const address = addressOf(new URL(endpoint), addressing, { bucket: 'bucket', key: 'b/ x' });
    expect(address).toEqual({ origin, host: new URL(origin).host, rawPath, rawQuery: '' });
  });

  it('names the service, a bucket and its sub-resources', () => {
    expect(addressOf(https, 'path', {})).toMatchObject({ rawPath: '/' });
    expect(addressOf(https, 'virtual', { bucket: 'bucket' })).toMatchObject({ rawPath: '/', host: 'bucket.s3.test' });
    const query = [
      ['versions', null],
      ['prefix', 'a&b=c/ü'],
    ] as const;
    expect(addressOf(https, 'path', { bucket: 'bucket', query }).rawQuery).toBe('versions=&prefix=a%26b%3Dc%2F%C3%BC');
  });

  it('keeps every key in its bucket, whatever is in it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{1,40}$/), (key) => {
        const { rawPath } = addressOf(https, 'path', { bucket: 'bucket', key });
        expect(rawPath.startsWith('/bucket/')).toBe(true);
        expect(rawPath).toMatch(/^[A-Za-z0-9\-._~/%]*$/);
        expect(decodeURIComponent(rawPath.slice('/bucket/'.length))).toBe(key);
      }),
    );
  });

  it.each(['', 'nonsense', 'ftp://s3.test', 'https://s3.test/path', 'https://s3.test?x=1', 'https://u:p@s3.test'])(
    'refuses the endpoint %j',
    (endpoint) => {
      expect(() => parseEndpoint(endpoint)).toThrow(expect.toSatisfy((error) => isFault(error, 'EndpointRefused')));
    },
  );
});

describe('redirect', () => {
  const aws = new URL('https://s3.amazonaws.com');
  it.each([
    [https, 'https://s3.test/bucket/x', 'https://s3.test/'],
    [https, 'https://eu.s3.test/bucket/x', 'https://eu.s3.test/'],
    [https, 'https://bucket.eu.s3.test/x', 'https://eu.s3.test/'],
    [https, '/bucket/x', 'https://s3.test/'],
    [aws, 'https://bucket.s3.eu-west-1.amazonaws.com/x', 'https://s3.eu-west-1.amazonaws.com/'],
  ])('from %s to %s is followed', (from, location, base) => {
    expect(redirectBase(from, location, 'bucket')?.href).toBe(base);
  });

  it.each([
    [https, 'http://s3.test/'],
    [https, 'https://s3.test:8443/'],
    [https, 'https://evil.test/'],
    [https, 'https://evils3.test/'],
    [https, 'https://s3.test.evil.test/'],
    [https, 'https://bucket.evil.test/'],
    [https, 'https://169.254.169.254/'],
    [https, 'https://user@s3.test/'],
    [https, 'https://'],
    [aws, 'https://amazonaws.com.evil.test/'],
    [new URL('http://10.0.0.1'), 'http://10.0.0.2/'],
  ])('from %s to %s is not', (from, location) => {
    expect(redirectBase(from, location, 'bucket')).toBeUndefined();
  });

  it('never leaves the family, whatever the server says', () => {
    const piece = fc.constantFrom(
      'https:',
      'http:',
      '//',
      '/',
      '\\',
      '@',
      ':',
      '443',
      '.',
      's3',
      'test',
      'evil',
      'bucket',
      '%2e',
      '?',
      '#',
      'ü',
    );
    const anyLocation = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(anyLocation, (location) => {
        const base = redirectBase(https, location, 'bucket');
        if (base !== undefined) expect(base.host === 's3.test' || base.host.endsWith('.s3.test')).toBe(true);
      }),
    );
  });
});
