import { type Command, Option } from 'commander';
import { quotaOptions } from './accounting.ts';
import { addBackendLifeCycle } from './backend-life-cycle.ts';
import { choice, decimalOption, leaf, listOption, noun, numberOption, type ProgramDeps } from './command.ts';
import { addPolicyCommands } from './policies.ts';
import { addProviderCommands } from './providers.ts';
import { addTenantEnd } from './tenant-end.ts';

/** tenant, backend, policy: what an operator does, with the operator key. */
export function addOperatorCommands(program: Command, deps: ProgramDeps): void {
  addTenantCommands(program, deps);
  addBackendCommands(program, deps);
  addProviderCommands(program, deps);
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
        recordsOption(),
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
        recordsOption(),
      ],
      needs: ['control'],
      examples: [
        'sealgate tenant update acme --state suspended',
        'sealgate tenant update lab --legacy-signatures on',
        'sealgate tenant update lab --quota-bytes 10GiB --quota-objects none',
        'sealgate tenant update acme --request-records synchronous',
      ],
      handler: async () => (await load()).updateTenant,
    },
    deps,
  );
  addTenantEnd(tenants, deps);
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

function recordsOption(): Option {
  return choice(
    '--request-records <mode>',
    'how its requests are recorded in the audit log; default: as the gateway says',
    ['off', 'batched', 'synchronous', 'default'],
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
        'sealgate backend add hel --provider upcloud --zone FI-HEL1-UPCLOUD --endpoint https://abc.upcloudobjects.com --access-key-id AKIA... --secret-file hel.secret',
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
      options: [new Option('--claims', 'what the provider catalogue claims of them, beside what the probe found')],
      needs: ['control'],
      examples: ['sealgate backend list', 'sealgate backend list --claims'],
      handler: async () => (await load()).listBackends,
    },
    deps,
  );
  addBackendFactCommands(backends, deps);
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

function addBackendFactCommands(backends: Command, deps: ProgramDeps): void {
  const load = () => import('../commands/backends.ts');
  leaf(
    backends,
    {
      name: 'price',
      summary: 'Say what a backend costs, and how quick it is expected to be',
      arguments: [['<id>', 'the backend']],
      options: [
        decimalOption('--storage <price>', 'of a GB (10^9 bytes) and month'),
        decimalOption('--egress <price>', 'of a GB that is read'),
        decimalOption('--requests <price>', 'of a thousand requests that write'),
        new Option('--currency <code>', 'of the prices (EUR)'),
        decimalOption('--latency <ms>', 'milliseconds to the first byte that you expect'),
      ],
      needs: ['control'],
      examples: ['sealgate backend price hel --storage 0.0119 --egress 0.01 --latency 12'],
      handler: async () => (await load()).priceBackend,
    },
    deps,
  );
  leaf(
    backends,
    {
      name: 'accept-catalogue',
      summary: 'Take over the legal facts that the provider catalogue has for a backend now',
      arguments: [['<id>', 'the backend']],
      options: [new Option('--zone <code>', 'its zone in the catalogue; the recorded one unless given')],
      needs: ['control'],
      examples: ['sealgate backend accept-catalogue hel'],
      handler: async () => (await load()).acceptCatalogue,
    },
    deps,
  );
}

function backendOptions(): Option[] {
  return [
    new Option('--zone <code>', 'a zone of the provider catalogue, which fills in what is not given here'),
    new Option('--endpoint <url>', 'URL of an S3 endpoint, or a folder'),
    new Option('--provider <name>', 'who runs it'),
    new Option('--region <name>', 'your name of the place; spread rules count it'),
    new Option('--country <code>', 'where the bytes are: ISO 3166-1 alpha-2'),
    new Option('--jurisdiction <code>', 'EU, EEA, CH, US, ...'),
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
