import { type Command, Option } from 'commander';
import { choice, leaf, noun, type ProgramDeps } from './command.ts';

/** usage: what tenants stored and moved. */
export function addAccountingCommands(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'usage',
      summary: 'Show what tenants stored and moved',
      description:
        'Shows byte-hours stored, requests, and bytes in and out: of the tenant that --tenant names, or of all, for whole hours. --by backend and --backend show what backends were asked for instead, and --by backend what that comes to by their prices, as an estimate.',
      options: [
        new Option('--from <time>', 'for example 2027-01-01T00:00:00Z; a day before the end unless given'),
        new Option('--to <time>', 'the end; now unless given'),
        choice('--by <part>', 'one line for each', ['tenant', 'bucket', 'class', 'backend']),
        new Option('--backend <id>', 'only what this backend has and was asked for'),
        new Option('--class <name>', 'only of objects in this redundancy class'),
        new Option('--total', 'tenants together, with what is nobody’s'),
        new Option('--csv', 'comma-separated values with a head line'),
      ],
      needs: ['control'],
      examples: [
        'sealgate usage',
        'sealgate usage --tenant acme --by bucket --from 2027-01-01T00:00:00Z --csv',
        'sealgate usage --by backend --total',
        'sealgate usage --backend fra1 --by class --csv',
      ],
      handler: async () => (await import('../commands/usage.ts')).showUsage,
    },
    deps,
  );
}

/** secret: versions of the passphrase that secrets at rest are sealed under. */
export function addSecretCommands(program: Command, deps: ProgramDeps): void {
  const secrets = noun(program, 'secret', 'Secrets in the database, sealed under versions of the passphrase');
  const load = () => import('../commands/secrets.ts');
  const needs = ['control'] as const;
  leaf(
    secrets,
    {
      name: 'status',
      summary: 'Show how many secrets each passphrase version still seals',
      needs,
      examples: ['sealgate secret status'],
      handler: async () => (await load()).secretStatus,
    },
    deps,
  );
  leaf(
    secrets,
    {
      name: 'retire',
      summary: 'Forget a passphrase version under which nothing is sealed any more',
      arguments: [['<version>', 'its number']],
      needs,
      examples: ['sealgate secret retire 1'],
      handler: async () => (await load()).retireSecret,
    },
    deps,
  );
}

/** Bounds of a tenant. */
export function quotaOptions(): Option[] {
  return [
    new Option('--quota-bytes <size>', 'what it may store: a number of bytes, with KiB to PiB; none: no bound'),
    new Option('--quota-objects <number>', 'versions it may have; none: no bound'),
    new Option('--quota-requests <number>', 'requests a second of each process that serves S3; none: no bound'),
  ];
}
