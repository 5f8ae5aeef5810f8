import { type Command, Option } from 'commander';
import { leaf, type ProgramDeps } from './command.ts';

export function addRewrapCommand(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'rewrap',
      summary: 'Seal the envelopes of stored objects to your present keys, without moving their bytes',
      description:
        'Opens the key envelope of each version with a key you have and seals it anew to the keys that are in use ("sealgate keys use"). ' +
        'Only envelopes go over the network. Stop it whenever you like and run it again: what is still sealed to other keys is what is left. ' +
        'Recovery manifests with the old envelopes leave the backends afterwards.',
      arguments: [['[address]', 's3://bucket or s3://bucket/prefix; all buckets of --tenant when left out']],
      options: [new Option('--dry-run', 'tell how many there are, change nothing')],
      needs: ['s3', 'control'],
      examples: [
        'sealgate rewrap s3://vault --dry-run',
        'sealgate rewrap s3://vault/reports/',
        'sealgate rewrap --tenant acme',
      ],
      handler: async () => (await import('../commands/rewrap.ts')).rewrap,
    },
    deps,
  );
}
