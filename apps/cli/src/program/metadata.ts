import { type Command, Option } from 'commander';
import { leaf, noun, type ProgramDeps } from './command.ts';

const databaseOption = () =>
  new Option('--database-url <url>', 'postgres:// URL of the metadata database (DATABASE_URL)');

/** metadata: backups of the database, sealed to the operator. */
export function addMetadataCommands(program: Command, deps: ProgramDeps): void {
  const metadata = noun(program, 'metadata', 'The metadata database: sealed backups and their restoration');
  const load = () => import('../commands/metadata.ts');
  leaf(
    metadata,
    {
      name: 'backup',
      summary: 'Make a sealed backup of the metadata while gateways go on',
      description:
        'With --now a gateway makes one at once, as it does on its schedule: sealed to the operator’s recovery key and stored on ' +
        'several backends. With --to this command dumps the database itself into a file, sealed to public keys. ' +
        'Secrets of tenants and backends are in it as they lie in the database: sealed under TENANT_SECRET_PASSPHRASE.',
      options: [
        new Option('--now', 'let a gateway make one on the backends, and wait for it'),
        new Option('--to <file>', 'file to write; it must not exist'),
        new Option('--recipient <file...>', 'public key (JWK) of whoever may restore that file'),
        databaseOption(),
      ],
      needs: ['control'],
      examples: [
        'sealgate metadata backup --now',
        'sealgate metadata backup --to metadata.sgd --recipient recovery-public.jwk',
      ],
      handler: async () => (await load()).backupMetadata,
    },
    deps,
  );
  leaf(
    metadata,
    {
      name: 'list',
      summary: 'Show the backups of the metadata that lie on backends',
      needs: ['control'],
      examples: ['sealgate metadata list', 'sealgate metadata list --json'],
      handler: async () => (await import('../commands/metadata-backups.ts')).listBackups,
    },
    deps,
  );
  leaf(
    metadata,
    {
      name: 'restore',
      summary: 'Fill an empty database with a sealed backup',
      description:
        'From a file, or from the newest backup on backends that can be read (as "sealgate recover" takes them). ' +
        'Refused by a database that has metadata. Start the gateways on it with the passphrase that the old one had. ' +
        'The sweep for orphans is held there until "sealgate housekeeping release": what was written after the backup ' +
        'is unknown to it.',
      options: [
        new Option(
          '--from <place>',
          'a backup in a file, a folder with one folder for each backend, or a YAML or JSON list of backends',
        ).makeOptionMandatory(),
        new Option('--key <file>', 'private key (JWK) of a recipient').makeOptionMandatory(),
        new Option('--id <id>', 'this one of the backups on the backends, not the newest'),
        databaseOption(),
      ],
      examples: [
        'sealgate metadata restore --from backends.yaml --key recovery-key.json --database-url postgres://sealgate@db.example/sealgate',
        'sealgate metadata restore --from metadata.sgd --key recovery.jwk --database-url postgres://sealgate@db.example/sealgate',
      ],
      handler: async () => (await load()).restoreBackup,
    },
    deps,
  );
}
