import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { readAwsProfile } from './aws-profile.ts';

export interface SourceOptions {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly sourceProfile?: string | undefined;
}

/** Storage that is looked at once: where it is, as far as that is known here, and what opens it. */
export interface Source {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

const HOW =
  'Set SOURCE_ACCESS_KEY_ID and SOURCE_SECRET_ACCESS_KEY, name a profile with --source-profile, or run it on a terminal.';

/**
 * Credentials from the profile that is named, else from the environment, else as they are typed. A profile's endpoint
 * and region count where no option says otherwise.
 * @throws CliError when there are none, or only a half
 */
export async function findSource(
  { environment, terminal, askHidden }: Pick<CommandContext, 'environment' | 'terminal' | 'askHidden'>,
  { endpoint, region, sourceProfile }: SourceOptions,
): Promise<Source> {
  if (sourceProfile !== undefined) {
    const profile = await readAwsProfile(environment.aws, sourceProfile);
    const { accessKeyId, secretAccessKey, sessionToken } = profile ?? {};
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw usageError(`The profile "${sourceProfile}" has no credentials.`, HOW);
    }
    const place = { endpoint: endpoint ?? profile?.endpointUrl, region: region ?? profile?.region };
    return { ...place, credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } };
  }
  const { accessKeyId, secretAccessKey, sessionToken } = environment.source;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw usageError('Of SOURCE_ACCESS_KEY_ID and SOURCE_SECRET_ACCESS_KEY one is set and the other is not.', HOW);
  }
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const token = sessionToken === undefined ? {} : { sessionToken };
    return { endpoint, region, credentials: { accessKeyId, secretAccessKey, ...token } };
  }
  if (!terminal.canAsk) throw usageError('There are no credentials for the storage.', HOW);
  const typed = {
    accessKeyId: await askHidden('Access key id of the storage:'),
    secretAccessKey: await askHidden('Its secret access key:'),
  };
  return { endpoint, region, credentials: typed };
}
