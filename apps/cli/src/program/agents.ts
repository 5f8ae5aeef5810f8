import { type Command, Option } from 'commander';
import {
  examplesText,
  leaf,
  listOption,
  noun,
  numberOption,
  type ProgramDeps,
  refuseOutputOptions,
} from './command.ts';

const load = () => import('../commands/agents.ts');
const NAME: readonly [string, string] = ['<name>', 'the agent'];

/** agent: workers outside of the gateway. Alone it runs one. */
export function addAgentCommands(program: Command, deps: ProgramDeps): void {
  const agents = noun(program, 'agent', 'Agents: workers with credentials of their own; alone it runs one');
  agents
    .command('run', { isDefault: true })
    .summary('Run an agent')
    .description(
      'Runs an agent: over a control listener (SEALGATE_CONTROL_URL) with a key of its own, settings and credentials in ' +
        'agent.yaml; or over the database (DATABASE_URL, TENANT_SECRET_PASSPHRASE) with the settings of a gateway, whose ' +
        'background work it does. See docs/spec/jobs-and-agents.md.',
    )
    .argument('[settings...]', 'for example --config /etc/sealgate/agent.yaml')
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText('after', examplesText(['sealgate agent', 'sealgate agent run --config /etc/sealgate/agent.yaml']))
    .action(async (settings: readonly string[], _options: object, command: Command) => {
      refuseOutputOptions(command);
      await deps.runAgent(settings);
    });
  leaf(
    agents,
    {
      name: 'create',
      summary: 'Make an agent and the token that it enrols with',
      arguments: [['<name>', 'small letters, digits, hyphens']],
      options: [
        listOption('--backends <ids>', 'only these, with commas between; else all that it has credentials of'),
        listOption('--kinds <kinds>', 'repair, replicate, or both (both)'),
        numberOption('--minutes <number>', 'how long the token is good (60)'),
      ],
      needs: ['control'],
      examples: [
        'sealgate agent create helsinki',
        'sealgate agent create vault --backends vault-1 --kinds repair,replicate',
      ],
      handler: async () => (await load()).createAgent,
    },
    deps,
  );
  leaf(
    agents,
    {
      name: 'protect',
      summary: 'Put the secrets of the agent on this machine under a passphrase',
      description:
        'Seals its own keys, and the secrets of backends that agent.yaml has in the clear. The passphrase is asked for, or taken from ' +
        'SEALGATE_AGENT_PASSPHRASE or the file that SEALGATE_AGENT_PASSPHRASE_FILE names; the agent starts with the same. ' +
        'Done again it seals what was added, and with SEALGATE_AGENT_NEW_PASSPHRASE (or _FILE) gives another passphrase.',
      options: [new Option('--config <file>', 'settings of the agent (SEALGATE_AGENT_CONFIG, else agent.yaml)')],
      examples: ['sealgate agent protect', 'sealgate agent protect --config /etc/sealgate/agent.yaml'],
      handler: async () => (await import('../commands/agent-protect.ts')).protectAgentSecrets,
    },
    deps,
  );
  addLookCommands(agents, deps);
  addChangeCommands(agents, deps);
}

function addLookCommands(agents: Command, deps: ProgramDeps): void {
  leaf(
    agents,
    {
      name: 'list',
      summary: 'List agents',
      needs: ['control'],
      examples: ['sealgate agent list'],
      handler: async () => (await load()).listAgents,
    },
    deps,
  );
  leaf(
    agents,
    {
      name: 'show',
      summary: 'Show one agent with what it holds',
      arguments: [NAME],
      needs: ['control'],
      examples: ['sealgate agent show helsinki'],
      handler: async () => (await load()).showAgent,
    },
    deps,
  );
}

function addChangeCommands(agents: Command, deps: ProgramDeps): void {
  for (const [name, summary] of [
    ['disable', 'Take everything from an agent, at once'],
    ['enable', 'Let an agent work again'],
  ] as const) {
    leaf(
      agents,
      {
        name,
        summary,
        arguments: [NAME],
        needs: ['control'],
        examples: [`sealgate agent ${name} helsinki`],
        handler: async () => (await load())[name === 'disable' ? 'disableAgent' : 'enableAgent'],
      },
      deps,
    );
  }
  leaf(
    agents,
    {
      name: 'remove',
      summary: 'Forget an agent that has custody of no backend',
      arguments: [NAME],
      needs: ['control'],
      examples: ['sealgate agent remove helsinki'],
      handler: async () => (await load()).removeAgent,
    },
    deps,
  );
}
