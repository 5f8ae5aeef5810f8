// Every command of the command line against every call of the control listener: what is sent has no member that the call
// does not know, as the gateway refuses those. A switch of the command that leaks into a body is found here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { readEnvironment } from '../apps/cli/src/config.ts';
import { createContext } from '../apps/cli/src/context.ts';
import { createProgram } from '../apps/cli/src/program/program.ts';
import { closedSchema, unknownMembers } from '../apps/gateway/src/control/input.ts';
import { controlRoutes } from '../apps/gateway/src/control/routes/all.ts';
import type { ControlServices } from '../apps/gateway/src/control/services.ts';

/** Commands that send a body; a new one adds its name. */
const SENDING = [
  'agent create',
  'agent disable',
  'agent enable',
  'audit checkpoint',
  'audit key',
  'backend accept-catalogue',
  'backend add',
  'backend drain',
  'backend price',
  'backend probe',
  'backend rebalance',
  'backend resume',
  'backend retire',
  'backend update',
  'bucket create',
  'bucket policy',
  'credential create',
  'credential disable',
  'credential enable',
  'credential policy',
  'housekeeping release',
  'identity-provider add',
  'job create',
  'job retry',
  'policy apply',
  'policy diff',
  'policy explain',
  'policy simulate',
  'recovery rebuild',
  'role apply',
  'snapshot create',
  'tenant create',
  'tenant update',
  'webhook create',
  'webhook redrive',
];

type Command = ReturnType<typeof createProgram>;
type Option = Command['options'][number];

/** A command that goes on asking is ended after so many calls. */
const CALLS_MAX = 4;
const CONTROL = 'http://control.test';
const POLICY = JSON.stringify({ apiVersion: 'sealgate/v1', kind: 'Policy', metadata: { name: 'p' }, spec: {} });

interface Call {
  readonly method: string;
  readonly url: URL;
  readonly body: unknown;
}

// Forms only: no handler is called.
const routes = controlRoutes({} as ControlServices);
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sealgate-commands-'));
  writeFileSync(join(dir, 'policy'), POLICY);
  writeFileSync(join(dir, 'json'), '{}');
  writeFileSync(join(dir, 'aws'), '[profile sample]\nregion = sample\n');
});
afterEach(() => vi.unstubAllGlobals());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

/** Runs it in this process with a gateway that takes everything. */
async function callsOf(args: readonly string[]): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const stop = new AbortController();
  vi.stubGlobal('fetch', (input: string, init: RequestInit = {}) => {
    const url = new URL(input);
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    if (url.origin === CONTROL) calls.push({ method: init.method ?? 'GET', url, body });
    if (calls.length === CALLS_MAX) stop.abort();
    return Promise.resolve(new Response('{"items":[]}'));
  });
  const nothing = (): void => undefined;
  const environment = readEnvironment(
    {
      HOME: dir,
      SEALGATE_CONTROL_URL: CONTROL,
      ADMIN_API_KEY: 'key',
      SEALGATE_TENANT: 'acme',
      SEALGATE_BACKEND_SECRET_ACCESS_KEY: 'secret',
      SOURCE_ACCESS_KEY_ID: 'id',
      SOURCE_SECRET_ACCESS_KEY: 'secret',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL: 'http://s3.test',
      AWS_CONFIG_FILE: join(dir, 'aws'),
    },
    dir,
  );
  const terminal = {
    ...{ result: nothing, item: nothing, note: nothing, failure: nothing, canAsk: false },
    progress: () => ({ advance: nothing, done: nothing, stop: nothing }),
    waiting: () => ({ end: nothing }),
  } as never;
  const program = createProgram(
    {
      execute: (options, work) => work(createContext({ environment, options, terminal, signal: stop.signal })),
      serve: () => Promise.resolve(),
      runAgent: () => Promise.resolve(),
    },
    '0.0.0',
  );
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: nothing, writeOut: nothing });
    command.commands.forEach(quiet);
  };
  quiet(program);
  // Whether the command is content with the answers is not asked here.
  await program.parseAsync([...args], { from: 'user' }).catch(nothing);
  return calls;
}

