import { type Command, Option } from 'commander';
import { leaf, noun, numberOption, type ProgramDeps } from './command.ts';

const load = () => import('../commands/jobs.ts');
const ID: readonly [string, string] = ['<id>', 'the job'];

/** job: replications that people ask for, and repairs. */
export function addJobCommands(program: Command, deps: ProgramDeps): void {
  const jobs = noun(program, 'job', 'Jobs: replications that were asked for, and repairs');
  addLookCommands(jobs, deps);
  addChangeCommands(jobs, deps);
}

function addLookCommands(jobs: Command, deps: ProgramDeps): void {
  leaf(
    jobs,
    {
      name: 'list',
      summary: 'List jobs, newest first',
      options: [
        new Option('--state <state>', 'only these').choices(['waiting', 'active', 'done', 'failed', 'cancelled']),
        new Option('--kind <kind>', 'only these').choices(['repair', 'replicate']),
        new Option('--bucket <name>', 'only those of a bucket of the tenant'),
      ],
      needs: ['control'],
      examples: ['sealgate job list', 'sealgate job list --state failed'],
      handler: async () => (await load()).listJobs,
    },
    deps,
  );
  leaf(
    jobs,
    {
      name: 'show',
      summary: 'Show one job with its progress',
      arguments: [ID],
      needs: ['control'],
      examples: ['sealgate job show 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21'],
      handler: async () => (await load()).showJob,
    },
    deps,
  );
}

function addChangeCommands(jobs: Command, deps: ProgramDeps): void {
  leaf(
    jobs,
    {
      name: 'create',
      summary: 'Give an object copies on further backends',
      arguments: [['<uri>', 's3://bucket/key']],
      options: [
        new Option('--to <backends>', 'ids of backends, with commas between').makeOptionMandatory(),
        new Option('--version-id <id>', 'a version other than the current one'),
        new Option('--from <backend>', 'a backend that must hold all of it'),
        new Option('--encryption-required', 'refuse an object that no client sealed'),
        new Option('--token <text>', 'the same request with the same one gives the same job'),
      ],
      needs: ['control'],
      examples: ['sealgate job create s3://reports/2026.pdf --to hel-3,fra-2'],
      handler: async () => (await load()).createJob,
    },
    deps,
  );
  leaf(
    jobs,
    {
      name: 'cancel',
      summary: 'End a replication that is not over',
      arguments: [ID],
      needs: ['control'],
      examples: ['sealgate job cancel 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21'],
      handler: async () => (await load()).cancelJob,
    },
    deps,
  );
  leaf(
    jobs,
    {
      name: 'retry',
      summary: 'Give a job that was given up another life, or all of a kind',
      arguments: [['[id]', 'the job']],
      options: [
        new Option('--all <kind>', 'all that were given up of this kind').choices(['repair', 'replicate']),
        numberOption('--limit <number>', 'at most so many of them'),
      ],
      needs: ['control'],
      examples: ['sealgate job retry 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21', 'sealgate job retry --all repair'],
      handler: async () => (await load()).retryJobs,
    },
    deps,
  );
}
