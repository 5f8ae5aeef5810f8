import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '@sealgate/runtime/files';
import { agentKeyId, GRANT_SECONDS_MAX, sealGrant } from '@sealgate/sealed/credentials';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { secretOf } from './backends.ts';

interface GrantOptions {
  readonly agent: string;
  readonly agentKey: string;
  readonly accessKeyId: string;
  readonly secretFile?: string | undefined;
  readonly sessionTokenFile?: string | undefined;
  readonly backend?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly minutes?: number | undefined;
}

/** `sealgate job signer` */
export async function showSigner({ environment, terminal }: CommandContext) {
  const { jwk, made } = await signerIn(environment.configDir);
  const key = jwk.x ?? '';
  const note = made ? 'This key was made just now; its private half stays on this machine.\n' : '';
  terminal.result({
    json: { key },
    text: `${key}\n${note}An agent takes grants from you when its agent.yaml names it: grantSigners: [${key}]\n`,
  });
}

/** `sealgate job grant JOB` */
export async function grantJob(context: CommandContext, [id]: readonly [string], options: GrantOptions) {
  const { environment, terminal } = context;
  const seconds = (options.minutes ?? GRANT_SECONDS_MAX / 60) * 60;
  if (seconds < 60 || seconds > GRANT_SECONDS_MAX) throw usageError('A grant is good for 1 to 15 minutes.');
  const control = await context.control();
  const told = await control.get(
    `${controlPath`/proxy/jobs/${id}/grant-terms`}?agent=${encodeURIComponent(options.agent)}`,
  );
  const agentKey = new Uint8Array(Buffer.from(text(told, 'encryptionKey'), 'base64'));
  if (agentKey.length !== 32 || (await agentKeyId(agentKey)) !== options.agentKey) {
    throw new CliError('The key that the gateway gave is not the one that you named with --agent-key.', {
      exitCode: exitCodes.integrity,
      hint: 'The agent shows it in its log when it begins ("encryptionKey"). Nothing was sealed.',
    });
  }
  const place = placeOf(told, options);
  const secretAccessKey = await secretOf(context, options.secretFile);
  const token = options.sessionTokenFile;
  const { jwk } = await signerIn(environment.configDir);
  const grant = await sealGrant({
    terms: {
      ...{ ak: options.accessKeyId, sk: secretAccessKey, job: text(told, 'job') },
      ...(token === undefined ? {} : { st: (await readFile(token, 'utf8')).trim() }),
      ...{ backend: place.id, endpoint: place.endpoint, region: place.region, bucket: place.bucket },
    },
    tenant: text(told, 'tenant'),
    ...{ seconds, nowMs: Date.now(), signer: jwk, agentKey },
  });
  const answer = await control.send('POST', controlPath`/proxy/jobs/${id}/grants`, { agent: options.agent, grant });
  const rows = [
    ['Agent', options.agent],
    ['Backend', place.id],
    ['Endpoint', place.endpoint],
    ['Bucket', place.bucket],
    ['Good until', text(answer, 'expiresAt')],
  ].map(([name = '', value = '']) => [name, printable(value)]);
  terminal.result({ json: { ...place, ...answer }, text: formatTable(rows) });
}

interface Place {
  readonly id: string;
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
}

/** @throws CliError when it is not clear which backend is meant, or the gateway tells of another endpoint than the owner */
function placeOf(told: JsonObject, { backend, endpoint }: Pick<GrantOptions, 'backend' | 'endpoint'>): Place {
  const all = Array.isArray(told['backends']) ? told['backends'].filter(isJsonObject) : [];
  const those = backend === undefined ? all : all.filter(({ id }) => id === backend);
  const [one] = those;
  if (one === undefined) throw usageError('The job has no target like that in the custody of clients.');
  if (those.length > 1)
    throw usageError('The job has several targets in the custody of clients: name one with --backend.');
  const place = {
    id: text(one, 'id'),
    endpoint: text(one, 'endpoint'),
    region: text(one, 'region'),
    bucket: text(one, 'bucket'),
  };
  if (endpoint !== undefined && new URL(endpoint).href !== new URL(place.endpoint).href)
    throw new CliError(`The gateway says that the backend is at ${printable(place.endpoint)}. Nothing was sealed.`, {
      exitCode: exitCodes.integrity,
    });
  return place;
}

/** The owner's key that grants are signed with, made when it is first asked for. */
async function signerIn(configDir: string): Promise<{ readonly jwk: JWK; readonly made: boolean }> {
  const path = join(configDir, 'grant-signer.json');
  try {
    return { jwk: JSON.parse(await readFile(path, 'utf8')) as JWK, made: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  await writePrivateFile(path, `${JSON.stringify(jwk)}\n`);
  return { jwk, made: true };
}

function text(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
