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
      summary: 'Write a sealed backup of the metadata while gateways go on',
      description:
        'Dumps all metadata at one moment, compresses it and seals it to public keys, so that only their owners can read it. ' +
        'Secrets of tenants and backends are in it as they lie in the database: sealed under TENANT_SECRET_PASSPHRASE.',
      options: [
        new Option('--to <file>', 'file to write; it must not exist').makeOptionMandatory(),
        new Option('--recipient <file...>', 'public key (JWK) of whoever may restore it').makeOptionMandatory(),
        databaseOption(),
      ],
      examples: ['sealgate metadata backup --to metadata.sgd --recipient recovery-public.jwk'],
      handler: async () => (await load()).backupMetadata,
    },
    deps,
  );
  leaf(
    metadata,
    {
      name: 'restore',
      summary: 'Fill an empty database with a sealed backup',
      description:
        'Refused by a database that has metadata. Start the gateways on it with the passphrase that the old one had. ' +
        'The sweep for orphans is held there until "sealgate housekeeping release": what was written after the backup ' +
        'is unknown to it.',
      options: [
        new Option('--from <file>', 'the backup').makeOptionMandatory(),
        new Option('--key <file>', 'private key (JWK) of a recipient').makeOptionMandatory(),
        databaseOption(),
      ],
      examples: [
        'sealgate metadata restore --from metadata.sgd --key recovery.jwk --database-url postgres://sealgate@db.example/sealgate',
      ],
      handler: async () => (await load()).restoreBackup,
    },
    deps,
  );
}
