import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../cli-error.ts';

/** What a gateway leaves for people and programs of its machine at its first start. */
export interface CredentialsFile {
  readonly s3Endpoint: string;
  readonly controlEndpoint: string;
  readonly region: string;
  readonly tenant: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly adminKey: string;
}

const MEMBERS = [
  's3Endpoint',
  'controlEndpoint',
  'region',
  'tenant',
  'accessKeyId',
  'secretAccessKey',
  'adminKey',
] as const satisfies readonly (keyof CredentialsFile)[];

/** Undefined when no gateway was ever started with this data directory. @throws CliError when it cannot be read */
export async function readCredentialsFile(dataDir: string): Promise<CredentialsFile | undefined> {
  const path = join(dataDir, 'credentials.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CliError(`${path} cannot be read (${code ?? 'unknown error'}).`, {
      hint: 'Run as the user who started the gateway, or set AWS_ACCESS_KEY_ID and the other settings.',
      cause: error,
    });
  }
  const members = parse(text);
  if (!isCredentials(members)) {
    throw new CliError(`${path} is damaged.`, { hint: 'Delete it and restart the gateway: it writes a new one.' });
  }
  return members;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCredentials(value: unknown): value is CredentialsFile {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Readonly<Record<string, unknown>>;
  return MEMBERS.every((name) => typeof members[name] === 'string');
}
