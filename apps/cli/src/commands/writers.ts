import { readFile } from 'node:fs/promises';
import type { ManifestAlgorithm } from '@sealgate/sealed/inspect';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable } from '../output/format.ts';
import { parseBucketUri } from '../s3-uri.ts';
import type { Writer, WriterStore } from '../writers/writer-store.ts';

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
export async function listWriters({ writerStore, terminal, options }: CommandContext): Promise<void> {
  const [writers, policies] = await Promise.all([writerStore.list(), writerStore.policies()]);
  if (options.json === true) {
    terminal.result({ json: { writers: writers.map((writer) => ({ ...writer })), buckets: policies }, text: '' });
    return;
  }
  const rows = writers.map(({ name, own, keyId }) => [name, own ? 'signs here' : 'trusted', keyId]);
  const table =
    rows.length === 0
      ? 'No writer is trusted: manifests are not looked at.\n'
      : formatTable([['NAME', 'ROLE', 'ID'], ...rows]);
  const required = Object.keys(policies).map((place) => `A manifest is required in ${place}.\n`);
  terminal.result({ json: [], text: `${table}${required.join('')}` });
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

/** `sealgate writer export [WRITER]` */
export async function exportWriter(
  { writerStore, terminal }: CommandContext,
  [named]: readonly [string | undefined],
): Promise<void> {
  const { keyId } = await findWriter(writerStore, named);
  const jwk = await writerStore.exportKey(keyId);
  terminal.result({ json: jwk, text: `${JSON.stringify(jwk, undefined, 2)}\n` });
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

async function findWriter(store: WriterStore, named: string | undefined): Promise<Writer> {
  const writers = await store.list();
  const found =
    named === undefined
      ? writers.filter(({ own }) => own)
      : writers.filter(({ keyId, name }) => name === named || keyId === named);
  const [writer, ...others] = found;
  if (writer === undefined)
    throw usageError(
      named === undefined
        ? 'There is no key to sign with yet: sealgate keys create --use sign'
        : `There is no writer "${named}".`,
    );
  if (others.length > 0) throw usageError(`"${named ?? ''}" names several writers.`, 'Use the id of one of them.');
  return writer;
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
