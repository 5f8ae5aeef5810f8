import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { Fault } from '@sealgate/core/faults';
import { LEASE_MS_MAX, LEASES_MAX } from '@sealgate/runtime/agents';
import { Secret } from '@sealgate/runtime/log';
import { OBSERVER_PORT_SETTING } from '@sealgate/runtime/observe';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { SecretBox } from './lock.ts';

const CONFIG_FILE = 'agent.yaml';
/** Of many hundred backends. */
const SEALED_CHARS_MAX = 256 * 1024;

const secret = z
  .string()
  .min(1)
  .transform((text) => new Secret(text));
const url = z.url({
  protocol: /^https?$/,
  error: 'must be the URL of a control listener (SEALGATE_CONTROL_URL); else set DATABASE_URL',
});

const backendSchema = z.union([
  z.strictObject({ folder: z.string().refine(isAbsolute, 'must be an absolute folder') }),
  z.strictObject({
    accessKeyId: z.string().min(1),
    /** Left out where it is among the sealed ones. */
    secretAccessKey: secret.optional(),
    /** Where the gateway says otherwise, this one counts. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
  }),
]);

const schema = z.strictObject({
  controlUrl: url,
  enrolmentToken: secret.optional(),
  stateDir: z.string().min(1).default('./agent'),
  backends: z.record(z.string(), backendSchema).default({}),
  /** Secrets of backends under a passphrase, as `sealgate agent protect` writes them. */
  sealedSecrets: z.string().max(SEALED_CHARS_MAX).optional(),
  /** Batches of repairs at once. */
  concurrency: z.coerce.number().int().min(1).max(32).default(2),
  /** Repairs of one batch. */
  batch: z.coerce.number().int().min(1).max(LEASES_MAX).default(4),
  leaseSeconds: z.coerce
    .number()
    .min(2)
    .max(LEASE_MS_MAX / 1000)
    .default(60),
  /** As SEALGATE_ALLOW_PRIVATE_ENDPOINTS of a gateway: false, true, or ranges. */
  allowPrivateEndpoints: z.union([z.boolean(), z.array(z.string())]).default(false),
  /** Public Ed25519 keys, base64url, of who may grant credentials for a job ("sealgate job signer" shows one's own). */
  grantSigners: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be a key as "sealgate job signer" shows it'))
    .max(64)
    .default([]),
  /** Where health and metrics are answered; none where it is left out. */
  metricsPort: z.coerce.number().int().min(0).max(65_535).optional(),
  host: z.string().min(1).default('127.0.0.1'),
  drainSeconds: z.coerce.number().int().min(0).max(3600).default(30),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  logFormat: z.enum(['auto', 'json', 'pretty']).default('auto'),
});

/** As its file and environment say it: secrets may be under a passphrase. */
export type LoadedConfig = Readonly<z.output<typeof schema>>;
export type AgentConfig = Omit<LoadedConfig, 'backends' | 'sealedSecrets'> & {
  readonly backends: Readonly<Record<string, OwnBackend>>;
};
type ListedBackend = z.output<typeof backendSchema>;
/** What an agent has of one backend. */
export type OwnBackend =
  | Extract<ListedBackend, { folder: string }>
  | (Exclude<ListedBackend, { folder: string }> & { readonly secretAccessKey: Secret });

/** Secrets may come from the environment only, or from the file; command lines show in process lists. */
const VARIABLES: Readonly<Record<string, keyof z.input<typeof schema>>> = {
  SEALGATE_CONTROL_URL: 'controlUrl',
  SEALGATE_AGENT_ENROLMENT_TOKEN: 'enrolmentToken',
  SEALGATE_AGENT_STATE_DIR: 'stateDir',
  [OBSERVER_PORT_SETTING]: 'metricsPort',
  SEALGATE_HOST: 'host',
  SEALGATE_LOG_LEVEL: 'logLevel',
  SEALGATE_LOG_FORMAT: 'logFormat',
};

interface Sources {
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Where the file of settings is, or would be. */
export function agentConfigPath({ file, env, cwd }: Sources): string {
  return resolve(cwd, file ?? env['SEALGATE_AGENT_CONFIG'] ?? CONFIG_FILE);
}

const secretsSchema = z.record(z.string(), z.string().min(1));

/** Secrets of backends that are under the passphrase. @throws Fault StartFailed */
export async function readSealedSecrets(
  { sealedSecrets }: LoadedConfig,
  box: SecretBox | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (sealedSecrets === undefined) return {};
  if (box === undefined) {
    throw new Fault('StartFailed', 'The settings hold sealed secrets, and agent-lock.json is not in the state folder.');
  }
  return secretsSchema.parse(JSON.parse(await box.open('credentials', sealedSecrets)));
}

/** The settings with all secrets. One in the clear goes before a sealed one: it is newer. @throws Fault ConfigInvalid, StartFailed */
export async function withSecrets(loaded: LoadedConfig, box: SecretBox | undefined): Promise<AgentConfig> {
  const sealed = new Map(Object.entries(await readSealedSecrets(loaded, box)));
  const backends = Object.entries(loaded.backends).map(([id, own]): [string, OwnBackend] => {
    if ('folder' in own) return [id, own];
    const text = sealed.get(id);
    const secretAccessKey = own.secretAccessKey ?? (text === undefined ? undefined : new Secret(text));
    if (secretAccessKey !== undefined) return [id, { ...own, secretAccessKey }];
    throw new Fault(
      'ConfigInvalid',
      `The settings of the agent are not valid:\n  backends.${id}.secretAccessKey: is missing`,
    );
  });
  return { ...loaded, backends: Object.fromEntries(backends) };
}

/** What would be safer under the passphrase. */
export function secretsInClear({ backends }: LoadedConfig): readonly string[] {
  return Object.entries(backends).flatMap(([id, own]) =>
    'folder' in own || own.secretAccessKey === undefined ? [] : [id],
  );
}

/**
 * Settings of an agent: the environment, else its file.
 * @throws Fault ConfigInvalid naming every wrong setting
 */
export function loadAgentConfig(sources: Sources): LoadedConfig {
  const { env, cwd } = sources;
  const path = agentConfigPath(sources);
  const named = sources.file !== undefined || env['SEALGATE_AGENT_CONFIG'] !== undefined;
  const given = new Map(Object.entries(existsSync(path) || named ? readYaml(path) : {}));
  for (const [variable, name] of Object.entries(VARIABLES)) {
    const value = env[variable];
    if (value !== undefined && value !== '') given.set(name, value);
  }
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Fault('ConfigInvalid', `The settings of the agent are not valid:\n${lines.join('\n')}`);
  }
  const config = parsed.data;
  if ((env['DATABASE_URL'] ?? '') !== '') {
    throw new Fault('ConfigInvalid', 'An agent works over SEALGATE_CONTROL_URL or over DATABASE_URL: set one of them.');
  }
  return { ...config, stateDir: resolve(cwd, config.stateDir) };
}

function readYaml(path: string): object {
  try {
    const value: unknown = parseYaml(readFileSync(path, 'utf8')) ?? {};
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new Fault('ConfigInvalid', `${path} cannot be read: ${String(cause).split('\n', 1)[0] ?? ''}`, { cause });
  }
  throw new Fault('ConfigInvalid', `${path} must hold settings as "name: value" lines.`);
}
