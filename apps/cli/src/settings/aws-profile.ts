import { existsSync } from 'node:fs';
import { usageError } from '../cli-error.ts';
import type { AwsEnvironment } from '../config.ts';

/** What a profile of `~/.aws` says that we use. */
export interface AwsProfile {
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
  readonly region: string | undefined;
  readonly endpointUrl: string | undefined;
  readonly controlUrl: string | undefined;
  readonly tenant: string | undefined;
}

/**
 * Reads a profile from the AWS tools' own files; undefined when there is none.
 * @param name the profile that was asked for; the default one when undefined
 * @throws CliError when a profile was asked for by name and does not exist
 */
export async function readAwsProfile(aws: AwsEnvironment, name: string | undefined): Promise<AwsProfile | undefined> {
  const profile = await findProfile(aws, name ?? 'default');
  if (profile === undefined && name !== undefined) {
    throw usageError(`There is no profile "${name}" in ${aws.configFile} or ${aws.credentialsFile}.`);
  }
  return profile;
}

async function findProfile(aws: AwsEnvironment, name: string): Promise<AwsProfile | undefined> {
  // Most machines of our users have no such files, and the parser takes a moment to load.
  if (!existsSync(aws.configFile) && !existsSync(aws.credentialsFile)) return undefined;
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    configFilepath: aws.configFile,
    filepath: aws.credentialsFile,
    ignoreCache: true,
  });
  const config = configFile[name];
  const credentials = credentialsFile[name];
  if (config === undefined && credentials === undefined) return undefined;
  const read = (member: string): string | undefined => credentials?.[member] ?? config?.[member];
  const services = configFile[`services.${config?.['services'] ?? ''}`];
  return {
    accessKeyId: read('aws_access_key_id'),
    secretAccessKey: read('aws_secret_access_key'),
    sessionToken: read('aws_session_token'),
    region: read('region'),
    endpointUrl: services?.['s3.endpoint_url'] ?? config?.['s3.endpoint_url'] ?? read('endpoint_url'),
    controlUrl: read('sealgate_control_url'),
    tenant: read('sealgate_tenant'),
  };
}
