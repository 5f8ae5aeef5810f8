import { type Command, Option } from 'commander';
import { quotaOptions } from './accounting.ts';
import { addBackendLifeCycle } from './backend-life-cycle.ts';
import { choice, leaf, listOption, noun, numberOption, type ProgramDeps } from './command.ts';

/** tenant, backend, policy: what an operator does, with the operator key. */
export function addOperatorCommands(program: Command, deps: ProgramDeps): void {
  addTenantCommands(program, deps);
  addBackendCommands(program, deps);
  addPolicyCommands(program, deps);
}

function addTenantCommands(program: Command, deps: ProgramDeps): void {
  const tenants = noun(program, 'tenant', 'Tenants');
  const load = () => import('../commands/tenants.ts');
  leaf(
    tenants,
    {
      name: 'create',
      summary: 'Create a tenant with a first key pair for S3',
      arguments: [['<name>', 'letters, digits, dots, hyphens']],
      options: [
        choice('--default-encryption <mode>', 'encryption mode of its new buckets', ['required', 'report', 'off']),
        new Option('--namespace <name>', 'bucket names are unique within a namespace'),
        new Option('--display-name <text>', 'name for people'),
        new Option('--email <address>', 'whom to write to'),
        new Option('--policy <name>', 'the policy of its buckets'),
        ...dialectOptions(),
        ...quotaOptions(),
      ],
      needs: ['control'],
      examples: ['sealgate tenant create acme', 'sealgate tenant create lab --default-encryption off --json'],
      handler: async () => (await load()).createTenant,
    },
    deps,
  );
  leaf(
    tenants,
    {
      name: 'update',
      summary: 'Suspend or resume a tenant, or change its settings',
      arguments: [['<name>', 'name or id of the tenant']],
      options: [
        choice('--state <state>', 'whether its requests are served', ['active', 'suspended']),
        choice('--default-encryption <mode>', 'encryption mode of its new buckets', ['required', 'report', 'off']),
        new Option('--display-name <text>', 'name for people'),
        new Option('--policy <name>', 'the policy of its buckets'),
        ...dialectOptions(),
        ...quotaOptions(),
      ],
      needs: ['control'],
      examples: [
        'sealgate tenant update acme --state suspended',
        'sealgate tenant update lab --legacy-signatures on',
        'sealgate tenant update lab --quota-bytes 10GiB --quota-objects none',
      ],
      handler: async () => (await load()).updateTenant,
    },
    deps,
  );
  leaf(
    tenants,
    {
      name: 'list',
      summary: 'List tenants',
      needs: ['control'],
      examples: ['sealgate tenant list'],
      handler: async () => (await load()).listTenants,
    },
    deps,
  );
}

/** Switches of the S3 dialect that the tenant's clients see. */
function dialectOptions(): Option[] {
  const ownerships = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'];
  return [
    choice('--object-ownership <mode>', 'ownership of its new buckets; ACLs need one of the last two', ownerships),
    choice('--legacy-signatures <switch>', 'accept Signature Version 2', ['on', 'off']),
    choice('--block-public-access <switch>', 'whether its new buckets block public access', ['on', 'off']),
  ];
}

function addBackendCommands(program: Command, deps: ProgramDeps): void {
  const backends = noun(program, 'backend', 'Backends: where the sealed bytes are kept');
  const load = () => import('../commands/backends.ts');
  leaf(
    backends,
    {
      name: 'add',
      summary: 'Register a backend, after a look at what it can do',
      arguments: [['<id>', 'your id of the backend']],
      options: backendOptions(),
      needs: ['control'],
      examples: [
        'sealgate backend add hel --endpoint https://s3.example.fi --access-key-id AKIA... --secret-file hel.secret --provider example --region fi-helsinki --country FI --jurisdiction EU',
      ],
      handler: async () => (await load()).addBackend,
    },
    deps,
  );
  leaf(
    backends,
    {
      name: 'list',
      summary: 'List backends with their health',
      needs: ['control'],
      examples: ['sealgate backend list'],
      handler: async () => (await load()).listBackends,
    },
    deps,
  );
  leaf(
    backends,
    {
      name: 'probe',
      summary: 'Try what a backend can do, and remember it',
      arguments: [['<id>', 'the backend']],
      needs: ['control'],
      examples: ['sealgate backend probe hel'],
      handler: async () => (await load()).probeBackend,
    },
    deps,
  );
  addBackendLifeCycle(backends, deps);
}

function backendOptions(): Option[] {
  return [
    new Option('--endpoint <url>', 'URL of an S3 endpoint, or a folder').makeOptionMandatory(),
    new Option('--provider <name>', 'who runs it').makeOptionMandatory(),
    new Option('--region <name>', 'your name of the place; spread rules count it').makeOptionMandatory(),
    new Option('--country <code>', 'where the bytes are: ISO 3166-1 alpha-2').makeOptionMandatory(),
    new Option('--jurisdiction <code>', 'EU, EEA, CH, US, ...').makeOptionMandatory(),
    new Option('--operator-jurisdiction <code>', "seat of the operator's ultimate parent"),
    choice('--type <type>', 'what it is', ['s3', 'filesystem']),
    new Option('--provider-region <name>', 'the region that requests to it are signed for'),
    choice('--addressing <form>', 'where the bucket stands in the URL', ['path', 'virtual']),
    new Option('--access-key-id <id>', 'its access key; the secret comes from --secret-file'),
    new Option('--secret-file <file>', 'file with the secret access key (SEALGATE_BACKEND_SECRET_ACCESS_KEY)'),
    choice('--custody <mode>', 'who holds its credentials', ['gateway', 'agent', 'client']),
    listOption('--certificate <names>', 'for example ISO27001,C5'),
    new Option('--sla <text>', 'what it promises'),
    numberOption('--weight <number>', 'share of new blobs relative to other backends'),
    new Option('--no-probe', 'register it without trying what it can do'),
    new Option('--force', 'register it although it does not answer'),
  ];
}

function addPolicyCommands(program: Command, deps: ProgramDeps): void {
  const policies = noun(program, 'policy', 'Policies: where data may live and how safe it must be');
  const load = () => import('../commands/policies.ts');
  leaf(
    policies,
    {
      name: 'check',
      summary: 'Check a policy document, without a gateway',
      arguments: [['<file>', 'a YAML document']],
      examples: ['sealgate policy check eu-only.yaml'],
      handler: async () => (await load()).checkPolicy,
    },
    deps,
  );
  leaf(
    policies,
    {
      name: 'apply',
      summary: 'Apply a policy document as a new version',
      arguments: [['<file>', 'a YAML document']],
      needs: ['control'],
      examples: ['sealgate policy apply eu-only.yaml'],
      handler: async () => (await load()).applyPolicy,
    },
    deps,
  );
  leaf(
    policies,
    {
      name: 'list',
      summary: 'List policies with their versions',
      needs: ['control'],
      examples: ['sealgate policy list'],
      handler: async () => (await load()).listPolicies,
    },
    deps,
  );
}
