// npm run bench [-- row ...]: measures the budgets against baselines in the same run. See bench/README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { positiveNumber, readOptions, wholeNumber } from '../tests/support/script-options.ts';
import { rows } from './rows/index.ts';
import { machine, tableOf, writeReadme } from './support/report.ts';
import { type BenchOptions, type Finding, type Row, type Stage, say } from './support/row.ts';
import { openScene, type Scene } from './support/scene.ts';

const RESULTS = join(import.meta.dirname, 'results');

const USAGE = `Usage: npm run bench [-- options] [row ...]

Measures rows ${rows.map(({ id }) => id).join(', ')} of the budgets, all of them when none is named. See bench/README.md.

  --rounds N       pairs of baseline and subject, of which the median counts (7)
  --keys N         of the largest bucket of row 9 (1000000)
  --objects N      that row 13 repairs, and row 16 rewraps (20000)
  --scale X        of a GiB: the size of the objects of row 11 (0.03125)
  --profile        leaves CPU profiles in bench/results
  --write-readme   writes the table into bench/README.md
  --help           this text
`;

interface Chosen {
  readonly chosen: readonly Row[];
  readonly options: BenchOptions;
  readonly readme: boolean;
}

function chosenOf(args: string[]): Chosen {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '7' },
      keys: { type: 'string', default: '1000000' },
      objects: { type: 'string', default: '20000' },
      scale: { type: 'string', default: '0.03125' },
      profile: { type: 'boolean', default: false },
      'write-readme': { type: 'boolean', default: false },
    },
  });
  const wanted = positionals.map(Number);
  const unknown = wanted.filter((id) => !rows.some((row) => row.id === id));
  if (unknown.length > 0)
    throw new Error(`There is no row ${unknown.join(', ')}; there are ${rows.map((r) => r.id).join(', ')}.`);
  return {
    chosen: wanted.length === 0 ? rows : rows.filter((row) => wanted.includes(row.id)),
    options: {
      rounds: wholeNumber('--rounds', values.rounds, 1),
      keys: wholeNumber('--keys', values.keys, 1),
      objects: wholeNumber('--objects', values.objects, 1),
      scale: positiveNumber('--scale', values.scale),
      profileDir: values.profile ? RESULTS : undefined,
    },
    readme: values['write-readme'],
  };
}

interface Outcome {
  readonly findings: readonly Finding[];
  /** Rows that broke: their figures are missing, those of the others hold. */
  readonly broken: readonly number[];
}

async function run(chosen: readonly Row[], options: BenchOptions): Promise<Outcome> {
  let scene: Promise<Scene> | undefined;
  const stage: Stage = {
    options,
    scene: () => (scene ??= openScene({ profileDir: options.profileDir })),
  };
  const findings: Finding[] = [];
  const broken: number[] = [];
  try {
    for (const row of chosen) {
      say(`row ${row.id}`);
      try {
        findings.push(...(await row.run(stage)));
      } catch (error) {
        broken.push(row.id);
        say((await scene)?.gateway.log() ?? '');
        say(`row ${row.id} broke: ${inspect(error)}`);
      }
    }
  } finally {
    await (await scene)?.close();
  }
  return { findings, broken };
}

const { chosen, options, readme } = readOptions(USAGE, chosenOf);
mkdirSync(RESULTS, { recursive: true });
const about = machine();
const { findings, broken } = await run(chosen, options);
process.stdout.write(`${tableOf(findings)}\n`);
const file = join(RESULTS, `${about.at.replaceAll(':', '')}.json`);
writeFileSync(file, `${JSON.stringify({ ...about, options, findings, broken }, null, 2)}\n`);
say(`written to ${file}`);
if (broken.length > 0) {
  say(`broken rows: ${broken.join(', ')}`);
  process.exitCode = 1;
} else if (readme) {
  writeReadme(findings, about);
}
