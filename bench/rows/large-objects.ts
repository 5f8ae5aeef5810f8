import { compare, limitOf } from '../support/compare.ts';
import type { Row } from '../support/row.ts';
import { BUCKET, type Scene } from '../support/scene.ts';
import { median, quantile } from '../support/stats.ts';

const MIB = 1024 * 1024;
const BYTES = 256 * MIB;
const SECONDS_MAX = 60;
/** Transfers of one round, one after the other. */
const TRANSFERS = 3;

function megabytes(perSecond: number): string {
  return `${((perSecond * BYTES) / 1e6).toFixed(0)} MB/s`;
}

/** The same object on both sides. */
async function store(scene: Scene, path: string, bytes: number): Promise<void> {
  const order = { method: 'PUT', bodyBytes: bytes, concurrency: 1, count: 1, secondsMax: SECONDS_MAX } as const;
  await scene.load({ ...order, origin: scene.bareOrigin, paths: [path] });
  const origin = scene.gateway.credentials.s3Endpoint;
  await scene.load({ ...order, origin, paths: [scene.signed('PUT', path)] });
}

export const getLarge: Row = {
  id: 3,
  async run({ options, scene: open }) {
    const scene = await open();
    const path = `/${BUCKET}/large/read`;
    await store(scene, path, BYTES);
    const order = { method: 'GET', concurrency: 1, count: TRANSFERS, secondsMax: SECONDS_MAX } as const;
    const signed = scene.signed('GET', path);
    const orders = { baseline: () => ({ ...order, paths: [path] }), subject: () => ({ ...order, paths: [signed] }) };
    const result = await compare(scene, orders, { rounds: options.rounds, warmUps: 1 });
    const { ratio, baseline, subject, text } = result;
    return [
      {
        row: '3',
        work: 'GET 256 MiB, verified',
        measured: `${ratio.toFixed(2)} × bare proxy`,
        budget: '≥ 0.85',
        met: ratio >= 0.85,
        absolute: `${megabytes(subject.perSecond)} and ${megabytes(baseline.perSecond)}: ${text}`,
      },
      limitOf('3', 'a bare proxy that hashes what passes', result),
    ];
  },
};

export const putLarge: Row = {
  id: 4,
  async run({ options, scene: open }) {
    const scene = await open();
    const order = {
      method: 'PUT',
      bodyBytes: BYTES,
      concurrency: 1,
      count: TRANSFERS,
      secondsMax: SECONDS_MAX,
    } as const;
    const paths = Array.from({ length: TRANSFERS }, (_, index) => `/${BUCKET}/large/write-${index}`);
    const signed = paths.map((path) => scene.signed('PUT', path));
    const orders = { baseline: () => ({ ...order, paths }), subject: () => ({ ...order, paths: signed }) };
    const result = await compare(scene, orders, { rounds: options.rounds, warmUps: 1 });
    const { ratio, baseline, subject, text } = result;
    return [
      {
        row: '4',
        work: 'PUT 256 MiB, 3 copies, digests computed',
        measured: `${ratio.toFixed(2)} × bare tee`,
        budget: '≥ 0.80',
        met: ratio >= 0.8,
        absolute: `${megabytes(subject.perSecond)} and ${megabytes(baseline.perSecond)}: ${text}`,
      },
      limitOf('4', 'a bare tee with SHA-256 and one durable transaction', result),
    ];
  },
};

const PIECE = 64 * 1024;
const WHOLE = 1024 * MIB;
const READS = 100;

/** Ranges that lie anywhere, so most of them touch two blocks. Always the same ones. */
function ranges(count: number): string[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const start = state % (WHOLE - PIECE);
    return `bytes=${start}-${start + PIECE - 1}`;
  });
}

export const getRange: Row = {
  id: 5,
  async run({ options, scene: open }) {
    const scene = await open();
    const [large, small] = [`/${BUCKET}/range/whole`, `/${BUCKET}/range/piece`];
    await store(scene, large, WHOLE);
    await store(scene, small, PIECE);
    const order = {
      origin: scene.gateway.credentials.s3Endpoint,
      method: 'GET',
      concurrency: 1,
      count: READS,
      secondsMax: SECONDS_MAX,
    } as const;
    const [pieces, objects]: [number[], number[]] = [[], []];
    const p50 = async (extra: { readonly paths: readonly string[]; readonly ranges?: readonly string[] }) =>
      quantile((await scene.load({ ...order, ...extra })).millis, 0.5);
    for (let round = -1; round < options.rounds; round += 1) {
      const piece = await p50({ paths: [scene.signed('GET', large)], ranges: ranges(READS) });
      const object = await p50({ paths: [scene.signed('GET', small)] });
      if (round < 0) continue;
      pieces.push(piece);
      objects.push(object);
    }
    const ratio = median(pieces.map((piece, round) => piece / (objects[round] ?? Number.NaN)));
    return [
      {
        row: '5',
        work: 'range GET 64 KiB out of 1 GiB',
        measured: `${ratio.toFixed(2)} × a 64 KiB object`,
        budget: '≤ 1.3',
        met: ratio <= 1.3,
        absolute: `p50 ${median(pieces).toFixed(2)} ms and ${median(objects).toFixed(2)} ms, one at a time`,
      },
    ];
  },
};
