import { type Command, Option } from 'commander';
import { bytesOption, leaf, listOption, numberOption, numberOrNoneOption, type ProgramDeps } from './command.ts';

const load = () => import('../commands/backend-life-cycle.ts');
const ID: readonly [string, string] = ['<id>', 'the backend'];

/** What becomes of a backend after it was registered. */
export function addBackendLifeCycle(backends: Command, deps: ProgramDeps): void {
  leaf(
    backends,
    {
      name: 'show',
      summary: 'One backend: facts, what it holds, how far a drain, a scrub or a rebalance is',
      arguments: [ID],
      needs: ['control'],
      examples: ['sealgate backend show hel'],
      handler: async () => (await load()).showBackend,
    },
    deps,
  );
  leaf(
    backends,
    {
      name: 'update',
      summary: 'Correct facts of a backend; what may not be there any more is moved',
      arguments: [ID],
      options: factOptions(),
      needs: ['control'],
      examples: ['sealgate backend update hel --country SE', 'sealgate backend update hel --weight 50'],
      handler: async () => (await load()).updateBackend,
    },
    deps,
  );
  addWords(backends, deps);
  leaf(
    backends,
    {
      name: 'rebalance',
      summary: 'Move to a backend its share of what is stored',
      arguments: [ID],
      needs: ['control'],
      examples: ['sealgate backend rebalance new-backend'],
      handler: async () => (await load()).rebalanceBackend,
    },
    deps,
  );
  leaf(
    backends,
    {
      name: 'limit',
      summary: 'Bound what background work takes of a backend; requests of clients are not held back',
      description:
        'Bound what repairs, replications, drains, rebalances and scrubs take of a backend. All processes that work in the background (gateways and agents) share it: each takes its part, and never less than one at a time and 256 KiB a second. It holds from the next seconds on, also for what is under way. "none" takes a bound away.',
      arguments: [ID],
      options: [
        bytesOption('--background-bandwidth <bytes>', 'a second, both ways together, at least 256KiB; or "none"'),
        numberOrNoneOption('--background-concurrency <number>', 'blobs or shards worked on at once; or "none"'),
      ],
      needs: ['control'],
      examples: [
        'sealgate backend limit hel --background-bandwidth 20MiB --background-concurrency 4',
        'sealgate backend limit hel --background-bandwidth none',
      ],
      handler: async () => (await import('../commands/backend-limits.ts')).limitBackend,
    },
    deps,
  );
}

function addWords(backends: Command, deps: ProgramDeps): void {
  const words = {
    drain: 'Empty a backend: nothing new goes there, and all that it holds moves where policy allows',
    resume: 'Use a backend again that is being emptied',
    retire: 'Take a drained and empty backend out of use for good',
  } as const;
  for (const [word, summary] of Object.entries(words) as [keyof typeof words, string][]) {
    leaf(
      backends,
      {
        name: word,
        summary,
        arguments: [ID],
        needs: ['control'],
        examples: [`sealgate backend ${word} hel`],
        handler: async () => (await load()).tellBackend(word),
      },
      deps,
    );
  }
}

function factOptions(): Option[] {
  return [
    new Option('--provider <name>', 'who runs it'),
    new Option('--region <name>', 'your name of the place; spread rules count it'),
    new Option('--country <code>', 'where the bytes are: ISO 3166-1 alpha-2'),
    new Option('--jurisdiction <code>', 'EU, EEA, CH, US, ...'),
    new Option('--operator-jurisdiction <code>', "seat of the operator's ultimate parent"),
    listOption('--certificate <names>', 'all that it has, for example ISO27001,C5'),
    new Option('--sla <text>', 'what it promises'),
    numberOption('--weight <number>', 'share of new blobs relative to other backends'),
  ];
}
