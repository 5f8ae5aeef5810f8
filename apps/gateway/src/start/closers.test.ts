import { listenFault } from '@sealgate/runtime/net';
import { settle } from '@sealgate/runtime/testing';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createClosers } from './closers.ts';
import { endpointOf } from './endpoints.ts';

const silent = pino({ level: 'silent' });

it('closes newest first, goes on after a failure, and closes once', async () => {
  const closers = createClosers(silent);
  const order: string[] = [];
  closers.add('first', () => Promise.resolve(void order.push('first')));
  closers.add('second', () => Promise.reject(new Error('stuck')));
  closers.add('third', () => Promise.resolve(void order.push('third')));
  const { signal } = new AbortController();
  await closers.close(1000, signal);
  await closers.close(1000, signal);
  expect(order).toEqual(['third', 'first']);
});

it('waits no longer for a close under way once it is forced, but still closes the rest', async () => {
  const closers = createClosers(silent);
  const graces: number[] = [];
  closers.add('database', (graceMs) => Promise.resolve(void graces.push(graceMs)));
  closers.add('listener', () => new Promise(() => undefined));
  const forced = new AbortController();
  const closed = closers.close(60_000, forced.signal);
  await settle();
  expect(graces).toEqual([]);
  forced.abort();
  await closed;
  expect(graces).toEqual([0]);
});

it('begins with the older of two that close side by side, waits for neither, and goes on after both', async () => {
  const closers = createClosers(silent);
  const order: string[] = [];
  const loops = Promise.withResolvers<undefined>();
  closers.add('database', () => Promise.resolve(void order.push('database')));
  closers.add('listener', () => Promise.resolve(void order.push('listener')));
  closers.add(
    'loops',
    async () => {
      order.push('loops');
      await loops.promise;
    },
    { beside: true },
  );
  const closed = closers.close(60_000, new AbortController().signal);
  // At once: a listener refuses before anybody could send one request more.
  expect(order).toEqual(['listener', 'loops']);
  await settle();
  expect(order).toEqual(['listener', 'loops']);
  loops.resolve(undefined);
  await closed;
  expect(order).toEqual(['listener', 'loops', 'database']);
});

it.each([
  ['127.0.0.1', undefined, 'http://127.0.0.1:9'],
  ['0.0.0.0', undefined, 'http://127.0.0.1:9'],
  ['::', undefined, 'http://127.0.0.1:9'],
  ['::1', undefined, 'http://[::1]:9'],
  ['gw.example', 'cert.pem', 'https://gw.example:9'],
])('a listener on %s is reached at the right address', (host, tlsCert, url) => {
  expect(endpointOf({ host, tlsCert }, 9)).toBe(url);
});

it('says what to do about a port that cannot be had, and passes on what it does not know', () => {
  const address = { host: '127.0.0.1', port: 80 };
  const taken = listenFault(Object.assign(new Error('x'), { code: 'EADDRINUSE' }), 'SEALGATE_S3_PORT', address);
  expect(String(taken)).toMatch(/127\.0\.0\.1:80 is taken.*SEALGATE_S3_PORT/);
  const strange = new Error('strange');
  expect(listenFault(strange, 'SEALGATE_S3_PORT', address)).toBe(strange);
});
