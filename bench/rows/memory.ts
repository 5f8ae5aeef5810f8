import { setTimeout as pause } from 'node:timers/promises';
import { residentBytes } from '../support/cpu.ts';
import { type Row, say } from '../support/row.ts';
import { BUCKET, openScene, type Scene } from '../support/scene.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const CONCURRENCY = 64;
const SAMPLE_MS = 100;
const SECONDS_MAX = 500;
const BUDGET_BYTES = 300 * MIB;

/** Resident memory of a process while `work` goes on. */
async function watched(pid: number, work: Promise<unknown>): Promise<readonly number[]> {
  const samples: number[] = [];
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) {
      samples.push(residentBytes(pid));
      await pause(SAMPLE_MS, undefined, { signal: done.signal }).catch(() => undefined);
    }
  })();
  await work.finally(() => done.abort());
  await watching;
  return samples;
}

async function transfer(scene: Scene, method: 'GET' | 'PUT', bytes: number): Promise<readonly number[]> {
  const paths = Array.from({ length: CONCURRENCY }, (_, index) => scene.signed(method, `/${BUCKET}/memory/${index}`));
  const order = { origin: scene.gateway.credentials.s3Endpoint, method, paths, secondsMax: SECONDS_MAX };
  const body = method === 'PUT' ? { bodyBytes: bytes } : {};
  const work = scene.load({ ...order, ...body, concurrency: CONCURRENCY, count: CONCURRENCY });
  return await watched(scene.gateway.pid, work);
}

function peak(samples: readonly number[]): number {
  return Math.max(...samples);
}

/** Peak of the second half over that of the first: 1 when memory does not follow the bytes that went through. */
function growth(samples: readonly number[]): number {
  const middle = Math.ceil(samples.length / 2);
  return peak(samples.slice(middle)) / peak(samples.slice(0, middle));
}

export const memory: Row = {
  id: 11,
  async run({ options }) {
    // A gateway of its own: what other rows left in its caches is not what is measured here.
    const scene = await openScene();
    try {
      const bytes = Math.max(MIB, Math.round(options.scale * GIB));
      const idle = residentBytes(scene.gateway.pid);
      say(`    ${CONCURRENCY} PUTs and GETs of ${bytes / MIB} MiB`);
      const puts = await transfer(scene, 'PUT', bytes);
      const gets = await transfer(scene, 'GET', bytes);
      const most = Math.max(peak(puts), peak(gets));
      const text = (value: number): string => `${(value / MIB).toFixed(0)} MiB`;
      const flat = Math.max(growth(puts), growth(gets));
      return [
        {
          row: '11',
          work: `resident memory: 64 concurrent PUTs, then GETs, of ${text(bytes)}, 3 copies`,
          measured: `${text(most)}, second half ${flat.toFixed(2)} × the first`,
          budget: '≤ 300 MiB a worker, flat',
          met: most <= BUDGET_BYTES && flat <= 1.2,
          absolute: `idle ${text(idle)}, PUTs ${text(peak(puts))}, GETs ${text(peak(gets))}; control listener and background work included`,
        },
      ];
    } finally {
      await scene.close();
    }
  },
};
