import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Fault } from '@sealgate/core/faults';
import type { BackendDriver, CallOptions, Clock, PutBlob, PutReceipt } from '@sealgate/core/ports';
import type { Prng } from '../prng.ts';
import { calmPlan, drawTrouble, type FaultPlan, type Operation, type Trouble } from './plan.ts';
import { pause, tamperedBody, timeout, unreachable } from './tampered-body.ts';

export interface FaultyBackendOptions {
  readonly prng: Prng;
  readonly clock: Clock;
  readonly plan?: FaultPlan;
}

/** One call that met trouble, for the report of a run that went wrong. */
export interface Incident {
  readonly atMs: number;
  readonly operation: Operation;
  /** `bucket` or `bucket/key`. */
  readonly subject: string;
  readonly trouble: Trouble | 'down' | 'full';
}

export interface FaultyBackend extends BackendDriver {
  /** From now on. */
  usePlan(plan: FaultPlan): void;
  /** Down: every call fails with BackendUnreachable, bodies under way break off at their next chunk. */
  setDown(down: boolean): void;
  /** Full: every put fails with BackendFull. */
  setFull(full: boolean): void;
  /** The provider is lost and comes back empty: all blobs and buckets are gone. */
  vanish(): void;
  /** Subjects of blobs that this backend said it keeps and does not, or keeps spoilt. */
  readonly deceptions: ReadonlySet<string>;
  readonly incidents: readonly Incident[];
}

/**
 * A backend that goes wrong by plan. Each call draws from its own generator, so with the same seed, clock and order of
 * calls the same troubles strike the same calls, whatever other calls draw.
 *
 * @param makeInner makes the driver that keeps the blobs; called again when the provider is lost
 */
export function createFaultyBackend(makeInner: () => BackendDriver, options: FaultyBackendOptions): FaultyBackend {
  const { prng, clock } = options;
  const deceptions = new Set<string>();
  const incidents: Incident[] = [];
  let inner = makeInner();
  let plan = options.plan ?? calmPlan;
  let [down, full, calls] = [false, false, 0];
  const isDown = (): boolean => down;

  const note = (operation: Operation, subject: string, trouble: Incident['trouble']): void => {
    incidents.push({ atMs: clock.monotonic(), operation, subject, trouble });
  };

  /** Everything that may happen before the call reaches the backend; gives what is to happen after. */
  const enter = async (operation: Operation, subject: string, signal: AbortSignal) => {
    signal.throwIfAborted();
    calls += 1;
    const own = prng.fork(`${calls}`);
    const [least, most] = plan.delayMs;
    const trouble = drawTrouble(plan, operation, own);
    if (most > 0) await pause(clock, least + own.next() * (most - least), signal);
    if (down) {
      note(operation, subject, 'down');
      throw unreachable();
    }
    if (trouble !== undefined) note(operation, subject, trouble);
    if (trouble === 'fail') throw unreachable();
    if (trouble === 'stall') {
      await pause(clock, plan.stallMs, signal);
      throw timeout();
    }
    return { trouble, own };
  };

  const simple = async <T>(operation: Operation, subject: string, options: CallOptions, run: () => Promise<T>) => {
    const { trouble } = await enter(operation, subject, options.signal);
    const result = await run();
    if (trouble === 'lose-answer') throw unreachable();
    return result;
  };

  const put = async (bucket: Parameters<BackendDriver['put']>[0], key: string, blob: PutBlob): Promise<PutReceipt> => {
    const subject = `${bucket}/${key}`;
    const { trouble, own } = await enter('put', subject, blob.signal);
    if (full) {
      note('put', subject, 'full');
      throw new Fault('BackendFull', 'The storage location is full.');
    }
    // The engine may hold the source of a body at hand; only a body that is touched is worth a stream.
    const touched = trouble !== undefined || !(blob.body instanceof Uint8Array);
    const body = touched ? tamperedBody(blob.body, { ...blob, trouble, plan, prng: own, clock, isDown }) : blob.body;
    if (trouble === 'lie' || trouble === 'lie-unproven') {
      if (body instanceof Readable) await finished(body.resume());
      deceptions.add(subject);
      return { verified: trouble === 'lie' ? 'checksum' : 'none' };
    }
    const receipt = await inner.put(bucket, key, { ...blob, body });
    deceptions.delete(subject);
    if (trouble === 'corrupt' && blob.bytes > 0) deceptions.add(subject);
    if (trouble === 'lose-answer') throw unreachable();
    return receipt;
  };

  return {
    ensureBucket: (bucket, o) => simple('ensureBucket', bucket, o, () => inner.ensureBucket(bucket, o)),
    removeBucket: (bucket, o) => simple('removeBucket', bucket, o, () => inner.removeBucket(bucket, o)),
    async put(bucket, key, blob) {
      try {
        return await put(bucket, key, blob);
      } finally {
        if (!(blob.body instanceof Uint8Array)) blob.body.destroy();
      }
    },
    async get(bucket, key, o) {
      const { trouble, own } = await enter('get', `${bucket}/${key}`, o.signal);
      const opened = await inner.get(bucket, key, o);
      const tampering = { bytes: opened.bytes, trouble, plan, prng: own, clock, isDown, signal: o.signal };
      return { ...opened, body: tamperedBody(opened.body, tampering) };
    },
    head: (bucket, key, o) => simple('head', `${bucket}/${key}`, o, () => inner.head(bucket, key, o)),
    async delete(bucket, key, o) {
      await simple('delete', `${bucket}/${key}`, o, async () => {
        await inner.delete(bucket, key, o);
        deceptions.delete(`${bucket}/${key}`);
      });
    },
    list: (bucket, o) => simple('list', bucket, o, () => inner.list(bucket, o)),
    async ping(o) {
      const startedMs = clock.monotonic();
      try {
        await simple('ping', '', o, () => inner.ping(o));
        return { ok: true, latencyMs: clock.monotonic() - startedMs };
      } catch (error) {
        if (o.signal.aborted) throw error;
        return { ok: false, latencyMs: clock.monotonic() - startedMs };
      }
    },
    close: () => inner.close(),
    usePlan: (next) => {
      plan = next;
    },
    setDown: (next) => {
      down = next;
    },
    setFull: (next) => {
      full = next;
    },
    vanish: () => {
      inner = makeInner();
      deceptions.clear();
    },
    deceptions,
    incidents,
  };
}
