import { type Command, Option } from 'commander';
import { leaf, noun, numberOption, type ProgramDeps } from './command.ts';

const load = () => import('../commands/webhooks.ts');
const NAME: readonly [string, string] = ['<name>', 'the webhook'];

/** webhook: where notifications of buckets go. */
export function addWebhookCommands(program: Command, deps: ProgramDeps): void {
  const webhooks = noun(program, 'webhook', 'Webhooks: where notifications of buckets go');
  leaf(
    webhooks,
    {
      name: 'create',
      summary: 'Register a webhook of a tenant',
      arguments: [['<name>', 'small letters, digits, dots, hyphens, underscores']],
      options: [
        new Option('--url <url>', 'https:// and where messages are posted to').makeOptionMandatory(),
        new Option('--header <header...>', 'sent with every message, as "Name: value"'),
        new Option('--secret-file <file>', 'file with the signing key (whsec_...); without one it is made'),
        new Option('--no-sign', 'do not sign messages'),
      ],
      needs: ['control'],
      examples: ['sealgate webhook create thumbnails --url https://hooks.example.com/s3'],
      handler: async () => (await load()).createWebhook,
    },
    deps,
  );
  leaf(
    webhooks,
    {
      name: 'list',
      summary: 'List webhooks with what waits for them',
      needs: ['control'],
      examples: ['sealgate webhook list'],
      handler: async () => (await load()).listWebhooks,
    },
    deps,
  );
  leaf(
    webhooks,
    {
      name: 'delete',
      summary: 'Remove a webhook that no bucket names',
      arguments: [NAME],
      needs: ['control'],
      examples: ['sealgate webhook delete thumbnails'],
      handler: async () => (await load()).deleteWebhook,
    },
    deps,
  );
  addDeadLetterCommands(webhooks, deps);
}

function addDeadLetterCommands(webhooks: Command, deps: ProgramDeps): void {
  leaf(
    webhooks,
    {
      name: 'dead-letters',
      summary: 'List messages that were given up',
      arguments: [NAME],
      needs: ['control'],
      examples: ['sealgate webhook dead-letters thumbnails'],
      handler: async () => (await load()).listDeadLetters,
    },
    deps,
  );
  leaf(
    webhooks,
    {
      name: 'redrive',
      summary: 'Send messages that were given up again, the oldest first',
      arguments: [NAME],
      options: [numberOption('--limit <number>', 'at most so many')],
      needs: ['control'],
      examples: ['sealgate webhook redrive thumbnails'],
      handler: async () => (await load()).redriveWebhook,
    },
    deps,
  );
}
