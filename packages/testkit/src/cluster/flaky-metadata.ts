import { Fault } from '@sealgate/core/faults';
import type { Clock, Metadata } from '@sealgate/core/ports';
import type { Prng } from '../prng.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** What can go wrong with one call to the metadata, each with its chance. */
export interface MetadataPlan {
  /** Not done: DatabaseUnavailable. */
  readonly fail: number;
  /** Done, but the answer is lost: DatabaseUnavailable. */
  readonly loseAnswer: number;
  /** DatabaseUnavailable now, done later; only what the port allows to come late: commits and deletions. */
  readonly doneLater: number;
  /** Each call takes up to this long, half before and half after it takes effect. */
  readonly delayMsMax: number;
  readonly laterMsMax: number;
}

export const calmMetadataPlan: MetadataPlan = { fail: 0, loseAnswer: 0, doneLater: 0, delayMsMax: 0, laterMsMax: 0 };

const MAY_COME_LATE: ReadonlySet<string> = new Set(['commitVersion', 'commitUpload', 'commitPart', 'deleteObject']);

/** The metadata as one process sees it: slow, at times unreachable, and silent once the process has ended. */
export function createFlakyMetadata(
  inner: Metadata,
  options: {
    readonly clock: Clock;
    readonly prng: Prng;
    readonly life: SimulatedProcess;
    readonly plan: () => MetadataPlan;
  },
): Metadata {
  const { clock, prng, life, plan } = options;
  let calls = 0;
  const pause = (ms: number): Promise<void> =>
    ms <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.schedule(ms, resolve));

  const call = async (name: string, run: () => Promise<unknown>): Promise<unknown> => {
    const now = plan();
    calls += 1;
    const own = prng.fork(`${calls}`);
    const roll = own.next();
    await pause(own.int(now.delayMsMax + 1) / 2);
    if (roll < now.fail) throw unavailable();
    if (roll < now.fail + now.doneLater && MAY_COME_LATE.has(name)) {
      void pause(own.int(now.laterMsMax) + 1)
        .then(run)
        .catch(() => undefined);
      throw unavailable();
    }
    const result = await run();
    if (roll > 1 - now.loseAnswer) throw unavailable();
    await pause(own.int(now.delayMsMax + 1) / 2);
    return result;
  };

  return new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      return (...args: unknown[]) =>
        life.guard(() => call(name, () => Reflect.apply(member, target, args) as Promise<unknown>));
    },
  });
}

const unavailable = (): Fault => new Fault('DatabaseUnavailable', 'The database does not answer.');
