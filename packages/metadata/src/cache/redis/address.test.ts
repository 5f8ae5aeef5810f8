import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from './address.ts';
import { slotOf, tagIn } from './slots.ts';

describe('REDIS_URL', () => {
  it.each([
    ['redis://localhost', { kind: 'single', hosts: [{ host: 'localhost', port: 6379 }], tls: false, database: 0 }],
    [
      'rediss://:s%40crt@cache:6380/2',
      { hosts: [{ host: 'cache', port: 6380 }], tls: true, password: 's@crt', database: 2 },
    ],
    ['redis://me:a:b@[::1]:80', { hosts: [{ host: '::1', port: 80 }], username: 'me', password: 'a:b' }],
    [
      'rediss+sentinel://u:p@a,b:1/main/4',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 1 },
        ],
        name: 'main',
        database: 4,
        tls: true,
      },
    ],
    [
      'redis+cluster://a:7000,b:7001',
      {
        kind: 'cluster',
        hosts: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
  ])('%s', (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
  });

  it.each([
    'http://a',
    'redis://',
    'redis://a,b',
    'redis://a/x',
    'redis://a/1/2',
    'redis+cluster://a/1',
    'redis+sentinel://a',
    'redis://:%zz@a',
    'redis://a:99999',
  ])('refuses %s', (url) => {
    expect(() => parseRedisUrl(url)).toThrow('REDIS_URL');
  });

  it('never says the password', () => {
    expect(() => parseRedisUrl('redis://:hidden@a/x/y/z')).toThrow(expect.not.stringContaining('hidden'));
  });
});

describe('slots', () => {
  it('are those of Redis Cluster', () => {
    // The check value of the specification, and keys whose slots redis-cli tells.
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('foo')).toBe(12_182);
    expect(slotOf(tagIn([[5461, 10_922]]))).toBeGreaterThan(5460);
  });
});
