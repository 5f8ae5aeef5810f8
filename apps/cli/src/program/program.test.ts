import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { ProgramDeps } from './command.ts';
import { createProgram } from './program.ts';

interface Call {
  readonly options: object;
}

function newProgram(): {
  readonly program: Command;
  readonly executed: Call[];
  readonly served: (readonly string[])[];
} {
  const executed: Call[] = [];
  const served: (readonly string[])[] = [];
  const deps: ProgramDeps = {
    execute: (options) => {
      executed.push({ options });
      return Promise.resolve();
    },
    runAgent: (settings) => {
      served.push(settings);
      return Promise.resolve();
    },
    serve: (settings) => {
      served.push(settings);
      return Promise.resolve();
    },
  };
  const program = createProgram(deps, '0.0.0');
  for (const command of all(program)) command.exitOverride().configureOutput({ writeErr: () => undefined });
  return { program, executed, served };
}

function all(command: Command): Command[] {
  return [command, ...command.commands.flatMap(all)];
}

function leaves(program: Command): Command[] {
  return all(program).filter((command) => command.commands.length === 0 && command.name() !== 'help');
}

describe('the command tree', () => {
  it('has the commands of the contract and none that does nothing', () => {
    const path = (command: Command): string =>
      command.parent === null ? '' : `${path(command.parent)} ${command.name()}`.trim();
    expect(leaves(newProgram().program).map(path)).toEqual([
      'put',
      'get',
      'ls',
      'rm',
      'stat',
      'keys create',
      'keys list',
      'keys export',
      'keys import',
      'keys use',
      'keys protect',
      'keys publish',
      'keys unpublish',
      'keys rotate',
      'keys root create',
      'keyring init',
      'keyring pin',
      'keyring show',
      'keyring verify',
      'keyring add',
      'keyring revoke',
      'keyring sign',
      'keyring publish',
      'rewrap',
      'writer list',
      'writer trust',
      'writer remove',
      'writer export',
      'writer require',
      'bucket create',
      'bucket list',
      'bucket policy',
      'tenant create',
      'tenant update',
      'tenant delete',
      'tenant erasure',
      'tenant list',
      'backend add',
      'backend list',
      'backend price',
      'backend accept-catalogue',
      'backend probe',
      'backend show',
      'backend update',
      'backend drain',
      'backend resume',
      'backend retire',
      'backend rebalance',
      'backend limit',
      'provider list',
      'provider show',
      'policy check',
      'policy test',
      'policy apply',
      'policy list',
      'policy explain',
      'policy diff',
      'policy simulate',
      'snapshot create',
      'snapshot list',
      'snapshot show',
      'snapshot files',
      'snapshot plan',
      'snapshot delete',
      'usage',
      'secret status',
      'secret retire',
      'credential create',
      'credential list',
      'credential policy',
      'credential rotate',
      'credential disable',
      'credential enable',
      'credential delete',
      'role apply',
      'role list',
      'role show',
      'role delete',
      'identity-provider add',
      'identity-provider list',
      'identity-provider delete',
      'webhook create',
      'webhook list',
      'webhook delete',
      'webhook dead-letters',
      'webhook redrive',
      'housekeeping status',
      'housekeeping release',
      'metadata backup',
      'metadata list',
      'metadata restore',
      'audit search',
      'audit requests',
      'audit tail',
      'audit key',
      'audit checkpoint',
      'audit proof',
      'audit export',
      'audit heads',
      'audit archives',
      'audit verify',
      'job list',
      'job show',
      'job create',
      'job cancel',
      'job retry',
      'job signer',
      'job grant',
      'recover',
      'recovery status',
      'recovery rebuild',
      'evidence verify',
      'agent run',
      'agent create',
      'agent protect',
      'agent list',
      'agent show',
      'agent disable',
      'agent enable',
      'agent remove',
      'serve',
    ]);
  });

  it('explains every command with a summary and an example that runs it', async () => {
    for (const command of leaves(newProgram().program)) {
      expect(command.summary(), command.name()).not.toBe('');
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      const examples = [...help.matchAll(/^ {2}\$ (?:.*\| )?sealgate (.+?)(?: [|>] .*)?$/gm)].map((match) => match[1]!);
      expect(examples.length, command.name()).toBeGreaterThan(0);
      for (const example of examples) {
        const { program, executed, served } = newProgram();
        await program.parseAsync(example.split(' '), { from: 'user' });
        expect(executed.length + served.length, example).toBe(1);
      }
    }
  });

  it('takes options before and after the arguments, and values that begin with a dash', async () => {
    const { program, executed } = newProgram();
    await program.parseAsync(['get', '--json', 's3://vault/k', '-', '--range', '-5'], { from: 'user' });
    expect(executed[0]?.options).toMatchObject({ json: true, range: '-5' });
  });

  it('takes what is said of the output before the command too', async () => {
    const { program, executed } = newProgram();
    await program.parseAsync(['--json', '--quiet', 'policy', 'list', '--debug'], { from: 'user' });
    expect(executed[0]?.options).toEqual({ json: true, quiet: true, debug: true });
  });

  it.each([[['--json', 'serve']], [['--quiet', 'agent', 'run']], [['--debug', 'agent']]])(
    'refuses %j, which a server would not heed',
    async (args) => {
      const { program, served } = newProgram();
      await expect(program.parseAsync(args, { from: 'user' })).rejects.toMatchObject({ exitCode: 1 });
      expect(served).toEqual([]);
    },
  );

  it('hands all settings of serve on as they are', async () => {
    const { program, served } = newProgram();
    const settings = ['--region', 'x', '--json', '--s3-port=0'];
    await program.parseAsync(['serve', ...settings], { from: 'user' });
    expect(served).toEqual([settings]);
  });

  it.each([
    [['frob']],
    [['put', 'a']],
    [['put', 'a', 'b', 'c']],
    [['ls', '--frob']],
    [['keys', 'create', '--kind', 'x']],
  ])('refuses %j', async (args) => {
    const { program, executed } = newProgram();
    await expect(program.parseAsync(args, { from: 'user' })).rejects.toMatchObject({ exitCode: 1 });
    expect(executed).toEqual([]);
  });
});
