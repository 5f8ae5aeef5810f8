import { isFault } from '@sealgate/core/faults';
import { Gauge, Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import { type Observer, openObserver } from './observer.ts';

const registry = new Registry();
new Gauge({ name: 'a_gauge', help: 'of a test', registers: [registry] }).set(7);
const opened: Observer[] = [];
afterEach(async () => {
  for (const observer of opened.splice(0)) await observer.close();
});

async function open(trouble: () => Promise<string | undefined> = () => Promise.resolve(undefined), port = 0) {
  const observer = await openObserver({ host: '127.0.0.1', port, registry, trouble });
  opened.push(observer);
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${observer.port}${path}`, { method });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  return { observer, ask };
}

it('answers health and metrics', async () => {
  const { ask } = await open();
  expect(await ask('/healthz')).toEqual({ status: 200, type: 'application/json', text: '{"status":"alive"}' });
  expect(await ask('/readyz?x=1')).toMatchObject({ status: 200, text: '{"status":"ready"}' });
  const { status, type, text } = await ask('/metrics');
  expect({ status, type }).toEqual({ status: 200, type: registry.contentType });
  expect(text).toContain('a_gauge 7\n');
  expect(await ask('/metrics', 'HEAD')).toMatchObject({ status: 200, text: '' });
});

it('says why its process does not do its work, and is alive all the same', async () => {
  const { ask } = await open(() => Promise.resolve('repairs: BackendUnreachable'));
  const text = '{"status":"not ready","reason":"repairs: BackendUnreachable"}';
  expect(await ask('/readyz')).toMatchObject({ status: 503, text });
  expect(await ask('/healthz')).toMatchObject({ status: 200 });
});

it('shows nothing of an error that it meets', async () => {
  const { ask } = await open(() => Promise.reject(new Error('a secret')));
  expect(await ask('/readyz')).toMatchObject({ status: 500, text: '{"status":"failed"}' });
});

it('has nothing else and takes nothing', async () => {
  const { ask } = await open();
  expect(await ask('/')).toMatchObject({ status: 404 });
  expect(await ask('/metrics', 'POST')).toMatchObject({ status: 405 });
});

it('says which setting is wrong when it cannot listen', async () => {
  const { observer } = await open();
  const error = await open(undefined, observer.port).catch((reason: unknown) => reason);
  expect(isFault(error, 'StartFailed') && error.message).toMatch(
    /is taken by another program.*SEALGATE_AGENT_METRICS_PORT/,
  );
});
