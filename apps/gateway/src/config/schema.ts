import { OBSERVER_PORT_SETTING } from '@sealgate/runtime/observe';
import { z } from 'zod';
import { auditSettings } from './audit-settings.ts';
import { allowedRanges, flag, folders, integer, meta, ranges, type SettingMeta, secret, text, url } from './fields.ts';
import { housekeepingSettings } from './housekeeping-settings.ts';
import { kmsSettings } from './kms-settings.ts';
import { lifecycleSettings } from './lifecycle-settings.ts';
import { maintenanceSettings } from './maintenance-settings.ts';
import { metadataSettings } from './metadata-settings.ts';
import { providerCatalogue } from './provider-catalogue.ts';
import { recoverySettings } from './recovery-settings.ts';
import { snapshotSettings } from './snapshot-settings.ts';

const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const REGION = /^[a-z0-9][a-z0-9-]{1,62}$/;
const HOST = /^[A-Za-z0-9.:[\]_-]{1,253}$/;

/** Every setting of the gateway. The object's keys are the names in `sealgate.yaml` and, in kebab case, the options. */
export const settingsSchema = z.object({
  dataDir: z
    .string('must be text')
    .min(1, 'must name a folder')
    .default('./data')
    .meta(
      meta({
        env: 'SEALGATE_DATA_DIR',
        form: 'folder',
        description: 'Embedded database, demo backends, generated secrets and `credentials.json` live here.',
      }),
    ),
  host: text(HOST, 'must be a host name or an address')
    .default('127.0.0.1')
    .meta(meta({ env: 'SEALGATE_HOST', form: 'address', description: 'Address that both listeners bind to.' })),
  s3Port: integer(0, 65_535)
    .default(9000)
    .meta(meta({ env: 'SEALGATE_S3_PORT', form: 'port', description: 'Port of the S3 listener; 0 picks a free one.' })),
  controlPort: integer(0, 65_535)
    .default(9001)
    .meta(
      meta({
        env: 'SEALGATE_CONTROL_PORT',
        form: 'port',
        description: 'Port of the control listener (REST, metrics, health); 0 picks a free one.',
      }),
    ),
  agentMetricsPort: integer(0, 65_535)
    .optional()
    .meta(
      meta({
        env: OBSERVER_PORT_SETTING,
        form: 'port',
        fallback: 'none',
        description:
          'Where `sealgate agent` answers `GET /healthz`, `/readyz` and `/metrics`, over http; 0 picks a free one, which the log names. A gateway has its control listener for that.',
      }),
    ),
  workers: integer(1, 64)
    .default(1)
    .meta(
      meta({
        env: 'SEALGATE_WORKERS',
        form: 'number',
        description:
          'Data-plane processes on the S3 port. With 1 everything is one process; with more, a primary process keeps the control listener, the embedded database and background work.',
      }),
    ),
  ...metadataSettings,
  adminApiKey: secret(16)
    .optional()
    .meta(
      meta({
        env: 'ADMIN_API_KEY',
        form: 'text',
        secret: true,
        fallback: 'generated once into the data directory; required with `DATABASE_URL`',
        description: 'What `X-Admin-Key` must equal on the control listener.',
      }),
    ),
  tenantSecretPassphrase: secret(12)
    .optional()
    .meta(
      meta({
        env: 'TENANT_SECRET_PASSPHRASE',
        form: 'text',
        secret: true,
        fallback: 'generated once into the data directory; required with `DATABASE_URL`',
        description:
          'Seals tenant and backend secrets, and the keys of encrypted objects, in the database. Losing it loses them all.',
      }),
    ),
  tenantSecretPassphraseVersion: integer(1, 255)
    .default(1)
    .meta(
      meta({
        env: 'TENANT_SECRET_PASSPHRASE_VERSION',
        form: 'number',
        description: 'Raise it by one together with a new passphrase; secrets are sealed under the newest one.',
      }),
    ),
  tenantSecretPassphrasePrevious: secret(12)
    .optional()
    .meta(
      meta({
        env: 'TENANT_SECRET_PASSPHRASE_PREVIOUS',
        form: 'text',
        secret: true,
        description: 'The passphrase of the version before, for as long as secrets are sealed under it.',
      }),
    ),
  defaultEncryption: z
    .enum(['SSE-S3', 'none'])
    .default('SSE-S3')
    .meta(
      meta({
        env: 'SEALGATE_DEFAULT_ENCRYPTION',
        form: 'SSE-S3 or none',
        description:
          'What the gateway does to objects that their clients neither seal nor ask to be encrypted, in buckets without a default of their own: encrypt them under keys of this gateway, or store them as they come, so that backends can read them.',
      }),
    ),
  customerKeysOverHttp: flag()
    .default(false)
    .meta(
      meta({
        env: 'SEALGATE_CUSTOMER_KEYS_OVER_HTTP',
        form: 'true or false',
        description:
          'Take keys of clients (SSE-C) over plain http from other machines. Only where the network in between is trusted.',
      }),
    ),
  region: text(REGION, 'must have 2 to 63 lower-case letters, digits or hyphens')
    .default('eu-sovereign-1')
    .meta(
      meta({
        env: 'SEALGATE_REGION',
        form: 'name',
        description:
          'The region that clients sign for. Part of physical bucket names: do not change it once buckets exist.',
      }),
    ),
  baseDomain: text(DOMAIN, 'must be a domain name in lower case')
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_BASE_DOMAIN',
        form: 'domain',
        fallback: 'path-style addressing only',
        description: 'Virtual-host addressing: `<bucket>.<base domain>`.',
      }),
    ),
  publicS3Url: url(['http:', 'https:'])
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_PUBLIC_S3_URL',
        form: 'URL',
        fallback: 'the address of the S3 listener',
        description: 'How clients reach the S3 listener when something stands in front of it.',
      }),
    ),
  tlsCert: z
    .string()
    .min(1, 'must name a file')
    .optional()
    .meta(meta({ env: 'SEALGATE_TLS_CERT', form: 'file', description: 'PEM certificate chain of both listeners.' })),
  tlsKey: z
    .string()
    .min(1, 'must name a file')
    .optional()
    .meta(
      meta({ env: 'SEALGATE_TLS_KEY', form: 'file', description: 'PEM private key that belongs to the certificate.' }),
    ),
  logLevel: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta(
      meta({
        env: 'SEALGATE_LOG_LEVEL',
        form: 'fatal, error, warn, info, debug, trace or silent',
        description: 'Least severity that is logged.',
      }),
    ),
  logFormat: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .meta(
      meta({
        env: 'SEALGATE_LOG_FORMAT',
        form: 'auto, json or pretty',
        description: 'Form of the log on standard error; `auto` is readable on a terminal and JSON elsewhere.',
      }),
    ),
  demoBackends: flag()
    .default(true)
    .meta(
      meta({
        env: 'SEALGATE_DEMO_BACKENDS',
        form: 'true or false',
        description:
          'With the embedded database and no backend registered, make seven demo backends in the data directory.',
      }),
    ),
  backgroundWork: flag()
    .default(true)
    .meta(
      meta({
        env: 'SEALGATE_BACKGROUND_WORK',
        form: 'true or false',
        description: 'Run the deletion and repair loops in this gateway. Somebody on the same database must.',
      }),
    ),
  allowPrivateEndpoints: allowedRanges()
    .default({ privateRanges: false, cidrs: [] })
    .meta(
      meta({
        env: 'SEALGATE_ALLOW_PRIVATE_ENDPOINTS',
        form: 'true, false or a comma-separated list of ranges',
        fallback: 'false',
        description:
          'Backends on private networks. `true` allows loopback and private addresses and plain http to them; a range allows just that. Link-local addresses, and the metadata services of clouds among them, are refused unless a range names them.',
      }),
    ),
  filesystemRoots: folders()
    .default([])
    .meta(
      meta({
        env: 'SEALGATE_FILESYSTEM_ROOTS',
        form: 'a comma-separated list of absolute folders',
        fallback: 'only `<data dir>/backends`',
        description: 'Folders below which filesystem backends may be registered besides `<data dir>/backends`.',
      }),
    ),
  trustedProxies: ranges()
    .default([])
    .meta(
      meta({
        env: 'SEALGATE_TRUSTED_PROXIES',
        form: 'a comma-separated list of addresses and ranges',
        fallback: 'nobody',
        description:
          'Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: `aws:SourceIp`, `aws:SecureTransport`, logs and lock-outs then speak of the client and not of the proxy.',
      }),
    ),
  providerCatalogue,
  healthProbeIntervalMs: integer(200, 3_600_000)
    .default(5000)
    .meta(
      meta({
        env: 'SEALGATE_HEALTH_PROBE_INTERVAL_MS',
        form: 'milliseconds',
        description:
          'Time between two pings of a backend, give or take a fifth. Unhealthy ones are pinged five times as often.',
      }),
    ),
  healthProbeTimeoutMs: integer(50, 60_000)
    .default(4000)
    .meta(
      meta({
        env: 'SEALGATE_HEALTH_PROBE_TIMEOUT_MS',
        form: 'milliseconds',
        description: 'A ping without an answer for this long has failed.',
      }),
    ),
  deletionGraceSeconds: integer(60, 31_536_000)
    .default(900)
    .meta(
      meta({
        env: 'SEALGATE_DELETION_GRACE_SECONDS',
        form: 'seconds',
        description:
          'How long bytes of replaced and deleted versions stay on backends, so that reads under way can finish.',
      }),
    ),
  deletionConcurrency: integer(1, 64)
    .default(2)
    .meta(
      meta({
        env: 'SEALGATE_DELETION_CONCURRENCY',
        form: 'number',
        description: 'Deletion batches under way at once.',
      }),
    ),
  repairConcurrency: integer(1, 64)
    .default(2)
    .meta(
      meta({ env: 'SEALGATE_REPAIR_CONCURRENCY', form: 'number', description: 'Repair batches under way at once.' }),
    ),
  repairLeaseSeconds: integer(2, 900)
    .default(60)
    .meta(
      meta({
        env: 'SEALGATE_REPAIR_LEASE_SECONDS',
        form: 'number',
        description: 'How long a repair stays with a process that is silent before another one takes it.',
      }),
    ),
  ...housekeepingSettings,
  ...lifecycleSettings,
  ...maintenanceSettings,
  accessLogFlushSeconds: integer(1, 86_400)
    .default(300)
    .meta(
      meta({
        env: 'SEALGATE_ACCESS_LOG_FLUSH_SECONDS',
        form: 'seconds',
        description:
          'The age by which records of access logs are written to their target bucket. They wait in memory until then.',
      }),
    ),
  ...auditSettings,
  ...kmsSettings,
  ...recoverySettings,
  ...snapshotSettings,
  maxInFlightRequests: integer(1, 100_000)
    .default(1024)
    .meta(
      meta({
        env: 'SEALGATE_MAX_IN_FLIGHT_REQUESTS',
        form: 'number',
        description: 'Requests that one process serves at once; further ones are told to slow down.',
      }),
    ),
  drainTimeoutMs: integer(0, 3_600_000)
    .default(30_000)
    .meta(
      meta({
        env: 'SEALGATE_DRAIN_TIMEOUT_MS',
        form: 'milliseconds',
        description: 'How long requests under way may go on after SIGTERM.',
      }),
    ),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;

