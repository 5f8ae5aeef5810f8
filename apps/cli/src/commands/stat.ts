import { writeFile } from 'node:fs/promises';
import type { ObjectInfo } from '@sealgate/client';
import { AuditIntegrityError, verifyHead } from '@sealgate/core/audit';
import { isFault } from '@sealgate/core/faults';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatBytes, formatTable, formatTime, printable } from '../output/format.ts';
import { formatUri, parseObjectUri } from '../s3-uri.ts';
import { readKeys } from './audit.ts';

export interface StatOptions {
  readonly verifyHead?: string | undefined;
  readonly headOut?: string | undefined;
  readonly versionId?: string | undefined;
}

/** `sealgate stat s3://bucket/key` */
export async function stat(context: CommandContext, [where]: readonly [string], options: StatOptions) {
  const target = parseObjectUri(where);
  const { client, connection } = await context.client();
  const { versionId } = options;
  const signedHead = options.verifyHead !== undefined || options.headOut !== undefined;
  const info = await client.head(target, { signal: context.signal, versionId, signedHead });
  if (signedHead) await checkHead(info, target, options);
  const placed = await placement(context, connection.tenant, { ...target, versionId });
  const own = new Set((await context.keyStore.list()).map(({ keyId }) => keyId));
  context.terminal.result({
    json: {
      ...target,
      ...asJson(info),
      ...(placed === undefined ? {} : { encryption: placed['encryption'], blobs: placed['blobs'] }),
    },
    text: describe(formatUri(target.bucket, target.key), { info, placed, own }),
  });
}

/** @throws AuditIntegrityError, CliError */
async function checkHead(
  info: ObjectInfo,
  target: { readonly bucket: string; readonly key: string },
  { verifyHead: keys, headOut }: StatOptions,
): Promise<void> {
  const { signedHead } = info;
  if (signedHead === undefined) throw new CliError('The gateway signed no head.');
  if (headOut !== undefined) await writeFile(headOut, `${signedHead}\n`);
  if (keys === undefined) return;
  const head = verifyHead(signedHead, await readKeys(keys));
  const same =
    head.bucket === target.bucket && head.key === target.key && head.etag === info.etag && head.bytes === info.bytes;
  if (!same) throw new AuditIntegrityError('The signed head is of something else than what was served.');
}

/** Where the copies are: known to the control listener only, so undefined for those who have no access to it. */
async function placement(
  context: CommandContext,
  tenant: string | undefined,
  object: { readonly bucket: string; readonly key: string; readonly versionId: string | undefined },
): Promise<JsonObject | undefined> {
  const control = tenant === undefined ? undefined : await context.controlIfAny();
  if (control === undefined || tenant === undefined) return undefined;
  const { bucket, key, versionId } = object;
  try {
    return await control.get(controlPath`/admin/stat/${tenant}/${bucket}`, { key, versionId });
  } catch (error) {
    context.terminal.note(
      `Where the copies are is not known: ${isFault(error) ? printable(error.message) : 'the call failed.'}`,
    );
    return undefined;
  }
}

function asJson(info: ObjectInfo): JsonObject {
  const { seal, modifiedAtMs, ...rest } = info;
  return {
    ...rest,
    modifiedAt: modifiedAtMs === undefined ? undefined : new Date(modifiedAtMs).toISOString(),
    sealed: seal !== undefined,
    keyIds: seal?.envelope.recipients.map(({ keyId }) => keyId) ?? [],
    keyVersion: seal?.keyVersion,
  };
}

interface Facts {
  readonly info: ObjectInfo;
  readonly placed: JsonObject | undefined;
  readonly own: ReadonlySet<string>;
}

function describe(uri: string, { info, placed, own }: Facts): string {
  const { bytes, plaintextBytes, seal } = info;
  const stored = plaintextBytes === undefined ? '' : `, ${formatBytes(bytes)} stored`;
  const rows: [string, string][] = [
    ['Object', printable(uri)],
    ['Size', `${formatBytes(plaintextBytes ?? bytes)} (${plaintextBytes ?? bytes} bytes${stored})`],
    ['Written', `${formatTime(info.modifiedAtMs)} UTC`],
    ['Class', printable(info.redundancyClass ?? '-')],
    ['Seal', sealLine(info)],
    ...(seal?.envelope.recipients ?? []).map(({ keyId, keyAlg }): [string, string] => [
      'Opens with',
      `${keyId} (${keyAlg})${own.has(keyId) ? ', which you have' : ''}`,
    ]),
    ['ETag', printable(info.etag ?? '-')],
  ];
  const encryption = placed?.['encryption'];
  if (typeof encryption === 'string') rows.push(['Encrypted', `at the gateway, ${printable(encryption)}`]);
  if (info.versionId !== undefined) rows.push(['Version', printable(info.versionId)]);
  const replicas = replicaRows(placed);
  const table =
    replicas.length === 0 ? '' : `\n${formatTable([['BACKEND', 'REGION', 'COUNTRY', 'COPY', 'HEALTH'], ...replicas])}`;
  return `${formatTable(rows)}${table}`;
}

function sealLine({ seal, verdict }: ObjectInfo): string {
  const checked = verdict === undefined ? '' : ` (the gateway found: ${printable(verdict)})`;
  return seal === undefined ? `none${checked}` : `envelope, key version ${seal.keyVersion}${checked}`;
}

/** One row for each backend; `COPY` is the worst state of any of its blobs. */
function replicaRows(placed: JsonObject | undefined): readonly (readonly string[])[] {
  const rank = ['stored', 'pending', 'missing', 'leaving'];
  const rows = new Map<string, string[]>();
  const blobs = Array.isArray(placed?.['blobs']) ? placed['blobs'].filter(isJsonObject) : [];
  for (const { replicas } of blobs) {
    for (const replica of Array.isArray(replicas) ? replicas.filter(isJsonObject) : []) {
      const cells = ['backend', 'region', 'country', 'state', 'health'].map((name) => {
        const value = replica[name];
        return typeof value === 'string' ? printable(value) : '-';
      });
      const [backend = '-', , , state = '-'] = cells;
      const known = rows.get(backend);
      if (known === undefined || rank.indexOf(state) > rank.indexOf(known[3] ?? '')) rows.set(backend, cells);
    }
  }
  return [...rows.values()];
}
