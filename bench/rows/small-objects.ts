import { availableParallelism } from 'node:os';
import { type Comparison, compare, limitOf, type Orders, warmUpsOf } from '../support/compare.ts';
import { databaseStatements, hedgedReads } from '../support/metrics.ts';
import type { Finding, Row, Stage } from '../support/row.ts';
import { BUCKET, openScene, type Scene } from '../support/scene.ts';

const BYTES = 4096;
const KEYS = 1000;
const CONCURRENCY = 32;
/** Requests of one round: one to two seconds on the machine that this was written on. */
const GETS = 6000;
const PUTS = 2000;
const SECONDS_MAX = 20;

function pathsOf(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, index) => `/${BUCKET}/${prefix}/${String(index).padStart(6, '0')}`);
}

async function fill(scene: Scene, paths: readonly string[]): Promise<void> {
  const order = { method: 'PUT', bodyBytes: BYTES, concurrency: CONCURRENCY, count: paths.length } as const;
  const secondsMax = 120;
  await scene.load({ ...order, origin: scene.bareOrigin, paths, secondsMax });
  const signed = paths.map((path) => scene.signed('PUT', path));
  await scene.load({ ...order, origin: scene.gateway.credentials.s3Endpoint, paths: signed, secondsMax });
}

async function compareGets(scene: Scene, rounds: number): Promise<Comparison> {
  const paths = pathsOf(KEYS, 'get');
  await fill(scene, paths);
  const order = { method: 'GET', concurrency: CONCURRENCY, count: GETS, secondsMax: SECONDS_MAX } as const;
  const signed = paths.map((path) => scene.signed('GET', path));
  return await compare(
    scene,
    { baseline: () => ({ ...order, paths }), subject: () => ({ ...order, paths: signed }) },
    { rounds, warmUps: warmUpsOf(GETS) },
  );
}

export const getSmall: Row = {
  id: 1,
  async run(stage) {
    const scene = await stage.scene();
    const hedgedBefore = await hedgedReads(scene.gateway);
    const result = await compareGets(scene, stage.options.rounds);
    const hedged =
      ((await hedgedReads(scene.gateway)) - hedgedBefore) / (GETS * (stage.options.rounds + warmUpsOf(GETS)));
    const one: Finding = {
      row: '1',
      work: 'GET 4 KiB, warm metadata, verified; one worker',
      measured: `${result.ratio.toFixed(2)} × bare proxy`,
      budget: '≥ 0.60',
      met: result.ratio >= 0.6,
      absolute: `${result.text}; ${(100 * hedged).toFixed(1)} % of the reads hedged`,
    };
    return [one, limitOf('1', 'a bare proxy that hashes what passes', result), await twoWorkers(stage, result)];
  },
};

/** Generator and upstream need a core each, so two workers on two free cores means a machine with four. */
const CORES_NEEDED = 4;

async function twoWorkers(stage: Stage, one: Comparison): Promise<Finding> {
  const work = 'the same with two workers on two free cores, against one';
  const cores = availableParallelism();
  if (cores < CORES_NEEDED) {
    const absolute = `this machine has ${cores} cores, and the generator and the upstream need two`;
    return { row: '1', work, measured: 'not measured', budget: '≥ 1.7', met: undefined, absolute };
  }
  const scene = await openScene({ workers: 2 });
  try {
    const two = await compareGets(scene, stage.options.rounds);
    const ratio = two.subject.perSecond / one.subject.perSecond;
    const met = ratio >= 1.7;
    return { row: '1', work, measured: ratio.toFixed(2), budget: '≥ 1.7', met, absolute: two.text };
  } finally {
    await scene.close();
  }
}

export const putSmall: Row = {
  id: 2,
  async run(stage) {
    const scene = await stage.scene();
    const order = {
      method: 'PUT',
      bodyBytes: BYTES,
      concurrency: CONCURRENCY,
      count: PUTS,
      secondsMax: SECONDS_MAX,
    } as const;
    const before = await databaseStatements(scene.gateway);
    const plain = (round: number): string[] => pathsOf(PUTS, `put-${round}`);
    const orders: Orders = {
      baseline: (round) => ({ ...order, paths: plain(round) }),
      subject: (round) => ({ ...order, paths: plain(round).map((path) => scene.signed('PUT', path)) }),
    };
    const { rounds } = stage.options;
    const warmUps = warmUpsOf(PUTS);
    const result = await compare(scene, orders, { rounds, warmUps });
    const perPut = ((await databaseStatements(scene.gateway)) - before) / (PUTS * (rounds + warmUps));
    return [
      {
        row: '2',
        work: 'PUT 4 KiB, 3 copies, metadata durable (fsync on)',
        measured: `${result.ratio.toFixed(2)} × bare tee`,
        budget: '≥ 0.40',
        met: result.ratio >= 0.4,
        absolute: result.text,
      },
      limitOf('2', 'a bare tee with SHA-256 and one durable transaction of two small rows', result),
      {
        row: '2',
        work: 'database round trips of such a PUT',
        measured: perPut.toFixed(3),
        budget: '≤ 1',
        met: perPut <= 1,
        absolute:
          'all statements that the gateway sent divided by the PUTs, background work included; commits share them',
      },
    ];
  },
};
