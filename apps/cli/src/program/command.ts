import { type Command, Option } from 'commander';
import { usageError } from '../cli-error.ts';
import type { CommandContext, CommonOptions } from '../context.ts';

/** Runs a command's work in a context: makes the context, awaits the work, turns failures into exit codes. */
export type Execute = (
  options: CommonOptions,
  work: (context: CommandContext) => Promise<void>,
  how?: { readonly dataOnStdout: boolean },
) => Promise<void>;

/** A module of commands is loaded when one of them runs, so that `--help` and the others start at once. */
export type Handler<Args extends readonly unknown[], Options> = (
  context: CommandContext,
  args: Args,
  options: Options,
) => Promise<void>;

export interface ProgramDeps {
  readonly execute: Execute;
  /** `sealgate serve` takes no context: it is another program. */
  readonly serve: (args: readonly string[]) => Promise<void>;
  /** `sealgate agent`, alone or with `run`: another program too. */
  readonly runAgent: (args: readonly string[]) => Promise<void>;
}

const CONNECTION_GROUP = 'Connection:';
const OUTPUT_GROUP = 'Output:';

/** Headings of options that many commands take. */
export const sharedGroups: ReadonlySet<string | undefined> = new Set([CONNECTION_GROUP, OUTPUT_GROUP]);

/** How results are told: to be said before a command or behind it. */
export function withOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'results and failures as JSON').helpGroup(OUTPUT_GROUP))
    .addOption(new Option('--quiet', 'no remarks, no progress bar').helpGroup(OUTPUT_GROUP))
    .addOption(new Option('--debug', 'show where a failure comes from').helpGroup(OUTPUT_GROUP));
}

/** A server writes a log and no results: what it is asked before its name it would not heed. */
export function refuseOutputOptions(server: Command): void {
  const [given] = Object.keys(server.optsWithGlobals());
  if (given !== undefined) server.error(`error: --${given} before "${server.name()}" means nothing`);
}

/** Adds what every command takes. `needs`: which listeners it speaks to. */
function withCommonOptions(command: Command, needs: readonly ('s3' | 'control')[]): Command {
  withOutputOptions(command);
  if (needs.length === 0) return command;
  const add = (flags: string, description: string): void => {
    command.addOption(new Option(flags, description).helpGroup(CONNECTION_GROUP));
  };
  add('--profile <name>', 'a profile of the AWS tools (~/.aws)');
  add('--tenant <name>', 'the tenant that owns the buckets (SEALGATE_TENANT)');
  if (needs.includes('s3')) {
    add('--endpoint-url <url>', 'the S3 listener (AWS_ENDPOINT_URL)');
    add('--region <name>', 'the region to sign for (AWS_REGION)');
  }
  if (needs.includes('control')) add('--control-url <url>', 'the control listener (SEALGATE_CONTROL_URL)');
  return command;
}

/** A leaf of the command tree. */
export function leaf<Args extends readonly unknown[], Options extends object>(
  parent: Command,
  spec: {
    readonly name: string;
    readonly summary: string;
    readonly description?: string;
    readonly arguments?: readonly (readonly [flags: string, description: string])[];
    readonly options?: readonly Option[];
    readonly needs?: readonly ('s3' | 'control')[];
    readonly examples: readonly string[];
    readonly handler: () => Promise<Handler<Args, Options>>;
    readonly dataOnStdout?: (args: Args) => boolean;
  },
  { execute }: ProgramDeps,
): void {
  const command = parent
    .command(spec.name)
    .summary(spec.summary)
    .description(spec.description ?? `${spec.summary}.`);
  for (const [flags, description] of spec.arguments ?? []) command.argument(flags, description);
  for (const option of spec.options ?? []) command.addOption(option);
  withCommonOptions(command, spec.needs ?? []);
  command.addHelpText('after', examplesText(spec.examples));
  command.action(async (...received: unknown[]) => {
    // Commander hands over the arguments, the options and the command itself, which knows those before its name too.
    const options = (received.at(-1) as Command).optsWithGlobals<CommonOptions & Options>();
    const args = received.slice(0, -2) as unknown as Args;
    await execute(options, async (context) => (await spec.handler())(context, args, options), {
      dataOnStdout: spec.dataOnStdout?.(args) ?? false,
    });
  });
}

export function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}\n`;
}

/** A noun with its verbs. */
export function noun(program: Command, name: string, summary: string): Command {
  return program.command(name).summary(summary).description(`${summary}.`);
}

export function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

/** `EU` or `FI,DE` as a list. */
export function listOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
}

/** A number that may have decimals, not below zero. */
export function decimalOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => {
    if (!/^\d{1,7}(\.\d{1,9})?$/.test(text))
      throw usageError(`${flags.split(' ', 1)[0] ?? flags} takes a number such as 0.012, not "${text}".`);
    return Number(text);
  });
}

export function numberOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => {
    if (!/^\d{1,9}$/.test(text))
      throw usageError(`${flags.split(' ', 1)[0] ?? flags} takes a whole number, not "${text}".`);
    return Number(text);
  });
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  KI: 2 ** 10,
  MI: 2 ** 20,
  GI: 2 ** 30,
};

/** `20MiB`, `1.5GB`, bytes alone, or `none` as it is. */
export function bytesOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => {
    if (text === 'none') return text;
    const [, figure, unit = ''] = /^(\d{1,7}(?:\.\d{1,3})?|\d{1,15})(?:([KMG]i?)?B)?$/i.exec(text) ?? [];
    const factor = UNITS[unit.toUpperCase()];
    if (figure === undefined || factor === undefined)
      throw usageError(`${flags.split(' ', 1)[0] ?? flags} takes a size such as 20MiB, or "none", not "${text}".`);
    return Math.round(Number(figure) * factor);
  });
}

/** A whole number, or `none` as it is. */
export function numberOrNoneOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string) => {
    if (text === 'none') return text;
    if (!/^\d{1,9}$/.test(text))
      throw usageError(`${flags.split(' ', 1)[0] ?? flags} takes a whole number or "none", not "${text}".`);
    return Number(text);
  });
}
