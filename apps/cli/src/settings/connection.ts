import type { Credentials } from '@sealgate/client';
import { CliError, usageError } from '../cli-error.ts';
import type { Environment } from '../config.ts';
import { type AwsProfile, readAwsProfile } from './aws-profile.ts';
import { type CredentialsFile, readCredentialsFile } from './credentials-file.ts';

/** Options that every command takes. */
export interface ConnectionOptions {
  readonly endpointUrl?: string | undefined;
  readonly controlUrl?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly tenant?: string | undefined;
}

/** How to reach the S3 listener. */
export interface S3Connection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** The tenant of the credentials, when it is known without asking the gateway. */
  readonly tenant: string | undefined;
}

/** How to reach the control listener, and the header that proves who calls. */
export interface ControlConnection {
  readonly endpoint: string;
  readonly proof: Readonly<Record<string, string>>;
}

/** How to reach the control listener as the tenant that owns the buckets. */
export interface TenantConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

/** All sources of settings, read once and only when a command needs them. */
export interface Sources {
  readonly options: ConnectionOptions;
  readonly environment: Environment;
  readonly profile: AwsProfile | undefined;
  /** True when the profile was asked for by name. */
  readonly profileNamed: boolean;
  readonly file: CredentialsFile | undefined;
}

/** The region of a gateway that nobody configured otherwise. */
const DEFAULT_REGION = 'eu-sovereign-1';

const HOW_TO_CONNECT =
  'Start a gateway in this folder ("sealgate serve"), or set AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';

/** @throws CliError for files that cannot be read and profiles that do not exist */
export async function readSources(environment: Environment, options: ConnectionOptions): Promise<Sources> {
  const name = options.profile ?? environment.aws.profile;
  const [profile, file] = await Promise.all([
    readAwsProfile(environment.aws, name),
    readCredentialsFile(environment.dataDir),
  ]);
  return { options, environment, profile, profileNamed: name !== undefined, file };
}

/**
 * Options come before variables, variables before a profile, and all before what a gateway left in this folder.
 *
 * When nobody names an endpoint, the gateway of this folder is meant, and with it its region and its credentials: keys
 * of a default profile, which are most likely for another service, are not tried on it, nor its keys elsewhere.
 * @throws CliError when no endpoint or no credentials are to be found
 */
export function s3Connection(sources: Sources): S3Connection {
  const { options, environment, profile, file } = sources;
  const { aws } = environment;
  const named = options.endpointUrl ?? aws.endpointUrl ?? (profileCounts(sources) ? profile?.endpointUrl : undefined);
  const endpoint = named ?? file?.s3Endpoint;
  if (endpoint === undefined) throw new CliError('No gateway is configured.', { hint: HOW_TO_CONNECT });
  const local = file !== undefined && sameOrigin(endpoint, file.s3Endpoint) ? file : undefined;
  const credentials = s3Credentials(sources, local);
  const configured = named === undefined ? undefined : (aws.region ?? profile?.region);
  return {
    endpoint,
    region: options.region ?? configured ?? local?.region ?? DEFAULT_REGION,
    credentials,
    tenant:
      options.tenant ??
      environment.tenant ??
      (credentials.accessKeyId === local?.accessKeyId ? local.tenant : undefined) ??
      (credentials.accessKeyId === profile?.accessKeyId ? profile.tenant : undefined),
  };
}

function s3Credentials(sources: Sources, local: CredentialsFile | undefined): Credentials {
  const { options, environment, profile } = sources;
  const { accessKeyId, secretAccessKey, sessionToken } = environment.aws;
  // A profile that is named on the command line means its keys, whatever the variables say.
  if (options.profile === undefined && accessKeyId !== undefined) {
    if (secretAccessKey === undefined) throw usageError('AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not.');
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  const fromProfile = profileCredentials(profile);
  if (sources.profileNamed && fromProfile !== undefined) return fromProfile;
  if (local !== undefined) return { accessKeyId: local.accessKeyId, secretAccessKey: local.secretAccessKey };
  if (fromProfile === undefined) throw new CliError('No credentials are configured.', { hint: HOW_TO_CONNECT });
  return fromProfile;
}

function profileCredentials(profile: AwsProfile | undefined): Credentials | undefined {
  const { accessKeyId, secretAccessKey, sessionToken } = profile ?? {};
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** Whether the default profile's endpoint counts: only when it was asked for, or when no gateway is in this folder. */
function profileCounts({ profileNamed, file }: Sources): boolean {
  return profileNamed || file === undefined;
}

/** The tenant that an operator's command is about. @throws CliError when nothing names one */
export function operatedTenant({ options, environment, file }: Sources): string {
  const tenant = options.tenant ?? environment.tenant ?? file?.tenant;
  if (tenant === undefined) throw usageError('Name the tenant: --tenant or SEALGATE_TENANT.');
  return tenant;
}

/**
 * The operator's key of this folder's gateway is sent to that gateway only.
 * @throws CliError when no control listener or no operator key is to be found
 */
export function controlConnection(sources: Sources): ControlConnection {
  const connection = findControl(sources);
  if (connection !== undefined) return connection;
  throw new CliError('This command needs the control listener of a gateway and its operator key.', {
    hint: 'Set SEALGATE_CONTROL_URL and ADMIN_API_KEY (or SEALGATE_TOKEN), or run it where the gateway was started.',
  });
}

/**
 * For what a tenant does by itself on the control listener: with its own access key, which may less than an operator's.
 * @throws CliError when no control listener or no credentials are to be found
 */
export function tenantConnection(sources: Sources): TenantConnection {
  const endpoint = controlEndpoint(sources);
  if (endpoint === undefined) {
    throw new CliError('This command needs the control listener of a gateway.', { hint: 'Set SEALGATE_CONTROL_URL.' });
  }
  const { region, credentials } = s3Connection(sources);
  return { endpoint, region, credentials };
}

function controlEndpoint({ options, environment, profile, file }: Sources): string | undefined {
  return options.controlUrl ?? environment.controlUrl ?? profile?.controlUrl ?? file?.controlEndpoint;
}

/** As {@link controlConnection}, but undefined when something is missing. */
export function findControl(sources: Sources): ControlConnection | undefined {
  const { environment, file } = sources;
  const endpoint = controlEndpoint(sources);
  if (endpoint === undefined) return undefined;
  const local = file !== undefined && sameOrigin(endpoint, file.controlEndpoint) ? file : undefined;
  // Whoever sets a token means to be that person, and not the operator key of this folder.
  if (environment.token !== undefined) return { endpoint, proof: { authorization: `Bearer ${environment.token}` } };
  const adminKey = environment.adminKey ?? local?.adminKey;
  return adminKey === undefined ? undefined : { endpoint, proof: { 'x-admin-key': adminKey } };
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}
