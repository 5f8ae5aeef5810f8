// npm run lab -- --minutes 30: the real processes under mixed load and under kill, stop, full disk, cut connections, lost
// and rotten storage; afterwards every promise is checked. See docs/spec/fault-lab.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createBucket } from '../support/gateway.ts';
import { createRaceHistory, type RaceHistory } from '../support/race/history.ts';
import { createRandom } from '../support/random.ts';
import { positiveNumber, readOptions, wholeNumber } from '../support/script-options.ts';
import { type Cluster, type ForeignServer, openCluster } from './cluster.ts';
import { createLoad, enableVersions, keysOf, type Load, nameOf, STAGES } from './load.ts';
import { createNemesis, type Nemesis } from './nemesis.ts';
import { healed, mended, violations } from './verdict.ts';

const USAGE = `Usage: npm run lab [-- options]

Exit code 1 when a promise was broken; the report goes to standard output and to tests/lab/results.

  --minutes N     of load and faults (2)
  --seed N        of the choices; what the machine does between them differs from run to run
  --gateways N    processes that serve (2)
  --agents N      processes that repair beside them (0)
  --clients N     that work at once (16)
  --storage FILE  S3 servers in the places of the lab's own: JSON, [{endpoint, region, accessKeyId, secretAccessKey, pid}]
  --help          this text
`;

interface LabOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly gateways: number;
  readonly agents: number;
  readonly clients: number;
  readonly foreign: readonly ForeignServer[];
}

function labOf(args: string[]): LabOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      gateways: { type: 'string', default: '2' },
      agents: { type: 'string', default: '0' },
      clients: { type: 'string', default: '16' },
      storage: { type: 'string' },
    },
  });
  return {
    minutes: positiveNumber('--minutes', values.minutes),
    seed: wholeNumber('--seed', values.seed),
    gateways: wholeNumber('--gateways', values.gateways, 1),
    agents: wholeNumber('--agents', values.agents),
    clients: wholeNumber('--clients', values.clients, 1),
    foreign:
      values.storage === undefined
        ? []
        : (JSON.parse(readFileSync(values.storage, 'utf8')) as readonly ForeignServer[]),
  };
}

const { minutes, seed, gateways, agents, clients, foreign } = readOptions(USAGE, labOf);
const HEAL_MS_MAX = 15 * 60_000;
/** Between two faults of a lane: long enough that work gets done, short enough that faults meet. */
const CALM_MS_MAX = 3_000;
const RESULTS = join(import.meta.dirname, 'results');

const say = (text: string): void => void process.stderr.write(`${text}\n`);

say(`seed ${seed}: ${gateways} gateways, ${agents} agents, ${clients} clients, ${minutes} minutes`);
const cluster = await openCluster({ gateways, agents, foreign });
let report: Report | undefined;
try {
  report = await run(cluster);
} finally {
  const keepFiles = report === undefined || report.violations.length > 0;
  await cluster.close({ keepFiles });
  if (keepFiles) say(`the processes' logs are left in ${cluster.dir}`);
}
mkdirSync(RESULTS, { recursive: true });
writeFileSync(
  join(RESULTS, `${new Date().toISOString().replaceAll(':', '')}.json`),
  `${JSON.stringify(report, null, 2)}\n`,
);
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exit(report.violations.length === 0 ? 0 : 1);

interface Report {
  readonly seed: number;
  readonly minutes: number;
  readonly operations: Readonly<Record<string, number>>;
  /** Milliseconds of what was answered with success: median and 99th percentile. */
  readonly latencies: Readonly<Record<string, { readonly p50: number; readonly p99: number }>>;
  readonly faults: Readonly<Record<string, number>>;
  /** From the end of the faults until all had been read again and nothing was owed, deletions with their grace time of a minute too. */
  readonly healedInMs: number | undefined;
  readonly versionsChecked: number;
  readonly violations: readonly string[];
}

async function run(lab: Cluster): Promise<Report> {
  const [gateway] = lab.gateways;
  if (gateway === undefined) throw new Error('no gateway');
  for (const { bucket, settings } of STAGES) await createBucket(gateway, bucket, settings as never);
  await enableVersions(gateway);
  const history = createRaceHistory(STAGES.flatMap((stage) => keysOf(stage).map((key) => nameOf(stage, key))));
  const load = await createLoad(lab.gateways, history);
  const nemesis = createNemesis(lab, async () => {
    if (!(await mended(lab, HEAL_MS_MAX))) throw new Error('what was lost was not put right in time');
  });
  const ended = await underTrouble(load, nemesis);
  say('calm');
  await nemesis.calm();
  const calmMs = performance.now();
  const whole = await mended(lab, HEAL_MS_MAX);
  const drained = await healed(lab.databaseUrl, { msMax: HEAL_MS_MAX, deletions: true });
  const healedInMs = whole && drained !== undefined ? performance.now() - calmMs : undefined;
  say(`healed in ${healedInMs ?? '(not)'} ms; checking`);
  return await judged(lab, { load, nemesis, history, healedInMs, ended });
}

/** @returns what the lanes themselves failed with */
async function underTrouble(load: Load, nemesis: Nemesis): Promise<string[]> {
  const deadline = performance.now() + minutes * 60_000;
  const going = (): boolean => performance.now() < deadline;
  const failures: string[] = [];
  const working = Array.from({ length: clients }, async (_, index) => {
    const random = createRandom(seed * 1000 + index);
    while (going()) {
      await load.step(random);
      // A gateway that is down answers at once.
      await sleep(random.below(20));
    }
  });
  const lanes = (['processes', 'storage'] as const).map(async (lane, index) => {
    const random = createRandom(seed * 1000 + 500 + index);
    while (going()) {
      await sleep(random.below(CALM_MS_MAX));
      await nemesis.strike(lane, random).catch((error: unknown) => failures.push(`${lane}: ${String(error)}`));
    }
  });
  const progress = setInterval(() => {
    const done = [...load.figures.counts].filter(([name]) => name.endsWith(' ok')).reduce((sum, [, n]) => sum + n, 0);
    say(
      `${Math.max(0, Math.round((deadline - performance.now()) / 1000))} s left, ${done} done, ${load.figures.defects.length} defects`,
    );
  }, 15_000);
  await Promise.all([...working, ...lanes]);
  clearInterval(progress);
  return failures;
}

async function judged(
  lab: Cluster,
  facts: {
    readonly load: Load;
    readonly nemesis: Nemesis;
    readonly history: RaceHistory;
    readonly healedInMs: number | undefined;
    readonly ended: readonly string[];
  },
): Promise<Report> {
  const { load, nemesis, history, healedInMs, ended } = facts;
  const { counts, times } = load.figures;
  const found = [
    ...ended,
    ...(healedInMs === undefined ? ['it did not heal in time'] : []),
    ...(await violations(lab, load, history)),
  ];
  load.close();
  return {
    seed,
    minutes,
    operations: Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b))),
    latencies: Object.fromEntries(
      [...times].map(([kind, all]) => [kind, { p50: percentile(all, 0.5), p99: percentile(all, 0.99) }]),
    ),
    faults: Object.fromEntries(nemesis.counts),
    healedInMs: healedInMs === undefined ? undefined : Math.round(healedInMs),
    versionsChecked: load.versions.size,
    violations: found,
  };
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