/** What a process of this program is: an agent has no listeners, and nobody signs in to it. */
export type Role = 'gateway' | 'agent';

/** Rules between settings. `embedded` is what the absence of `DATABASE_URL` means. */
export function crossCheck(
  settings: Settings,
  role: Role,
): readonly { readonly setting: SettingName; readonly problem: string }[] {
  const problems: { setting: SettingName; problem: string }[] = [];
  const need = (setting: SettingName, problem: string): void => {
    problems.push({ setting, problem });
  };
  if (settings.databaseUrl) {
    const why = 'is required with DATABASE_URL, because all gateways on one database must share it';
    if (!settings.adminApiKey && role === 'gateway') need('adminApiKey', why);
    if (!settings.tenantSecretPassphrase && !settings.kmsVaultUrl) need('tenantSecretPassphrase', why);
  }
  if (role === 'agent' && !settings.databaseUrl)
    need('databaseUrl', 'is what an agent without SEALGATE_CONTROL_URL works on');
  if (settings.tenantSecretPassphrasePrevious && settings.tenantSecretPassphraseVersion === 1) {
    need('tenantSecretPassphraseVersion', 'must be 2 or more when there is a previous passphrase');
  }
  if (settings.kmsVaultUrl && settings.kmsKeyVersion <= settings.tenantSecretPassphraseVersion) {
    need('kmsKeyVersion', 'must be above TENANT_SECRET_PASSPHRASE_VERSION');
  }
  if (settings.tlsCert && !settings.tlsKey) need('tlsKey', 'is required with SEALGATE_TLS_CERT');
  if (settings.tlsKey && !settings.tlsCert) need('tlsCert', 'is required with SEALGATE_TLS_KEY');
  if (settings.s3Port !== 0 && settings.s3Port === settings.controlPort) {
    need('controlPort', 'must differ from SEALGATE_S3_PORT');
  }
  return problems;
}

/** What a setting says about itself. */
export function settingMeta(name: SettingName): SettingMeta {
  return settingsSchema.shape[name].meta() as unknown as SettingMeta;
}

export const settingNames = Object.keys(settingsSchema.shape) as readonly SettingName[];
