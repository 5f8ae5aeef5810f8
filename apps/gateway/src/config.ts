import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Fault } from '@sealgate/core/faults';
import { secretSetting } from '@sealgate/runtime/settings';
import { parse as parseYaml } from 'yaml';
import {
  crossCheck,
  type Role,
  type SettingName,
  type Settings,
  settingMeta,
  settingNames,
  settingsSchema,
} from './config/schema.ts';
import { nearestName } from './config/suggest.ts';

/** All settings of a gateway: parsed once, frozen, handed on in slices. */
export type Config = Readonly<Settings> & {
  /** No `DATABASE_URL`: the gateway owns its database, its secrets and its demo backends. */
  readonly embedded: boolean;
};

export interface ConfigSources {
  /** What follows `serve` (or `agent`) on the command line. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** `SEALGATE_*` names that other programs of the project read; a gateway started from the same shell ignores them. */
const FOREIGN =
  /^SEALGATE_(?:AGENT_(?:CONFIG|ENROLMENT_TOKEN|STATE_DIR|(?:NEW_)?PASSPHRASE(?:_FILE)?)|BACKEND_SECRET_ACCESS_KEY|CONTROL_URL|PASSPHRASE|TENANT|TOKEN)$/;

const CONFIG_FILE = 'sealgate.yaml';

interface Problem {
  readonly name: string;
  readonly problem: string;
}

/** The sources of this process: the one place of the gateway that reads its environment. */
export function processSources(args: readonly string[]): ConfigSources {
  return { args, env: process.env, cwd: process.cwd() };
}

/**
 * Settings from the command line, else the environment, else `sealgate.yaml`, else their defaults.
 * @throws Fault ConfigInvalid, its message naming every wrong setting, what is wrong and how to put it right.
 */
export function loadConfig(sources: ConfigSources, role: Role = 'gateway'): Config {
  const options = readArgs(sources.args);
  const problems: Problem[] = [];
  const given: Partial<Record<SettingName, unknown>> = {
    ...readFile(sources, options['config'], problems),
    ...readEnv(sources.env, problems),
    ...readOptions(options),
  };
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(describeIssue(issue, given));
    throw invalid(problems);
  }
  for (const { setting, problem } of crossCheck(parsed.data, role))
    problems.push({ name: settingMeta(setting).env, problem });
  if (problems.length > 0) throw invalid(problems);
  return deepFreeze({
    ...parsed.data,
    dataDir: resolve(sources.cwd, parsed.data.dataDir),
    embedded: parsed.data.databaseUrl === undefined,
  });
}

function readEnv(env: ConfigSources['env'], problems: Problem[]): Partial<Record<SettingName, unknown>> {
  const byEnv = new Map(settingNames.map((name) => [settingMeta(name).env, name]));
  const given = readSecretFiles(env, byEnv);
  for (const [variable, value] of Object.entries(env)) {
    const name = byEnv.get(variable);
    // An empty variable is how shells and compose files spell "unset".
    if (name !== undefined && value !== undefined && value !== '') given[name] = value;
    else if (
      name === undefined &&
      !isSecretFile(variable, byEnv) &&
      variable.startsWith('SEALGATE_') &&
      !FOREIGN.test(variable)
    ) {
      problems.push({ name: variable, problem: `is not a setting${hint(variable, byEnv.keys())}` });
    }
  }
  return given;
}

type ByEnv = ReadonlyMap<string, SettingName>;

/** Whether a variable names a file with the secret of another variable. */
function isSecretFile(variable: string, byEnv: ByEnv): boolean {
  const name = variable.endsWith('_FILE') ? byEnv.get(variable.slice(0, -'_FILE'.length)) : undefined;
  return name !== undefined && settingMeta(name).secret === true && !byEnv.has(variable);
}

/** @throws Fault ConfigInvalid */
function readSecretFiles(env: ConfigSources['env'], byEnv: ByEnv): Partial<Record<SettingName, unknown>> {
  const given: Partial<Record<SettingName, unknown>> = {};
  for (const [variable, name] of byEnv) {
    if (!isSecretFile(`${variable}_FILE`, byEnv)) continue;
    const value = secretSetting(env, variable);
    if (value !== undefined) given[name] = value;
  }
  return given;
}

function readFile(
  { cwd }: ConfigSources,
  named: string | undefined,
  problems: Problem[],
): Partial<Record<SettingName, unknown>> {
  const path = resolve(cwd, named ?? join(cwd, CONFIG_FILE));
  if (named === undefined && !existsSync(path)) return {};
  let document: unknown;
  try {
    document = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw new Fault('ConfigInvalid', `${path} cannot be read: ${String(error).split('\n', 1)[0] ?? ''}`, {
      cause: error,
    });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Fault('ConfigInvalid', `${path} must hold settings as "name: value" lines.`);
  }
  const known = new Set<string>(settingNames);
  const given: Partial<Record<SettingName, unknown>> = {};
  for (const [name, value] of Object.entries(document)) {
    if (!known.has(name)) problems.push({ name, problem: `in ${path} is not a setting${hint(name, known)}` });
    else if (value !== null) given[name as SettingName] = value as unknown;
  }
  return given;
}

type Options = Readonly<Record<string, string | undefined>>;

/** Secrets have no option: command lines show in process lists. */
function readArgs(args: readonly string[]): Options {
  const names = ['config', ...settingNames.filter((name) => settingMeta(name).secret !== true).map(optionName)];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const unknown = /'(--[^' ]+)/.exec(String(error))?.[1] ?? '';
    const near = nearestName(unknown.replace(/^--/, ''), names);
    const did = near === undefined ? '' : ` Did you mean --${near}?`;
    throw new Fault('ConfigInvalid', `${error instanceof Error ? error.message : String(error)}.${did}`, {
      cause: error,
    });
  }
}

function readOptions(options: Options): Partial<Record<SettingName, unknown>> {
  const given: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) {
    const value = options[optionName(name)];
    if (value !== undefined) given[name] = value;
  }
  return given;
}

/** `s3Port` as `s3-port`. */
export function optionName(name: SettingName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function describeIssue(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string },
  given: Partial<Record<SettingName, unknown>>,
): Problem {
  const name = issue.path[0] as SettingName;
  const { env, form, secret } = settingMeta(name);
  const value = given[name];
  const shown = secret === true || value === undefined ? '' : ` (it is ${JSON.stringify(value)})`;
  return { name: env, problem: `${issue.message}${shown}. Expected: ${form}` };
}

function hint(name: string, known: Iterable<string>): string {
  const near = nearestName(name, known);
  return near === undefined ? '; remove it (docs/reference/configuration.md lists all)' : `; did you mean ${near}?`;
}

function invalid(problems: readonly Problem[]): Fault {
  const lines = problems.map(({ name, problem }) => `  ${name} ${problem}`);
  return new Fault('ConfigInvalid', `The configuration is not valid:\n${lines.join('\n')}`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
