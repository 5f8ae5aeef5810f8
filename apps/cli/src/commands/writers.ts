import { readFile } from 'node:fs/promises';
import { isFault } from '@sealgate/core/faults';
import type { ManifestAlgorithm } from '@sealgate/sealed/inspect';
import { type Keyring, signersOf } from '@sealgate/sealed/keyring';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, formatTime, printable } from '../output/format.ts';
import { parseBucketUri } from '../s3-uri.ts';
import { findWriter } from '../writers/find-writer.ts';
import type { Writer } from '../writers/writer-store.ts';

const EVERY_PUT =
  'New objects are signed with it from now on. Who reads them trusts it with: sealgate writer trust FILE';

/** `sealgate keys create --use sign` */
export async function createSignKey(
  { writerStore, passphrases, terminal }: CommandContext,
  options: { readonly kind: string; readonly name: string; readonly passphrase: boolean },
): Promise<void> {
  const algorithm = SIGN_KINDS[options.kind];
  if (algorithm === undefined) throw usageError(`Keys that sign are of kind ${Object.keys(SIGN_KINDS).join(' or ')}.`);
  const passphrase = options.passphrase ? await passphrases.fresh() : undefined;
  const writer = await writerStore.createSignKey({ algorithm, name: options.name, passphrase });
  terminal.result({ json: { ...writer }, text: `${writer.keyId}\n${EVERY_PUT}\n` });
}

const SIGN_KINDS: Readonly<Record<string, ManifestAlgorithm>> = { Ed25519: 'Ed25519', 'P-256': 'ES256' };

/** `sealgate writer list` */
export async function listWriters(context: CommandContext): Promise<void> {
  const { writerStore, terminal, options } = context;
  const [local, policies, keyring] = await Promise.all([
    writerStore.list(),
    writerStore.policies(),
    reachableKeyring(context),
  ]);
  const writers = listedWriters(local, keyring);
  if (options.json === true) {
    terminal.result({ json: { writers, buckets: policies }, text: '' });
    return;
  }
  const rows = writers.map(({ name, own, sources, revokedAt, keyId }) => [
    printable(name),
    own ? 'signs here' : 'trusted',
    sources.join(', '),
    revokedAt === null ? 'in use' : `revoked ${formatTime(revokedAt * 1000)}`,
    keyId,
  ]);
  const table =
    rows.length === 0
      ? 'No writer is trusted: manifests are not looked at.\n'
      : formatTable([['NAME', 'ROLE', 'TRUSTED BY', 'STATE', 'ID'], ...rows]);
  const required = Object.keys(policies).map((place) => `A manifest is required in ${place}.\n`);
  terminal.result({ json: [], text: `${table}${required.join('')}` });
}

interface ListedWriter extends Writer {
  /** `here`: writers.json. `keyring N`: the tenant's keyring. */
  readonly sources: readonly string[];
  /** Seconds since 1970; null: its signature counts. */
  readonly revokedAt: number | null;
}

function listedWriters(local: readonly Writer[], keyring: Keyring | undefined): readonly ListedWriter[] {
  const { revoked } = signersOf(keyring ?? { keys: [] }, Date.now() / 1000);
  const signing = (keyring?.keys ?? []).filter(({ use }) => use === 'sign');
  const listed = new Set(signing.map(({ keyId }) => keyId));
  const place = keyring === undefined ? [] : [`keyring ${keyring.seq}`];
  const here = new Set(local.map(({ keyId }) => keyId));
  return [
    ...local.map((writer) => ({ ...writer, sources: ['here', ...(listed.has(writer.keyId) ? place : [])] })),
    ...signing
      .filter(({ keyId }) => !here.has(keyId))
      .map(({ keyId }) => ({ keyId, name: '-', own: false, sources: place })),
  ].map((writer) => ({ ...writer, revokedAt: revoked.get(writer.keyId) ?? null }));
}

/** To list what is trusted here must not need a gateway. To open something does: see context.ts. */
async function reachableKeyring(context: CommandContext): Promise<Keyring | undefined> {
  try {
    return await context.trustedKeyring();
  } catch (error) {
    if (!isFault(error, 'GatewayUnreachable')) throw error;
    context.terminal.note("The tenant's keyring could not be asked: its writers are not listed.");
    return undefined;
  }
}

/** `sealgate writer trust FILE` */
export async function trustWriter(
  { writerStore, terminal }: CommandContext,
  [path]: readonly [string],
  { name }: { readonly name: string },
): Promise<void> {
  const writer = await writerStore.trust(await readJwk(path), name);
  terminal.result({ json: { ...writer }, text: `${writer.keyId}\nWhat it signs is taken from now on.\n` });
}

/** `sealgate writer remove WRITER` */
export async function removeWriter(
  { writerStore, terminal }: CommandContext,
  [named]: readonly [string],
): Promise<void> {
  const { keyId, name } = await findWriter(writerStore, named);
  await writerStore.distrust(keyId);
  terminal.result({ json: { removed: keyId }, text: `${name} is trusted no more.\n` });
}

/** `sealgate writer export [WRITER]`: also of a key that only the tenant's keyring has, by its id. */
export async function exportWriter(context: CommandContext, [named]: readonly [string | undefined]): Promise<void> {
  const jwk = await exportedKey(context, named);
  context.terminal.result({ json: jwk, text: `${JSON.stringify(jwk, undefined, 2)}\n` });
}

async function exportedKey(context: CommandContext, named: string | undefined): Promise<JsonObject> {
  const { writerStore } = context;
  const local = await writerStore.list();
  if (named !== undefined && !local.some(({ keyId, name }) => keyId === named || name === named)) {
    const keyring = await context.trustedKeyring();
    const listed = keyring?.keys.find(({ keyId, use }) => use === 'sign' && keyId === named);
    if (listed !== undefined) return { ...listed.jwk };
  }
  return await writerStore.exportKey((await findWriter(writerStore, named)).keyId);
}

/** `sealgate writer require s3://BUCKET` */
export async function requireManifests(
  context: CommandContext,
  [uri]: readonly [string],
  { whenPresent }: { readonly whenPresent?: boolean | undefined },
): Promise<void> {
  const { bucket } = parseBucketUri(uri);
  const { client, connection } = await context.client();
  const tenant = connection.tenant ?? (await client.tenantOf(bucket));
  const policy = whenPresent === true ? 'when-present' : 'required';
  await context.writerStore.setPolicy(tenant, bucket, policy);
  const text =
    policy === 'required'
      ? `Nothing is opened from ${tenant}/${bucket} without a manifest of a trusted writer.\n`
      : `A manifest in ${tenant}/${bucket} must hold; one that is missing does no harm.\n`;
  context.terminal.result({ json: { tenant, bucket, policy }, text });
}

async function readJwk(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below.
  }
  throw usageError(`${path} holds no JWK.`);
}
