import { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { addAccountingCommands, addSecretCommands } from './accounting.ts';
import { addAgentCommands } from './agents.ts';
import { addAuditCommands } from './audit.ts';
import { addBucketCommands } from './buckets.ts';
import { examplesText, type ProgramDeps, refuseOutputOptions, withOutputOptions } from './command.ts';
import { addEvidenceCommands } from './evidence.ts';
import { addHousekeepingCommands } from './housekeeping.ts';
import { addIdentityCommands } from './identity.ts';
import { addJobCommands } from './jobs.ts';
import { addKeyCommands } from './keys.ts';
import { addMetadataCommands } from './metadata.ts';
import { addObjectCommands } from './objects.ts';
import { addOperatorCommands } from './operator.ts';
import { addRecoverCommand, addRecoveryCommands } from './recover.ts';
import { addRewrapCommand } from './rewrap.ts';
import { addSnapshotCommands } from './snapshots.ts';
import { addWebhookCommands } from './webhooks.ts';
import { addWriterCommands } from './writers.ts';

/** What scripts may rely on. */
export const EXIT_CODES = [
  { code: exitCodes.done, meaning: 'done' },
  { code: exitCodes.failed, meaning: 'failed' },
  { code: exitCodes.usage, meaning: 'wrong usage' },
  { code: exitCodes.refused, meaning: 'refused by policy' },
  { code: exitCodes.integrity, meaning: 'integrity failure: nothing that failed the check was written' },
] as const;

/** The command tree. Declares only: what a command does is loaded when it runs. */
export function createProgram(deps: ProgramDeps, version: string): Command {
  const program = new Command('sealgate')
    .description('Sealed objects on several S3 providers. You hold the keys; the gateway never sees your data.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('Run it with --help to see how.')
    .enablePositionalOptions();
  withOutputOptions(program);
  addObjectCommands(program, deps);
  addKeyCommands(program, deps);
  addRewrapCommand(program, deps);
  addWriterCommands(program, deps);
  addBucketCommands(program, deps);
  addOperatorCommands(program, deps);
  addSnapshotCommands(program, deps);
  addAccountingCommands(program, deps);
  addSecretCommands(program, deps);
  addIdentityCommands(program, deps);
  addWebhookCommands(program, deps);
  addHousekeepingCommands(program, deps);
  addMetadataCommands(program, deps);
  addAuditCommands(program, deps);
  addJobCommands(program, deps);
  addRecoverCommand(program, deps);
  addRecoveryCommands(program, deps);
  addEvidenceCommands(program, deps);
  addAgentCommands(program, deps);
  program
    .command('serve')
    .summary('Start a gateway')
    .description(
      'Starts a gateway: with no settings at all, one with an embedded database and demo backends in ./data. ' +
        'Every setting is an option here, a SEALGATE_* variable or a line of sealgate.yaml: see docs/reference/configuration.md.',
    )
    .argument('[settings...]', 'for example --data-dir /var/lib/sealgate --s3-port 9000')
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText('after', examplesText(['sealgate serve', 'sealgate serve --data-dir /var/lib/sealgate --workers 4']))
    .action(async (settings: readonly string[], _options: object, command: Command) => {
      refuseOutputOptions(command);
      await deps.serve(settings);
    });
  program.addHelpText(
    'after',
    `${examplesText([
      'sealgate bucket create vault',
      'sealgate put report.pdf s3://vault/report.pdf',
      'sealgate get s3://vault/report.pdf copy.pdf',
    ])}\nExit codes: ${EXIT_CODES.map(({ code, meaning }) => `${code} ${meaning}`).join(', ')}.\n`,
  );
  return program;
}
