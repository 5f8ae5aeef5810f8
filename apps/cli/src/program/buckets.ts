import { type Command, Option } from 'commander';
import { choice, leaf, listOption, noun, type ProgramDeps } from './command.ts';

const NAME = ['<name>', 'the bucket'] as const;
const bucketOptions = (): Option[] => [
  choice('--encryption <mode>', 'required: sealed objects only; report: accept and record; off', [
    'required',
    'report',
    'off',
  ]),
  new Option('--policy <name>', 'the policy that says where its bytes may be'),
  listOption('--region-lock <places>', 'jurisdictions and countries, for example EU or FI,DE'),
  new Option('--class <name>', 'redundancy class of its objects'),
  choice(
    '--request-records <mode>',
    'how requests to it are recorded, where that is stricter than what the tenant has',
    ['off', 'batched', 'synchronous', 'none'],
  ),
];

export function addBucketCommands(program: Command, deps: ProgramDeps): void {
  const buckets = noun(program, 'bucket', 'Buckets');
  const load = () => import('../commands/buckets.ts');
  leaf(
    buckets,
    {
      name: 'create',
      summary: 'Create a bucket',
      arguments: [NAME],
      options: bucketOptions(),
      needs: ['s3', 'control'],
      examples: ['sealgate bucket create vault', 'sealgate bucket create records --region-lock FI,DE'],
      handler: async () => (await load()).createBucket,
    },
    deps,
  );
  leaf(
    buckets,
    {
      name: 'list',
      summary: 'List buckets with their settings',
      needs: ['s3', 'control'],
      examples: ['sealgate bucket list'],
      handler: async () => (await load()).listBuckets,
    },
    deps,
  );
  leaf(
    buckets,
    {
      name: 'policy',
      summary: "Show or change a bucket's settings",
      description:
        'Shows the settings of a bucket, or changes those that are given; "none" takes one away. Holds for objects written, and requests made, from now on.',
      arguments: [NAME],
      options: bucketOptions(),
      needs: ['s3', 'control'],
      examples: [
        'sealgate bucket policy vault',
        'sealgate bucket policy vault --encryption report --region-lock none',
        'sealgate bucket policy vault --request-records synchronous',
      ],
      handler: async () => (await load()).bucketPolicy,
    },
    deps,
  );
}
