import { type Command, Option } from 'commander';
import { leaf, noun, numberOption, type ProgramDeps } from './command.ts';

const load = () => import('../commands/jobs.ts');
const ID: readonly [string, string] = ['<id>', 'the job'];

/** job: replications that people ask for, and repairs. */
export function addJobCommands(program: Command, deps: ProgramDeps): void {
  const jobs = noun(program, 'job', 'Jobs: replications that were asked for, and repairs');
  addLookCommands(jobs, deps);
  addChangeCommands(jobs, deps);
  addGrantCommands(jobs, deps);
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

const loadGrants = () => import('../commands/job-grants.ts');

function addGrantCommands(jobs: Command, deps: ProgramDeps): void {
  leaf(
    jobs,
    {
      name: 'signer',
      summary: 'Show the key that your grants are signed with, for the settings of agents',
      examples: ['sealgate job signer'],
      handler: async () => (await loadGrants()).showSigner,
    },
    deps,
  );
  leaf(
    jobs,
    {
      name: 'grant',
      summary: 'Hand your credentials of a backend to one agent, for one job',
      description:
        'Hand your credentials of a backend in the custody of clients to one agent, for one job and at most 15 minutes. They are signed with your key and sealed to the key of the agent here: the gateway passes on what it cannot read.',
      arguments: [ID],
      options: [
        new Option('--agent <name>', 'the agent').makeOptionMandatory(),
        new Option(
          '--agent-key <id>',
          'its key, as the agent itself shows it ("encryptionKey" in its log)',
        ).makeOptionMandatory(),
        new Option('--access-key-id <id>', 'of the backend').makeOptionMandatory(),
        new Option('--secret-file <file>', 'its secret, else SEALGATE_BACKEND_SECRET_ACCESS_KEY'),
        new Option('--session-token-file <file>', 'of temporary credentials'),
        new Option('--backend <id>', 'which target, where the job has several'),
        new Option('--endpoint <url>', 'refuse when the gateway says that the backend is elsewhere'),
        numberOption('--minutes <number>', 'how long it is good (15)'),
      ],
      needs: ['control'],
      examples: [
        'sealgate job grant 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21 --agent vault --agent-key Ow3L0uV_Mfe8zxuctd0-ubSas9XzxAQZY2dSHQpN2vI --access-key-id AKIA... --secret-file vault.secret',
      ],
      handler: async () => (await loadGrants()).grantJob,
    },
    deps,
  );
}
