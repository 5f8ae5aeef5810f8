import { hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Bucket, RequestBatch, RequestRecording } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import { describe, expect, it } from 'vitest';
import type { S3Context } from '../s3/context.ts';
import type { FinishedRequest } from '../s3/observer.ts';
import { REQUESTS_BATCH, REQUESTS_WAITING_MAX } from './limits.ts';
import { createRequestRecords } from './request-records.ts';

function setUp(byDefault: RequestRecording = 'batched') {
  const clock = createVirtualClock();
  const batches: RequestBatch[] = [];
  const state = { down: false, lost: 0 };
  const records = createRequestRecords({
    store: {
      addRequests(batch) {
        if (state.down) return Promise.reject(new Fault('DatabaseUnavailable', 'down'));
        batches.push(batch);
        return Promise.resolve();
      },
    },
    clock,
    logger: { warn: () => undefined },
    events: { recorded: () => undefined, lost: (count) => void (state.lost += count) },
    byDefault,
    flushMs: 1000,
  });
  return { clock, batches, state, records };
}

const request = { socket: {}, headers: {} } as unknown as FinishedRequest['request'];
const operation = { name: 'GetObject', level: 'object', bucket: 'b', key: 'k', query: new Map<string, string>() };

function finished(requestId: string): FinishedRequest {
  const facts = { request, requestId, operation, response: { statusCode: 200 }, endedAtMs: 1000 };
  return { ...facts, caller: undefined, bucket: undefined, fault: undefined, parts: [] } as unknown as FinishedRequest;
}

const context = { request, requestId: 'R', operation, caller: { kind: 'anonymous' } } as unknown as S3Context;

const about = (bucket?: Bucket, source?: Bucket) => ({ bucket, source });

describe('records of requests', () => {
  it('are written together, with the digest of their lines', async () => {
    const { clock, batches, records } = setUp();
    for (const id of ['1', '2', '3']) records.observe(finished(id));
    expect(batches).toEqual([]);
    await clock.advance(1000);
    expect(batches).toHaveLength(1);
    const [batch] = batches;
    expect(batch?.detail).toMatchObject({ count: 3, sha256: hash('sha256', batch?.lines ?? '', 'hex') });
    expect(
      batch?.lines.split('\n').map((line) => line !== '' && (JSON.parse(line) as { requestId: string }).requestId),
    ).toEqual(['1', '2', '3', false]);
  });

  it('wait for the database up to a bound, and what did not fit is counted in the log', async () => {
    const { clock, batches, state, records } = setUp();
    state.down = true;
    for (let i = 0; i < REQUESTS_WAITING_MAX + 7; i += 1) records.observe(finished(String(i)));
    await clock.advance(5000);
    expect(state.lost).toBe(7);
    state.down = false;
    await clock.run(records.close());
    const counts = batches.map(({ detail }) => Number(detail['count']));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(REQUESTS_WAITING_MAX);
    expect(Math.max(...counts)).toBe(REQUESTS_BATCH);
    expect(batches.map(({ detail }) => detail['gap']).filter((gap) => gap !== undefined)).toEqual([7]);
  });

  it('come before the answer where that is asked for, or there is none', async () => {
    const { batches, state, records } = setUp('synchronous');
    await records.admit(context, about());
    expect(
      batches.flatMap(({ lines }) => lines.split('\n').slice(0, -1)).map((line) => JSON.parse(line) as object),
    ).toMatchObject([{ admitted: true, requestId: 'R', bucket: 'b', key: 'k' }]);
    state.down = true;
    await expect(records.admit(context, about())).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
    const batched = setUp();
    batched.state.down = true;
    await batched.records.admit(context, about());
  });

  it('are what the bucket and its tenant want, whatever the gateway does by default', async () => {
    const bucket = (facts: Partial<Bucket>) => ({ tenantId: 'owner', ...facts }) as Bucket;
    const strict = bucket({ requestRecords: 'synchronous' });
    const quiet = bucket({ ownerRequestRecords: 'off' });
    const { clock, batches, state, records } = setUp();
    await records.admit(context, about(strict));
    // In the log of the bucket's owner, whoever asks.
    expect(batches).toMatchObject([{ tenantId: 'owner' }]);
    state.down = true;
    await expect(records.admit(context, about(strict))).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
    await records.admit(context, about(quiet));
    state.down = false;
    records.observe({ ...finished('quiet'), bucket: quiet });
    records.observe({ ...finished('told'), bucket: strict });
    await clock.run(records.close());
    const lines = batches.slice(1).flatMap((batch) => batch.lines.split('\n').slice(0, -1));
    expect(lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId)).toEqual(['told']);
    const off = setUp('off');
    off.records.observe({ ...finished('1'), bucket: bucket({ requestRecords: 'batched' }) });
    await off.records.close();
    expect(off.batches).toHaveLength(1);
  });

  it('of a copy are also those of who owns what it reads', async () => {
    const bucket = (facts: Partial<Bucket>) => facts as Bucket;
    const target = bucket({ tenantId: 'copier' as Bucket['tenantId'], ownerRequestRecords: 'off' });
    const source = bucket({ tenantId: 'owner' as Bucket['tenantId'], requestRecords: 'synchronous' });
    const { batches, state, records } = setUp();
    await records.admit(context, about(target, source));
    records.observe({ ...finished('1'), bucket: target, source });
    await records.close();
    expect(batches.map(({ tenantId, detail }) => [tenantId, detail['count']])).toEqual([
      ['owner', 1],
      ['owner', 1],
    ]);
    state.down = true;
    await expect(records.admit(context, about(target, source))).rejects.toMatchObject({ code: 'DatabaseUnavailable' });
    // Both of one owner: one line, by the stricter word.
    const own = setUp('off');
    await own.records.admit(context, about(bucket({ ...target, tenantId: source.tenantId }), source));
    expect(own.batches.map(({ detail }) => detail['count'])).toEqual([1]);
  });

  it('are none when nobody wants them', async () => {
    const { batches, records } = setUp('off');
    records.observe(finished('1'));
    await records.close();
    expect(batches).toEqual([]);
  });
});
