import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What the process was started with. The only reader of the environment; everything else gets this value. */
export interface Environment {
  readonly cwd: string;
  /** Where keys are kept: `$XDG_CONFIG_HOME/sealgate`. */
  readonly configDir: string;
  /** Where interrupted uploads are written down: `$XDG_STATE_HOME/sealgate`. */
  readonly stateDir: string;
  /** Data directory of a gateway that was started in this folder. */
  readonly dataDir: string;
  readonly aws: AwsEnvironment;
  readonly controlUrl: string | undefined;
  /** The metadata itself, for what is done without a gateway. */
  readonly databaseUrl: string | undefined;
  readonly adminKey: string | undefined;
  /** A token of an identity provider that the gateway knows. */
  readonly token: string | undefined;
  readonly tenant: string | undefined;
  readonly passphrase: string | undefined;
  /** The secret of a backend that is being registered. */
  readonly backendSecret: string | undefined;
  /** Of storage that is looked at once. */
  readonly source: {
    readonly accessKeyId: string | undefined;
    readonly secretAccessKey: string | undefined;
    readonly sessionToken: string | undefined;
  };
}

export interface AwsEnvironment {
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
  readonly region: string | undefined;
  readonly endpointUrl: string | undefined;
  readonly profile: string | undefined;
  readonly configFile: string;
  readonly credentialsFile: string;
}

/** An empty variable counts as unset, as in the AWS tools. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): Environment {
  const read = (...names: readonly string[]): string | undefined =>
    names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  const home = read('HOME', 'USERPROFILE') ?? homedir();
  return Object.freeze({
    cwd,
    configDir: join(read('XDG_CONFIG_HOME') ?? join(home, '.config'), 'sealgate'),
    stateDir: join(read('XDG_STATE_HOME') ?? join(home, '.local', 'state'), 'sealgate'),
    dataDir: resolve(cwd, read('SEALGATE_DATA_DIR') ?? 'data'),
    aws: {
      accessKeyId: read('AWS_ACCESS_KEY_ID'),
      secretAccessKey: read('AWS_SECRET_ACCESS_KEY'),
      sessionToken: read('AWS_SESSION_TOKEN'),
      region: read('AWS_REGION', 'AWS_DEFAULT_REGION'),
      endpointUrl: read('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'),
      profile: read('AWS_PROFILE', 'AWS_DEFAULT_PROFILE'),
      configFile: read('AWS_CONFIG_FILE') ?? join(home, '.aws', 'config'),
      credentialsFile: read('AWS_SHARED_CREDENTIALS_FILE') ?? join(home, '.aws', 'credentials'),
    },
    databaseUrl: read('DATABASE_URL'),
    controlUrl: read('SEALGATE_CONTROL_URL'),
    adminKey: read('ADMIN_API_KEY'),
    token: read('SEALGATE_TOKEN'),
    tenant: read('SEALGATE_TENANT'),
    passphrase: read('SEALGATE_PASSPHRASE'),
    backendSecret: read('SEALGATE_BACKEND_SECRET_ACCESS_KEY'),
    source: {
      accessKeyId: read('SOURCE_ACCESS_KEY_ID'),
      secretAccessKey: read('SOURCE_SECRET_ACCESS_KEY'),
      sessionToken: read('SOURCE_SESSION_TOKEN'),
    },
  });
}
