import type { LoadOrder, LoadResult } from '../processes/load.ts';
import { cpuSeconds } from './cpu.ts';
import { say } from './row.ts';
import type { Scene } from './scene.ts';
import { median, quantile } from './stats.ts';

export interface Comparison {
  /** Median over the rounds of subject divided by baseline, in requests a second. */
  readonly ratio: number;
  readonly baseline: Summary;
  readonly subject: Summary;
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

type Side = 'baseline' | 'subject';

/** What is sent to each side; `paths` of the subject are signed outside the measured time. */
export type Orders = Readonly<Record<Side, (round: number) => Omit<LoadOrder, 'origin'>>>;

/**
 * Baseline and subject by turns, so that what the machine's other users do meets both; then the median of the ratios of
 * neighbours. A first pair that is not counted warms both up.
 */
export async function compare(scene: Scene, orders: Orders, rounds: number): Promise<Comparison> {
  const sides = {
    baseline: { origin: scene.bareOrigin, pid: scene.barePid },
    subject: { origin: scene.gateway.credentials.s3Endpoint, pid: scene.gateway.pid },
  };
  const turn = async (side: Side, round: number): Promise<Turn> => {
    const { origin, pid } = sides[side];
    const order = { ...orders[side](round), origin };
    const before = cpuSeconds(pid);
    const result = await scene.load(order);
    return { ...result, cpuSeconds: cpuSeconds(pid) - before };
  };
  await turn('baseline', -1);
  await turn('subject', -1);
  const turns: Record<Side, Turn[]> = { baseline: [], subject: [] };
  for (let round = 0; round < rounds; round += 1) {
    // Every other pair the other way round, because the second may find a warmer or a busier machine.
    const order: readonly Side[] = round % 2 === 0 ? ['baseline', 'subject'] : ['subject', 'baseline'];
    for (const side of order) turns[side].push(await turn(side, round));
    say(`    ${describe(turns.baseline[round])} and ${describe(turns.subject[round])}`);
  }
  return conclude(turns);
}

function conclude(turns: Readonly<Record<Side, readonly Turn[]>>): Comparison {
  const ratios = turns.subject.map((turn, round) => rate(turn) / rate(turns.baseline[round]));
  const [baseline, subject] = [summarise(turns.baseline), summarise(turns.subject)];
  const middle = `${quantile(ratios, 0.25).toFixed(2)} to ${quantile(ratios, 0.75).toFixed(2)}`;
  const text = `gateway ${tell(subject)}; baseline ${tell(baseline)}; middle half of the ratios ${middle}`;
  return { ratio: median(ratios), baseline, subject, text };
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

function tell({ perSecond, p50, p99, cpuMillis }: Summary): string {
  const digits = perSecond < 100 ? 1 : 0;
  return `${perSecond.toFixed(digits)}/s, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, CPU ${cpuMillis.toFixed(2)} ms`;
}
