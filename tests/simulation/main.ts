// The simulator on the command line: `npm run sim` runs schedules until one breaks a promise or Ctrl-C,
// `npm run sim -- --seed N` replays one, `--count N` stops after N schedules.
import { parseArgs } from 'node:util';
import { runSchedule } from './support/run-schedule.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, from: { type: 'string' }, count: { type: 'string' } },
});
const single = values.seed !== undefined;
const first = Number(values.seed ?? values.from ?? Date.now() % 1_000_000_000);
const count = single ? 1 : Number(values.count ?? Infinity);
let broken = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const report = await runSchedule({ seed });
  if (report.violations.length > 0) {
    broken += 1;
    console.error(`seed ${seed} broke its promises:\n${report.violations.join('\n')}\n`);
    if (values.count === undefined) break;
  }
  if (single) console.log(JSON.stringify(report, null, 2));
  else if ((seed - first + 1) % 100 === 0)
    console.log(`${seed - first + 1} schedules, up to seed ${seed}; ${broken} broken`);
}
if (!single) console.log(`${broken} schedules broke a promise`);
process.exitCode = broken > 0 ? 1 : 0;
