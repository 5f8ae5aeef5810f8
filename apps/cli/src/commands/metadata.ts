import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, readFile, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { documentRecipient, sealDocument } from '@sealgate/engine/documents';
import { dumpMetadata, type RestoredMetadata, restoreMetadata } from '@sealgate/metadata';
import { importPrivateKey, type OpeningKey } from '@sealgate/sealed/keys';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { DocumentError, openDocument } from '../documents/open-document.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatTable } from '../output/format.ts';

/** A private key as JWK; RSA-8192 takes 6 KB. */
const KEY_FILE_BYTES_MAX = 64 * 1024;

interface DatabaseOption {
  readonly databaseUrl?: string | undefined;
}

/** `sealgate metadata backup` */
export async function backupMetadata(
  context: CommandContext,
  _args: readonly [],
  options: DatabaseOption & { readonly to: string; readonly recipient: readonly string[] },
) {
  const { signal, terminal } = context;
  const databaseUrl = databaseOf(context, options);
  const recipients = await Promise.all(options.recipient.map(async (file) => documentRecipient(await textOf(file))));
  // Written beside its place and linked there when it is whole, so that no half a backup is ever taken for one.
  const draft = `${options.to}.${randomBytes(6).toString('hex')}.part`;
  try {
    await pipeline(
      dumpMetadata({ databaseUrl }),
      createZstdCompress(),
      (compressed: AsyncIterable<Uint8Array>) =>
        sealDocument(compressed, { purpose: 'metadata-backup', recipients, random: randomBytes }),
      createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true }),
      { signal },
    );
    await link(draft, options.to);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw usageError(`There is a file ${options.to} already.`);
    }
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const { size } = await stat(options.to);
  const keyIds = recipients.map(({ keyId }) => keyId);
  terminal.result({
    json: { file: options.to, bytes: size, recipients: keyIds },
    text: formatTable([['Backup', options.to], ['Bytes', String(size)], ...keyIds.map((id) => ['Sealed to', id])]),
  });
}

/** `sealgate metadata restore` */
export async function restoreBackup(
  context: CommandContext,
  _args: readonly [],
  options: DatabaseOption & { readonly from: string; readonly key: string },
) {
  const { signal, terminal } = context;
  const databaseUrl = databaseOf(context, options);
  const key = await privateKeyOf(options.key);
  const findKey = (keyId: string): Promise<OpeningKey | undefined> =>
    Promise.resolve(keyId === key.keyId ? key : undefined);
  let restored: RestoredMetadata | undefined;
  try {
    await pipeline(
      openDocument(createReadStream(options.from), { purpose: 'metadata-backup', findKey }),
      createZstdDecompress(),
      async (frames: AsyncIterable<Uint8Array>) => {
        restored = await restoreMetadata({ databaseUrl, backup: frames });
      },
      { signal },
    );
  } catch (error) {
    throw documentFailure(error) ?? error;
  }
  if (restored === undefined) throw new CliError('The backup held nothing.');
  const { takenAt, tables, rows, repairs } = restored;
  terminal.result({
    json: { takenAt, tables, rows, repairs },
    text:
      formatTable([
        ['Taken', takenAt],
        ['Tables', String(tables)],
        ['Rows', String(rows)],
        ['Repairs asked for', String(repairs)],
      ]) + 'The sweep for orphans is held. When nothing written since is to be kept: sealgate housekeeping release\n',
  });
}

function documentFailure(error: unknown): CliError | undefined {
  if (!(error instanceof DocumentError)) return undefined;
  const exitCode = error.problem === 'damaged' ? exitCodes.integrity : exitCodes.failed;
  return new CliError(error.message, { exitCode, cause: error });
}

function databaseOf(
  { environment }: CommandContext,
  { databaseUrl = environment.databaseUrl }: DatabaseOption,
): string {
  if (databaseUrl === undefined) throw usageError('Say which database is meant with --database-url (or DATABASE_URL).');
  return databaseUrl;
}

async function privateKeyOf(file: string): Promise<OpeningKey> {
  const jwk: unknown = JSON.parse(await textOf(file));
  return await importPrivateKey(jwk as Parameters<typeof importPrivateKey>[0]);
}

async function textOf(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > KEY_FILE_BYTES_MAX) throw usageError(`The file ${file} is too long for a key.`);
  return await readFile(file, 'utf8');
}
