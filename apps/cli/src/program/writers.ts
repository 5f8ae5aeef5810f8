import { type Command, Option } from 'commander';
import { leaf, noun, type ProgramDeps } from './command.ts';

const load = () => import('../commands/writers.ts');

/** writer list|trust|remove|export|require */
export function addWriterCommands(program: Command, deps: ProgramDeps): void {
  const writer = noun(program, 'writer', 'Whose objects you take: keys that sign');
  leaf(
    writer,
    {
      name: 'list',
      summary: 'List the writers you trust, and where a manifest is required',
      description:
        "Lists the writers you trust, whose decision that is (yours, or the tenant's keyring when its root is pinned), and where a manifest is required.",
      needs: ['s3', 'control'],
      examples: ['sealgate writer list'],
      handler: async () => (await load()).listWriters,
    },
    deps,
  );
  leaf(
    writer,
    {
      name: 'trust',
      summary: 'Trust what a key signs',
      description:
        'Takes in the public key of another writer, from a JWK file that you got from that writer and not from the gateway.',
      arguments: [['<file>', 'a file with one JWK']],
      options: [new Option('--name <name>', 'your name for the writer').default('writer')],
      examples: ['sealgate writer trust ada.jwk --name ada'],
      handler: async () => (await load()).trustWriter,
    },
    deps,
  );
  leaf(
    writer,
    {
      name: 'remove',
      summary: 'Trust a writer no more',
      arguments: [['<writer>', 'name or id']],
      examples: ['sealgate writer remove ada'],
      handler: async () => (await load()).removeWriter,
    },
    deps,
  );
  leaf(
    writer,
    {
      name: 'export',
      summary: 'Print the public key of a writer as JWK',
      arguments: [['[writer]', 'name or id; the key that you sign with when left out']],
      needs: ['s3', 'control'],
      examples: ['sealgate writer export > mine.jwk'],
      handler: async () => (await load()).exportWriter,
    },
    deps,
  );
  leaf(
    writer,
    {
      name: 'require',
      summary: 'Open nothing from a bucket that no trusted writer signed',
      description:
        'A decision of this machine that no gateway can change: without a manifest of a trusted writer "sealgate get" ends with exit code 4.',
      arguments: [['<address>', 's3://bucket']],
      options: [new Option('--when-present', 'back to checking manifests only where there are some')],
      needs: ['s3'],
      examples: ['sealgate writer require s3://vault'],
      handler: async () => (await load()).requireManifests,
    },
    deps,
  );
}
