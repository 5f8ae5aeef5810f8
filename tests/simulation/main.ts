// The simulator on the command line. See docs/spec/simulation.md.
import { parseArgs } from 'node:util';
import { readOptions, wholeNumber } from '../support/script-options.ts';
import { runSchedule } from './support/run-schedule.ts';

const USAGE = `Usage: npm run sim [-- options]

Runs simulated schedules until one breaks a promise or Ctrl-C ends it. Exit code 1 when a promise was broken.

  --seed N    one schedule only, with its report
  --from N    the first seed; else one of the time of day
  --count N   end after N schedules, whatever they found
  --help      this text
`;

interface Schedules {
  readonly first: number;
  /** How many; Infinity for "until one breaks". */
  readonly count: number;
  readonly single: boolean;
}

function schedulesOf(args: string[]): Schedules {
  const { values } = parseArgs({
    args,
    options: { seed: { type: 'string' }, from: { type: 'string' }, count: { type: 'string' } },
  });
  const { seed, from, count } = values;
  if (seed !== undefined) {
    if (from !== undefined || count !== undefined)
      throw new Error('--seed is one schedule: without --from and --count.');
    return { first: wholeNumber('--seed', seed), count: 1, single: true };
  }
  return {
    first: from === undefined ? Date.now() % 1_000_000_000 : wholeNumber('--from', from),
    count: count === undefined ? Infinity : wholeNumber('--count', count, 1),
    single: false,
  };
}

const { first, count, single } = readOptions(USAGE, schedulesOf);
let broken = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const report = await runSchedule({ seed });
  if (report.violations.length > 0) {
    broken += 1;
    console.error(`seed ${seed} broke its promises:\n${report.violations.join('\n')}\n`);
    if (count === Infinity) break;
  }
  if (single) console.log(JSON.stringify(report, null, 2));
  else if ((seed - first + 1) % 100 === 0)
    console.log(`${seed - first + 1} schedules, up to seed ${seed}; ${broken} broken`);
}
if (!single) console.log(`${broken} schedules broke a promise`);
process.exitCode = broken > 0 ? 1 : 0;
