import { type Command, Option } from 'commander';
import { leaf, listOption, noun, type ProgramDeps } from './command.ts';

const FILE = ['<file>', 'a YAML document'] as const;
const load = () => import('../commands/policies.ts');
const loadTools = () => import('../commands/policy-tools.ts');

export function addPolicyCommands(program: Command, deps: ProgramDeps): void {
  const policies = noun(program, 'policy', 'Policies: where data may live and how safe it must be');
  addDocumentCommands(policies, deps);
  addToolCommands(policies, deps);
}

function addDocumentCommands(policies: Command, deps: ProgramDeps): void {
  leaf(
    policies,
    {
      name: 'check',
      summary: 'Check policy documents, without a gateway',
      arguments: [['<files...>', 'YAML documents']],
      examples: ['sealgate policy check eu-only.yaml', 'sealgate policy check policies/*.yaml'],
      handler: async () => (await load()).checkPolicies,
    },
    deps,
  );
  leaf(
    policies,
    {
      name: 'test',
      summary: 'Run tests of policies, without a gateway',
      description:
        'Runs tests of policies (given ... expect ..., see docs/spec/policy.md), without a gateway. Ends with 1 when one fails.',
      arguments: [['<files...>', 'YAML files of tests']],
      options: [new Option('--catalogue <file>', 'another provider catalogue than the one of this copy')],
      examples: ['sealgate policy test eu-only.test.yaml'],
      handler: async () => (await load()).testPolicies,
    },
    deps,
  );
  leaf(
    policies,
    {
      name: 'apply',
      summary: 'Apply a policy document as a new version',
      arguments: [FILE],
      options: [new Option('--dry-run', 'say what would change, apply nothing')],
      needs: ['control'],
      examples: ['sealgate policy apply eu-only.yaml', 'sealgate policy apply eu-only.yaml --dry-run'],
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

/** What would hold for backends that are not there. */
function againstOptions(): Option[] {
  const group = (option: Option): Option => option.helpGroup('Backends that are not there:');
  return [
    new Option('--against <what>', '"catalogue": each zone of the provider catalogue; or a file of a BackendPlan'),
    new Option('--within <file>', 'an outer policy that it narrows, the outermost first').argParser(
      (path: string, before: readonly string[] | undefined) => [...(before ?? []), path],
    ),
    listOption('--provider <ids>', 'only zones of these providers'),
    new Option('--jurisdiction <code>', 'only zones that certainly lie there, for example EU'),
    new Option('--country <code>', 'only zones in this country'),
    new Option('--catalogue <file>', 'another provider catalogue than the one of this copy'),
  ].map(group);
}

function addToolCommands(policies: Command, deps: ProgramDeps): void {
  const bucket = new Option('--bucket <name>', "within the policies of this bucket of the tenant's");
  leaf(
    policies,
    {
      name: 'explain',
      summary: 'For each backend the rule that admits or refuses it, for each class whether it can be placed now',
      description:
        'Explains a document, or what holds for --tenant and --bucket, or a document as if it were attached there. With --against: for backends that could be had, and without --tenant no gateway is needed. Ends with 3 when new objects of the default class are refused.',
      arguments: [['[file]', 'a YAML document']],
      options: [bucket, ...againstOptions()],
      needs: ['control'],
      examples: [
        'sealgate policy explain eu-only.yaml',
        'sealgate policy explain --tenant acme --bucket vault',
        'sealgate policy explain eu-only.yaml --tenant acme',
        'sealgate policy explain eu-only.yaml --against catalogue --provider hetzner,scaleway',
      ],
      handler: async () => (await loadTools()).explainPolicy,
    },
    deps,
  );
  leaf(
    policies,
    {
      name: 'diff',
      summary: 'What a document changes, in its text and in its effect',
      description:
        'Compares a document with the version that is applied. Ends with 3 when new objects of a class would be refused that are not now.',
      arguments: [FILE],
      options: [bucket],
      needs: ['control'],
      examples: ['sealgate policy diff eu-only.yaml', 'sealgate policy diff eu-only.yaml --tenant acme'],
      handler: async () => (await loadTools()).diffPolicy,
    },
    deps,
  );
  leaf(
    policies,
    {
      name: 'simulate',
      summary: 'What a document would move, refuse and cost, from the live metadata',
      description:
        'Judges stored bytes as the reconciliation would under the document, changes nothing. Without --tenant: for all buckets that have the policy. With --against: for backends that could be had and volumes that could be stored, and without --tenant no gateway is needed. Ends with 3 when something would be refused.',
      arguments: [FILE],
      options: [bucket, ...againstOptions()],
      needs: ['control'],
      examples: [
        'sealgate policy simulate eu-only.yaml',
        'sealgate policy simulate eu-only.yaml --tenant acme --json',
        'sealgate policy simulate eu-only.yaml --against catalogue --jurisdiction EU',
        'sealgate policy simulate tenant.yaml --within eu-only.yaml --against plan.yaml',
      ],
      handler: async () => (await loadTools()).simulatePolicy,
    },
    deps,
  );
}
