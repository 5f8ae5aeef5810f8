import { createBucket } from '../../tests/support/gateway.ts';
import type { LoadResult } from '../processes/load.ts';
import type { UpstreamOrder } from '../processes/upstream.ts';
import { type Helper, startHelper } from '../support/helper.ts';
import { type Row, say } from '../support/row.ts';
import { BUCKET, openGateway, registerUpstreams, signedPath } from '../support/scene.ts';
import { median, quantile } from '../support/stats.ts';

const BYTES = 64 * 1024;
const KEYS = 200;
const READS = 3000;
const CONCURRENCY = 4;
const SECONDS_MAX = 120;
const ROUNDS_MAX = 3;

/** Each upstream is a process of its own, so that one can be stopped in its tracks while the others go on. */
export const stalledReplica: Row = {
  id: 8,
  async run({ options }) {
    const undo: (() => Promise<void>)[] = [];
    try {
      const upstreams = Array.from({ length: 3 }, () => startHelper('upstream'));
      for (const helper of upstreams) undo.push(() => stopHelper(helper));
      const order: UpstreamOrder = { servers: 1, hashed: false };
      const ports = (await Promise.all(upstreams.map((helper) => helper.ask<readonly number[]>(order)))).flat();
      const generator = startHelper('load');
      undo.push(() => generator.stop());
      const gateway = await openGateway({}, undo);
      await registerUpstreams(gateway, ports);
      await createBucket(gateway, BUCKET, { encryption: 'off' });
      const paths = (method: 'GET' | 'PUT'): string[] =>
        Array.from({ length: KEYS }, (_, index) => signedPath(gateway, { method, path: `/${BUCKET}/stall/${index}` }));
      const load = (method: 'GET' | 'PUT', count: number): Promise<LoadResult> =>
        generator.ask<LoadResult>({
          origin: gateway.credentials.s3Endpoint,
          method,
          paths: paths(method),
          concurrency: CONCURRENCY,
          count,
          secondsMax: SECONDS_MAX,
          ...(method === 'PUT' ? { bodyBytes: BYTES } : {}),
        });
      await load('PUT', KEYS);
      await load('GET', READS);
      const [healthy, stalled]: [number[], number[]] = [[], []];
      for (let round = 0; round < Math.min(options.rounds, ROUNDS_MAX); round += 1) {
        healthy.push(quantile((await load('GET', READS)).millis, 0.99));
        const one = upstreams[round % upstreams.length] as Helper;
        process.kill(one.pid, 'SIGSTOP');
        stalled.push(quantile((await load('GET', READS)).millis, 0.99));
        process.kill(one.pid, 'SIGCONT');
        say(`    p99 ${healthy.at(-1)?.toFixed(1)} ms healthy, ${stalled.at(-1)?.toFixed(1)} ms stalled`);
        // It is back in use once it has answered for a while.
        await load('GET', READS);
      }
      const ratio = median(stalled.map((p99, round) => p99 / (healthy[round] ?? Number.NaN)));
      return [
        {
          row: '8',
          work: `p99 of GET 64 KiB with one replica stalled from the first of ${READS} reads on, ${CONCURRENCY} at a time`,
          measured: `${ratio.toFixed(2)} × p99 healthy`,
          budget: '≤ 2',
          met: ratio <= 2,
          absolute: `p99 ${median(stalled).toFixed(1)} and ${median(healthy).toFixed(1)} ms`,
        },
      ];
    } finally {
      for (const step of undo.reverse()) await step();
    }
  },
};

async function stopHelper(helper: Helper): Promise<void> {
  process.kill(helper.pid, 'SIGCONT');
  await helper.stop();
}
