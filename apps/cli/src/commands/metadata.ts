import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, open, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { DOCUMENT_MAGIC, documentRecipient, sealDocument } from '@sealgate/engine/documents';
import { dumpMetadata, type RestoredMetadata, restoreMetadata } from '@sealgate/metadata';
import type { OpeningKey } from '@sealgate/sealed/keys';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { DocumentError, openDocument } from '../documents/open-document.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatTable } from '../output/format.ts';
import { keyFileText, readKeyFile } from '../recover/keys.ts';
import { restoreStored } from '../recover/stored-backups.ts';
import { backupNow } from './metadata-backups.ts';

interface DatabaseOption {
  readonly databaseUrl?: string | undefined;
}

export interface BackupCommandOptions extends DatabaseOption {
  readonly to?: string;
  readonly recipient?: readonly string[];
  readonly now?: boolean;
}

/** `sealgate metadata backup` */
export async function backupMetadata(context: CommandContext, _args: readonly [], options: BackupCommandOptions) {
  const { to, recipient, now } = options;
  if (now === true) {
    if (to !== undefined || recipient !== undefined) {
      throw usageError(
        '--now lets a gateway make the backup, to its own key and places: it goes with no --to or --recipient.',
      );
    }
    return backupNow(context);
  }
  if (to === undefined || recipient === undefined) {
    throw usageError('Say --now for a backup on the backends, or --to FILE and --recipient KEY for one into a file.');
  }
  return backupToFile(context, { ...options, to, recipient });
}

async function backupToFile(
  context: CommandContext,
  options: DatabaseOption & { readonly to: string; readonly recipient: readonly string[] },
) {
  const { signal, terminal } = context;
  const databaseUrl = databaseOf(context, options);
  const recipients = await Promise.all(
    options.recipient.map(async (file) => documentRecipient(await keyFileText(file))),
  );
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
  options: DatabaseOption & { readonly from: string; readonly key: string; readonly id?: string },
) {
  const databaseUrl = databaseOf(context, options);
  const key = await readKeyFile(options.key);
  const restore = (stored: AsyncIterable<Uint8Array>) =>
    restoreFrom(stored, { databaseUrl, key, signal: context.signal });
  if (await isBackupFile(options.from)) {
    if (options.id !== undefined)
      throw usageError('--id chooses among backups that lie on backends; this is one file.');
    showRestored(context, options.from, await restore(createReadStream(options.from)));
    return;
  }
  const { id, restored } = await restoreStored(context, { from: options.from, id: options.id, restore });
  showRestored(context, id, restored);
}

async function restoreFrom(
  stored: AsyncIterable<Uint8Array>,
  {
    databaseUrl,
    key,
    signal,
  }: { readonly databaseUrl: string; readonly key: OpeningKey; readonly signal: AbortSignal },
): Promise<RestoredMetadata> {
  const findKey = (keyId: string): Promise<OpeningKey | undefined> =>
    Promise.resolve(keyId === key.keyId ? key : undefined);
  let restored: RestoredMetadata | undefined;
  try {
    await pipeline(
      openDocument(stored, { purpose: 'metadata-backup', findKey }),
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
  return restored;
}

function showRestored({ terminal }: CommandContext, from: string, restored: RestoredMetadata): void {
  const { takenAt, tables, rows, repairs } = restored;
  terminal.result({
    json: { from, takenAt, tables, rows, repairs },
    text:
      formatTable([
        ['From', from],
        ['Taken', takenAt],
        ['Tables', String(tables)],
        ['Rows', String(rows)],
        ['Repairs asked for', String(repairs)],
      ]) + 'The sweep for orphans is held. When nothing written since is to be kept: sealgate housekeeping release\n',
  });
}

/** A backup in one file begins as every sealed document does; a list of backends does not. */
async function isBackupFile(path: string): Promise<boolean> {
  const file = await open(path).catch((cause: unknown) => {
    throw usageError(`${path} cannot be read.`, cause instanceof Error ? cause.message : undefined);
  });
  try {
    if ((await file.stat()).isDirectory()) return false;
    const head = Buffer.alloc(DOCUMENT_MAGIC.length);
    await file.read(head, 0, head.length, 0);
    return head.equals(DOCUMENT_MAGIC);
  } finally {
    await file.close();
  }
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
