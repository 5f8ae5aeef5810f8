import type { LoadOrder, LoadResult } from '../processes/load.ts';
import { cpuSeconds } from './cpu.ts';
import { type Finding, say } from './row.ts';
import type { Scene } from './scene.ts';
import { median, quantile } from './stats.ts';

export interface Comparison {
  /** Median over the rounds of subject divided by baseline: requests a second, each counted as `Rounds.work` says. */
  readonly ratio: number;
  /** Median of subject divided by the baseline that has the same duties. */
  readonly ofDutiful: number;
  readonly baseline: Summary;
  readonly dutiful: Summary;
  readonly subject: Summary;
  /** Median of the dutiful baseline divided by the bare one, counted like `ratio`. */
  readonly dutifulRatio: number;
  /** Both sides' numbers, for people. */
  readonly text: string;
}

interface Summary {
  /** Medians over the rounds. */
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Of the process in the middle, all threads, a request. */
  readonly cpuMillis: number;
}

interface Turn extends LoadResult {
  readonly cpuSeconds: number;
}

type Side = 'baseline' | 'dutiful' | 'subject';
type Sent = 'baseline' | 'subject';

/** What is sent to each side (the dutiful baseline gets the baseline's); `paths` of the subject are signed outside the measured time. */
export type Orders = Readonly<Record<Sent, (round: number) => Omit<LoadOrder, 'origin'>>>;

export interface Rounds {
  readonly rounds: number;
  /** Rounds before, which are not counted. */
  readonly warmUps: number;
  /** How many of the baseline's requests one of the subject, or of the dutiful baseline, is worth: bytes written, for example. 1. */
  readonly work?: number;
}

/**
 * Rounds of `count` requests each until V8 has compiled what every request runs. It takes some thousand calls of a function
 * before it does, and a request calls most of them once: the CPU of a small PUT falls to less than half over the first 14 000.
 */
export function warmUpsOf(count: number): number {
  return Math.ceil(14_000 / count);
}

/**
 * Baselines and subject by turns, so that what the machine's other users do meets all; then the median of the ratios of
 * neighbours.
 */
export async function compare(
  scene: Scene,
  orders: Orders,
  { rounds, warmUps, work = 1 }: Rounds,
): Promise<Comparison> {
  const sides = {
    baseline: { origin: scene.bareOrigin, pid: scene.barePid },
    dutiful: { origin: scene.dutifulOrigin, pid: scene.dutifulPid },
    subject: { origin: scene.gateway.credentials.s3Endpoint, pid: scene.gateway.pid },
  };
  const turn = async (side: Side, round: number): Promise<Turn> => {
    const { origin, pid } = sides[side];
    const order = { ...orders[side === 'subject' ? 'subject' : 'baseline'](round), origin };
    const before = cpuSeconds(pid);
    const result = await scene.load(order);
    return { ...result, cpuSeconds: cpuSeconds(pid) - before };
  };
  for (let round = -warmUps; round < 0; round += 1) {
    const warming: Turn[] = [];
    for (const side of ['baseline', 'dutiful', 'subject'] as const) warming.push(await turn(side, round));
    say(`    warming up: ${warming.map(describe).join(', ')}`);
  }
  const turns: Record<Side, Turn[]> = { baseline: [], dutiful: [], subject: [] };
  for (let round = 0; round < rounds; round += 1) {
    // Every other round the other way round, because the later ones may find a warmer or a busier machine.
    const order: readonly Side[] = ['baseline', 'dutiful', 'subject'];
    for (const side of round % 2 === 0 ? order : order.toReversed()) turns[side].push(await turn(side, round));
    say(`    ${order.map((side) => describe(turns[side][round])).join(', ')}`);
  }
  return conclude(turns, work);
}

function conclude(turns: Readonly<Record<Side, readonly Turn[]>>, work: number): Comparison {
  const toBaseline = (side: Side) =>
    turns[side].map((turn, round) => (work * rate(turn)) / rate(turns.baseline[round]));
  const ratios = toBaseline('subject');
  const ofDutiful = median(turns.subject.map((turn, round) => rate(turn) / rate(turns.dutiful[round])));
  const [baseline, dutiful, subject] = [summarise(turns.baseline), summarise(turns.dutiful), summarise(turns.subject)];
  const middle = `${quantile(ratios, 0.25).toFixed(2)} to ${quantile(ratios, 0.75).toFixed(2)}`;
  const text = `gateway ${tell(subject)}; baseline ${tell(baseline)}; middle half of the ratios ${middle}`;
  return {
    ratio: median(ratios),
    ofDutiful,
    dutifulRatio: median(toBaseline('dutiful')),
    baseline,
    dutiful,
    subject,
    text,
  };
}

function rate(turn: Turn | undefined): number {
  return turn === undefined ? Number.NaN : turn.requests / turn.seconds;
}

function describe(turn: Turn | undefined): string {
  const cpuMillis = turn === undefined ? Number.NaN : (1000 * turn.cpuSeconds) / turn.requests;
  return `${rate(turn).toFixed(1)}/s (${cpuMillis.toFixed(2)} ms CPU)`;
}

function summarise(turns: readonly Turn[]): Summary {
  return {
    perSecond: median(turns.map(rate)),
    p50: median(turns.map((turn) => quantile(turn.millis, 0.5))),
    p99: median(turns.map((turn) => quantile(turn.millis, 0.99))),
    cpuMillis: median(turns.map((turn) => (1000 * turn.cpuSeconds) / turn.requests)),
  };
}

/** The limit of a row, shown: what the duties alone leave of the bare baseline, and what the gateway leaves of that. */
export function limitOf(row: string, duties: string, { dutiful, ofDutiful, dutifulRatio }: Comparison): Finding {
  return {
    row,
    work: `the limit: ${duties}`,
    measured: `${ofDutiful.toFixed(2)} × that`,
    budget: '—',
    met: undefined,
    absolute: `which is itself ${dutifulRatio.toFixed(2)} × the bare one: ${tell(dutiful)}`,
  };
}

function tell({ perSecond, p50, p99, cpuMillis }: Summary): string {
  const digits = perSecond < 100 ? 1 : 0;
  return `${perSecond.toFixed(digits)}/s, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, CPU ${cpuMillis.toFixed(2)} ms`;
}
