import { type Command, Option } from 'commander';
import { choice, leaf, type ProgramDeps } from './command.ts';

/** usage: what tenants stored and moved. */
export function addAccountingCommands(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'usage',
      summary: 'Show what tenants stored and moved',
      description:
        'Shows byte-hours stored, requests, and bytes in and out: of the tenant that --tenant names, or of all, for whole hours.',
      options: [
        new Option('--from <time>', 'for example 2027-01-01T00:00:00Z; a day before the end unless given'),
        new Option('--to <time>', 'the end; now unless given'),
        choice('--by <part>', 'one line for each', ['tenant', 'bucket', 'class', 'backend']),
        new Option('--csv', 'comma-separated values with a head line'),
      ],
      needs: ['control'],
      examples: ['sealgate usage', 'sealgate usage --tenant acme --by bucket --from 2027-01-01T00:00:00Z --csv'],
      handler: async () => (await import('../commands/usage.ts')).showUsage,
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
