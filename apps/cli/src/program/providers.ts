import { type Command, Option } from 'commander';
import { choice, leaf, noun, type ProgramDeps } from './command.ts';

export function addProviderCommands(program: Command, deps: ProgramDeps): void {
  const providers = noun(program, 'provider', 'Providers: the catalogue of S3 storage that can be had');
  const load = () => import('../commands/providers.ts');
  leaf(
    providers,
    {
      name: 'list',
      summary: 'Browse the provider catalogue',
      options: [
        new Option('--country <code>', 'where the bytes lie'),
        new Option('--jurisdiction <code>', 'that the bytes certainly lie in, for example EU'),
        new Option('--operator-jurisdiction <code>', "where the seat of the operator's parent certainly is"),
        new Option('--not-operator-jurisdiction <code>', 'where that seat certainly is not, for example US'),
        choice('--feature <name>', 'that is claimed', ['objectLock', 'versioning', 'sseC', 'conditionalWrite']),
        new Option('--certificate <name>', 'that is claimed: ISO27001, C5 or SecNumCloud'),
        new Option('--text <words>', 'in the names of provider, zone or region'),
      ],
      needs: ['control'],
      examples: [
        'sealgate provider list --jurisdiction EU --not-operator-jurisdiction US --feature objectLock',
        'sealgate provider list --text helsinki',
      ],
      handler: async () => (await load()).listProviders,
    },
    deps,
  );
  leaf(
    providers,
    {
      name: 'show',
      summary: 'One provider: its zones, claims and sources',
      arguments: [['<id>', 'the provider']],
      needs: ['control'],
      examples: ['sealgate provider show upcloud'],
      handler: async () => (await load()).showProvider,
    },
    deps,
  );
}
