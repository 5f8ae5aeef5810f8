import { type Command, Option } from 'commander';
import { choice, leaf, noun, type ProgramDeps } from './command.ts';

const load = () => import('../commands/snapshots.ts');
const ID: readonly [string, string] = ['<id>', 'the snapshot'];
const needs = ['control'] as const;

/** snapshot: looks at storage that is to be brought in. */
export function addSnapshotCommands(program: Command, deps: ProgramDeps): void {
  const snapshots = noun(program, 'snapshot', 'Discovery snapshots: what storage that is to be brought in looks like');
  addCreateCommand(snapshots, deps);
  addLookCommands(snapshots, deps);
  addPlanCommand(snapshots, deps);
  leaf(
    snapshots,
    {
      name: 'delete',
      summary: 'Delete a snapshot',
      arguments: [ID],
      needs,
      examples: ['sealgate snapshot delete 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21'],
      handler: async () => (await load()).deleteSnapshot,
    },
    deps,
  );
}

function addLookCommands(snapshots: Command, deps: ProgramDeps): void {
  leaf(
    snapshots,
    {
      name: 'list',
      summary: 'List snapshots, newest first',
      description:
        'Lists snapshots: of all tenants for an operator unless --tenant names one, of its own for a tenant.',
      needs,
      examples: ['sealgate snapshot list', 'sealgate snapshot list --tenant acme --json'],
      handler: async () => (await load()).listSnapshots,
    },
    deps,
  );
  leaf(
    snapshots,
    {
      name: 'show',
      summary: 'Show a snapshot: its buckets, how large they are and how they are set up',
      arguments: [ID, ['[bucket]', 'one bucket in full']],
      needs,
      examples: [
        'sealgate snapshot show 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21',
        'sealgate snapshot show 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21 reports',
      ],
      handler: async () => (await load()).showSnapshot,
    },
    deps,
  );
  leaf(
    snapshots,
    {
      name: 'files',
      summary: 'List the files of a bucket of a snapshot',
      arguments: [ID, ['<bucket>', 'a bucket of it']],
      needs,
      examples: ['sealgate snapshot files 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21 reports'],
      handler: async () => (await load()).listFiles,
    },
    deps,
  );
}

function addPlanCommand(snapshots: Command, deps: ProgramDeps): void {
  leaf(
    snapshots,
    {
      name: 'plan',
      summary: 'Show what it would mean to bring in what a snapshot saw',
      description:
        "Shows what the tenant's policies make of it: the class, whether it finds a place, how many bytes it takes with all copies or shards, and for operators what that costs.",
      arguments: [ID],
      options: [
        new Option('--bucket <name>', 'of this bucket only'),
        new Option('--policy <name>', 'as if this policy were attached; for operators'),
        new Option('--class <name>', 'another class than the default one'),
      ],
      needs,
      examples: [
        'sealgate snapshot plan 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21',
        'sealgate snapshot plan 5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21 --bucket reports --policy eu-lock --class ColdArchiveClass',
      ],
      handler: async () => (await load()).planSnapshot,
    },
    deps,
  );
}

function addCreateCommand(snapshots: Command, deps: ProgramDeps): void {
  leaf(
    snapshots,
    {
      name: 'create',
      summary: 'Look at storage that is to be brought in, and keep what it looks like',
      description:
        "Lists the buckets and files of any S3 storage, within the gateway's bounds, and keeps their names, sizes and settings. Its credentials are used for this one call and kept nowhere. They come from SOURCE_ACCESS_KEY_ID and SOURCE_SECRET_ACCESS_KEY (SOURCE_SESSION_TOKEN), from a profile of the AWS tools (--source-profile), or are asked for; never from an option, which others on the machine could see. Rights to list are enough.",
      options: [
        new Option('--endpoint <url>', 'https://host[:port] of the storage'),
        new Option('--zone <code>', 'its zone in the provider catalogue, which fills in the rest'),
        new Option('--provider <name>', 'its provider'),
        new Option('--region <name>', 'the region to sign for there; us-east-1 unless known otherwise'),
        choice('--addressing <style>', 'how buckets are addressed there', ['path', 'virtual']),
        new Option('--bucket <name>', 'look at this bucket only; may be given again').argParser(
          (name: string, before: readonly string[] | undefined) => [...(before ?? []), name],
        ),
        new Option('--prefix <text>', 'look at keys that begin so'),
        new Option('--no-etags', 'keep no ETags of files'),
        new Option('--source-profile <name>', 'a profile of the AWS tools that has its credentials'),
      ],
      needs,
      examples: [
        'sealgate snapshot create --endpoint https://s3.example.fi --region fi-1',
        'sealgate snapshot create --zone FI-HEL1-UPCLOUD --endpoint https://abc.upcloudobjects.com --bucket reports --bucket scans',
        'sealgate snapshot create --endpoint https://s3.example.fi --source-profile legacy --prefix 2026/ --json',
      ],
      handler: async () => (await load()).createSnapshot,
    },
    deps,
  );
}
