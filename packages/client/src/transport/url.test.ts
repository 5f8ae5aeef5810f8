import { parseBucketName, parseObjectKey } from '@sealgate/core/names/objects';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEndpoint, requestUrl } from './url.ts';

const bucket = parseBucketName('vault');
const endpoint = parseEndpoint('http://127.0.0.1:9000');

describe('requestUrl', () => {
  it('addresses the service, a bucket and an object path-style', () => {
    expect(requestUrl(endpoint, {}).href).toBe('http://127.0.0.1:9000/');
    expect(requestUrl(endpoint, { bucket }).href).toBe('http://127.0.0.1:9000/vault');
    const url = requestUrl(endpoint, { bucket, key: parseObjectKey('a/b c') }, { uploads: '', 'x y': '&=' });
    expect(url.href).toBe('http://127.0.0.1:9000/vault/a/b%20c?uploads=&x%20y=%26%3D');
  });

  it('keeps the path of an endpoint that has one', () => {
    expect(requestUrl(parseEndpoint('https://x.example/s3/'), { bucket }).href).toBe('https://x.example/s3/vault');
  });

  it('sends every key so that it arrives, or refuses it', () => {
    const unit = fc.oneof(fc.constantFrom('/', '.', '%', '+', '?', '#', '\\', ' ', 'é', '😀', '\n'), fc.string());
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 60 }), (text) => {
        fc.pre(text.isWellFormed() && !text.includes('\0') && text !== '');
        const key = parseObjectKey(text);
        const resolved = text.split('/').some((segment) => segment === '.' || segment === '..');
        if (resolved) expect(() => requestUrl(endpoint, { bucket, key })).toThrow(/between slashes/);
        else expect(decodeURIComponent(requestUrl(endpoint, { bucket, key }).pathname)).toBe(`/vault/${text}`);
      }),
    );
  });
});

describe('parseEndpoint', () => {
  it.each(['', 'x', 'ftp://x', 'http://u:p@x', 'http://x?q', 'http://x#f'])('refuses %j', (text) => {
    expect(() => parseEndpoint(text)).toThrow();
  });
});