/** A value that the command takes for a placeholder such as `<file>` or `<uri>`. */
function sampleOf(placeholder: string, noun: string | undefined): string {
  const name = placeholder.replace(/[<>[\].]/g, '');
  if (/file/.test(name)) return join(dir, noun === 'policy' ? 'policy' : 'json');
  if (/^(out|folder|dir)$/.test(name)) return join(dir, 'out');
  if (/uri|address|where/.test(name)) return 's3://bucket/key';
  if (/time/.test(name)) return '2027-01-01T00:00:00Z';
  if (/number|size|price|ms|hours|entries|leaf|version/.test(name)) return '7';
  return name === 'url' ? 'https://sample.test' : 'sample';
}

function switchOf(option: Option, noun: string | undefined): readonly string[] {
  const flag = option.long ?? option.short ?? '';
  const placeholder = /[<[][^>\]]+[>\]]/.exec(option.flags)?.[0];
  if (placeholder === undefined) return [flag];
  if (flag === '--header') return [flag, 'X-Sample: yes'];
  if (flag === '--control-url') return [flag, CONTROL];
  return [flag, option.argChoices?.[0] ?? sampleOf(placeholder, noun)];
}

/** What every command takes is tried with all others at once; those of its own one by one too, since some exclude each other. */
function callLines(command: Command): readonly (readonly string[])[] {
  const path = pathOf(command);
  const [noun] = path;
  const wanted = command.registeredArguments.filter(({ required }) => required);
  const args = (which: typeof command.registeredArguments): string[] =>
    which.map((each) => sampleOf(each.name(), noun));
  const switches = command.options.map((option) => switchOf(option, noun));
  const own = command.options.filter(({ helpGroupHeading }) => helpGroupHeading === undefined);
  const mandatory = command.options.filter((option) => option.mandatory);
  // It would wait for more.
  const needed = [
    ...mandatory.flatMap((option) => switchOf(option, noun)),
    ...(path[1] === 'tail' ? ['--no-follow'] : []),
  ];
  const always = [...args(wanted), ...needed, '--json', '--quiet', '--debug'];
  const all = args([...command.registeredArguments]);
  return [
    [...path, ...always],
    [...path, ...all, ...needed, '--json'],
    [...path, ...all, ...switches.flat()],
    ...own.map((each) => [...path, ...always, ...switchOf(each, noun)]),
  ];
}

/** What the gateway would not know. */
function unknownIn({ method, url, body }: Call): readonly string[] {
  const matching = routes.filter((each) => each.method === method && pattern(each.path).test(url.pathname));
  if (matching.length === 0) return [`no call ${method} ${url.pathname}`];
  // Of `/a/:b` and `/a/c` the one with fewer parameters is meant, as in the router.
  const [route] = matching.sort((a, b) => a.path.split(':').length - b.path.split(':').length);
  const query = Object.fromEntries(url.searchParams);
  const issues = [
    ...(route?.query === undefined ? [] : unknownMembers(closedSchema(route.query), query, ['query'])),
    ...(route?.body === undefined ? [] : unknownMembers(closedSchema(route.body), body ?? {}, ['body'])),
  ];
  return issues.map((issue) => `${method} ${url.pathname}: ${JSON.stringify(issue)}`);
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`);
}

const deps = { execute: () => Promise.resolve(), serve: () => Promise.resolve(), runAgent: () => Promise.resolve() };
const commands = leavesOf(createProgram(deps, '0.0.0')).filter((command) =>
  command.options.some(({ long }) => long === '--control-url'),
);

test('no command sends what the control listener does not know', { timeout: 120_000 }, async () => {
  const wrong: string[] = [];
  const withBody = new Set<string>();
  for (const command of commands) {
    for (const line of callLines(command)) {
      for (const call of await callsOf(line)) {
        if (call.body !== undefined) withBody.add(pathOf(command).join(' '));
        wrong.push(...unknownIn(call).map((what) => `sealgate ${line.join(' ')}: ${what}`));
      }
    }
  }
  expect(wrong).toEqual([]);
  // A command that fails before it sends anything proves nothing.
  expect([...withBody].sort()).toEqual(expect.arrayContaining(SENDING));
});
