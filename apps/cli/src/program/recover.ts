import { type Command, Option } from 'commander';
import { leaf, noun, numberOption, type ProgramDeps } from './command.ts';

export function addRecoverCommand(program: Command, deps: ProgramDeps): void {
  leaf(
    program,
    {
      name: 'recover',
      summary: 'Restore objects from backends and your keys alone',
      description:
        'Restores objects to a folder or an S3 bucket with nothing of a gateway: from the recovery manifests and bytes that lie on the ' +
        'backends, and your private keys. Backends may be missing, stale or damaged as long as enough copies or shards are ' +
        'left; every block is verified. Run again, it goes on where it stopped. Files appear as DIR/<tenant>/<bucket>/<key>; ' +
        'names that are not safe on a disk are encoded (docs/spec/recovery.md). DIR/.sealgate-recover/report.jsonl lists every ' +
        'version with its headers and tags. With --to s3://BUCKET/PREFIX they become objects of that bucket, on the endpoint that ' +
        'AWS_ENDPOINT_URL names and with its headers, metadata and tags: PREFIX/<tenant>/<bucket>/<key>, or with --bucket ' +
        'PREFIX/<key>; the report is then in the state folder and named at the end. Exit code 1: some could not be restored; 4: some were damaged.',
      options: [
        new Option(
          '--from <place>',
          'a folder with one folder for each backend, or a YAML or JSON list of backends',
        ).makeOptionMandatory(),
        new Option('--to <place>', 'the folder, or s3://bucket[/prefix], to restore to'),
        new Option('--tenant <name>', 'only buckets of this tenant'),
        new Option('--bucket <name>', 'only buckets of this name'),
        new Option('--at <time>', 'as it was then, for example 2026-11-28T12:00:00Z'),
        new Option('--versions', 'every version, not only the current ones'),
        new Option('--sealed', 'sealed objects as they are stored, without opening them'),
        new Option('--dry-run', 'show what there is and write nothing'),
        new Option('--key <file...>', 'private keys (JWK) besides those of the key store, for example the operator’s'),
        new Option(
          '--gateway-key <file>',
          'the public keys of the gateway, as "sealgate audit key" shows them: manifests that none of them signed are refused',
        ),
        numberOption('--timeout <seconds>', 'how long a backend may take for one listing or document (120)'),
        new Option('--profile <name>', 'a profile of the AWS tools (~/.aws), for --to s3://'),
        new Option('--endpoint-url <url>', 'the endpoint of --to s3:// (AWS_ENDPOINT_URL)'),
        new Option('--region <name>', 'the region to sign for (AWS_REGION)'),
      ],
      examples: [
        'sealgate recover --from data/backends --to restored --dry-run',
        'sealgate recover --from backends.yaml --to restored --bucket vault',
        'sealgate recover --from backends.yaml --to restored --at 2026-11-28T12:00:00Z --key recovery-key.json',
        'sealgate recover --from backends.yaml --to restored --gateway-key audit.pub',
        'sealgate recover --from backends.yaml --to s3://vault --bucket vault --sealed --endpoint-url https://s3.example',
      ],
      handler: async () => (await import('../commands/recover.ts')).recover,
    },
    deps,
  );
}

/** recovery: the manifests that `recover` starts from, while there is a gateway. */
export function addRecoveryCommands(program: Command, deps: ProgramDeps): void {
  const recovery = noun(program, 'recovery', 'Recovery manifests: what makes recovery without a gateway possible');
  const load = () => import('../commands/recovery.ts');
  leaf(
    recovery,
    {
      name: 'status',
      summary: 'Show for each bucket who could recover it, and how fresh its manifest is',
      needs: ['control'],
      examples: ['sealgate recovery status'],
      handler: async () => (await load()).recoveryStatus,
    },
    deps,
  );
  leaf(
    recovery,
    {
      name: 'rebuild',
      summary: 'Have manifests written anew, and remove the old ones',
      description: 'After keys were rotated: the older documents hold the older wrapped keys.',
      arguments: [['[bucket]', 'one bucket; all of the tenant when left out']],
      needs: ['control'],
      examples: ['sealgate recovery rebuild', 'sealgate recovery rebuild vault'],
      handler: async () => (await load()).rebuild,
    },
    deps,
  );
}
