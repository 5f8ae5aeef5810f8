import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { admin, type GatewayProcess, newDataDir, removeDataDir, startGateway } from '../../tests/support/gateway.ts';
import type { LoadResult } from '../processes/load.ts';
import { compare, limitOf } from '../support/compare.ts';
import { startHelper } from '../support/helper.ts';
import { type BenchOptions, type Finding, type Row, say } from '../support/row.ts';
import { openScene, signedPath } from '../support/scene.ts';
import { median, quantile } from '../support/stats.ts';

const MIB = 1024 * 1024;
const BYTES = 256 * MIB;
const SECONDS_MAX = 120;
/** Copies that the bare tee writes. */
const TEED = 3;
/** Transfers of one round, one after the other. */
const TRANSFERS = 2;
const ROUNDS_MAX = 3;

interface Code {
  readonly k: number;
  readonly m: number;
  readonly bucket: string;
}

const CODES: readonly Code[] = [
  { k: 2, m: 4, bucket: 'shards-2-4' },
  { k: 4, m: 2, bucket: 'shards-4-2' },
];

/** Buckets whose objects are kept in shards, unencrypted as all of the bench. */
async function createBuckets(gateway: GatewayProcess): Promise<void> {
  for (const { k, m, bucket } of CODES) {
    const document = [
      'apiVersion: sealgate/v1',
      'kind: Policy',
      `metadata: { name: ${bucket} }`,
      'spec:',
      `  classes: [{ name: Shards, erasure: ${k}+${m}, ack: shards >= ${k + m} }]`,
    ].join('\n');
    await admin(gateway, 'PUT', `/admin/policies/${bucket}`, { document });
    const { tenant } = gateway.credentials;
    await admin(gateway, 'POST', `/admin/tenants/${tenant}/buckets`, {
      name: bucket,
      encryption: 'off',
      policy: bucket,
    });
  }
}

const perMegabyte = (bytesPerSecond: number): string => `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;

export const putErasure: Row = {
  id: 6,
  async run({ options }) {
    const findings: Finding[] = [];
    for (const code of CODES) findings.push(...(await compareWrites(code, options)));
    return findings;
  },
};

async function compareWrites({ k, m, bucket }: Code, options: BenchOptions): Promise<readonly Finding[]> {
  const upstreams = { servers: k + m, hashed: true };
  const scene = await openScene({ upstreams, code: { k, m }, profileDir: options.profileDir });
  try {
    await createBuckets(scene.gateway);
    const paths = Array.from({ length: TRANSFERS }, (_, index) => `/${bucket}/large/${index}`);
    const signed = paths.map((path) => scene.signed('PUT', path));
    const order = {
      method: 'PUT',
      bodyBytes: BYTES,
      concurrency: 1,
      count: TRANSFERS,
      secondsMax: SECONDS_MAX,
    } as const;
    const orders = { baseline: () => ({ ...order, paths }), subject: () => ({ ...order, paths: signed }) };
    const written = ((k + m) / k) * BYTES;
    // All ratios of the row are of bytes written.
    const work = written / (TEED * BYTES);
    const result = await compare(scene, orders, { rounds: Math.min(options.rounds, ROUNDS_MAX), warmUps: 1, work });
    const { ratio, baseline, subject, text } = result;
    const [ours, teed] = [subject.perSecond * written, baseline.perSecond * TEED * BYTES];
    return [
      {
        row: '6',
        work: `PUT 256 MiB erasure coded ${k}+${m}, bytes written a second`,
        measured: `${ratio.toFixed(2)} × bare tee`,
        budget: '≥ 0.80',
        met: ratio >= 0.8,
        absolute: `${perMegabyte(ours)} and ${perMegabyte(teed)} to upstreams that hash what they get: ${text}`,
      },
      limitOf(
        '6',
        `a bare process that encodes ${k}+${m}, MD5 and SHA-256 of each shard, one durable transaction`,
        result,
      ),
    ];
  } finally {
    await scene.close();
  }
}

/** Two objects of the same bytes, one of which has lost its first m shards, the data among them. */
export const getErasure: Row = {
  id: 7,
  async run({ options }) {
    const dataDir = newDataDir();
    const generator = startHelper('load');
    // Nobody is to repair what is missing while it is measured.
    const env = { SEALGATE_BACKGROUND_WORK: 'false', SEALGATE_DEFAULT_ENCRYPTION: 'none' };
    const gateway = await startGateway({ dataDir, env });
    try {
      await createBuckets(gateway);
      const ask = (method: 'GET' | 'PUT', path: string, count: number): Promise<LoadResult> =>
        generator.ask<LoadResult>({
          origin: gateway.credentials.s3Endpoint,
          method,
          paths: [signedPath(gateway, { method, path })],
          concurrency: 1,
          count,
          secondsMax: SECONDS_MAX,
          ...(method === 'PUT' ? { bodyBytes: BYTES } : {}),
        });
      const findings: Finding[] = [];
      for (const code of CODES) findings.push(await compareReads(code, { ask, dataDir, rounds: options.rounds }));
      return findings;
    } finally {
      await gateway.stop();
      await generator.stop();
      removeDataDir(dataDir);
    }
  },
};

interface Reading {
  readonly ask: (method: 'GET' | 'PUT', path: string, count: number) => Promise<LoadResult>;
  readonly dataDir: string;
  readonly rounds: number;
}

async function compareReads({ k, m, bucket }: Code, { ask, dataDir, rounds }: Reading): Promise<Finding> {
  const before = shardFiles(dataDir);
  await ask('PUT', `/${bucket}/lossy`, 1);
  for (const file of shardFiles(dataDir).filter((path) => !before.includes(path) && shardOf(path) < m)) rmSync(file);
  await ask('PUT', `/${bucket}/whole`, 1);
  const ratios: number[] = [];
  const [whole, lossy]: [number[], number[]] = [[], []];
  for (let round = -1; round < Math.min(rounds, ROUNDS_MAX); round += 1) {
    const [good, bad] = [
      await ask('GET', `/${bucket}/whole`, TRANSFERS),
      await ask('GET', `/${bucket}/lossy`, TRANSFERS),
    ];
    say(`    ${good.seconds.toFixed(2)} s, ${bad.seconds.toFixed(2)} s`);
    // What is missing is found out by the first read.
    if (round < 0) continue;
    ratios.push(good.seconds / bad.seconds);
    whole.push(quantile(good.millis, 0.5));
    lossy.push(quantile(bad.millis, 0.5));
  }
  const ratio = median(ratios);
  return {
    row: '7',
    work: `GET 256 MiB erasure coded ${k}+${m}, ${m} shards lost, ${Math.min(k, m)} of them data`,
    measured: `${ratio.toFixed(2)} × none lost`,
    budget: '≥ 0.70',
    met: ratio >= 0.7,
    absolute: `p50 ${median(lossy).toFixed(0)} and ${median(whole).toFixed(0)} ms, folders of this machine, one at a time`,
  };
}

/** Files of blobs, all backends together. */
function shardFiles(dataDir: string): string[] {
  const root = join(dataDir, 'backends');
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.\d+$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function shardOf(path: string): number {
  return Number(/\.(\d+)$/.exec(path)?.[1]);
}
