import { basename, resolve } from 'node:path';
import type { PutResult, SealedClient, SealedPutOptions } from '@sealgate/client';
import { isFault } from '@sealgate/core/faults';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { openUploadFile, type UploadFile } from '../files/upload-source.ts';
import { formatBytes, printable } from '../output/format.ts';
import { formatUri, type ObjectUri, parseObjectUri } from '../s3-uri.ts';
import { createJournalFile, type JournalFile } from '../uploads/upload-journal.ts';

/** The gateway judged the sealed bytes: to go on with them would be refused again, and again. */
const REFUSES_WHAT_WAS_SENT = ['EncryptionRequired', 'EntityTooLarge'] as const;

export interface PutOptions {
  readonly class?: string | undefined;
  readonly contentType?: string | undefined;
  readonly plain?: boolean | undefined;
  readonly direct?: boolean | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly resume: boolean;
}

/** `sealgate put FILE|- s3://bucket/key` */
export async function put(context: CommandContext, [from, to]: readonly [string, string], options: PutOptions) {
  const target = parseObjectUri(to);
  const { client, connection } = await context.client();
  const progress = context.terminal.progress(`put ${from === '-' ? target.key : basename(from)}`);
  const settings: SealedPutOptions = {
    redundancyClass: options.class,
    contentType: options.contentType,
    ifNoneMatch: options.ifAbsent === true ? '*' : undefined,
    signal: context.signal,
    onProgress: ({ doneBytes, totalBytes }) => progress.update(doneBytes, totalBytes),
  };
  const upload: Upload = { context, client, target, settings, options, endpoint: connection.endpoint };
  try {
    if (from === '-') noteStream(upload);
    const result = await (from === '-'
      ? putStream(upload, context.terminal.stdin(context.signal))
      : putFile(upload, from));
    progress.end();
    context.terminal.result({ json: { ...target, ...result }, text: describe(target, result) });
  } catch (error) {
    throw isFault(error, 'NoSuchBucket') ? noSuchBucket(target.bucket, error) : error;
  } finally {
    progress.end();
  }
}

interface Upload {
  readonly context: CommandContext;
  readonly client: SealedClient;
  readonly target: ObjectUri;
  readonly settings: SealedPutOptions;
  readonly options: PutOptions;
  readonly endpoint: string;
}

function putStream(upload: Upload, stream: AsyncIterable<Uint8Array>): Promise<PutResult> {
  const { client, target, settings, options } = upload;
  return options.plain === true
    ? client.putPlain(target, { stream }, settings)
    : client.putSealed(target, { stream }, settings);
}

function noteStream({ context, options }: Upload): void {
  if (options.direct === true)
    context.terminal.note('A stream has no length to plan with: it goes through the gateway.');
}

async function putFile(upload: Upload, path: string): Promise<PutResult> {
  const { context, client, target, settings, options } = upload;
  await using file = await openUploadFile(path);
  if ('stream' in file) {
    noteStream(upload);
    return await putStream(upload, file.stream);
  }
  if (options.direct === true) {
    const { putDirect } = await import('./put-direct.ts');
    const result = await putDirect(context, client, { target, file, options: settings });
    if (result !== undefined) return result;
  }
  // Awaited here: the file closes when this function ends.
  if (options.plain === true) return await client.putPlain(target, file, settings);
  const { goesInParts } = await import('@sealgate/client');
  if (!goesInParts(file.size)) return await client.putSealed(target, file, settings);
  const journal = createJournalFile(context.environment.stateDir, {
    endpoint: upload.endpoint,
    ...target,
    path: resolve(context.environment.cwd, path),
  });
  using lock = await journal.lock().catch((error: unknown) => {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    context.terminal.note(
      `This upload cannot be resumed: ${context.environment.stateDir} cannot be written (${code}).`,
    );
    return undefined;
  });
  if (lock === undefined) return await client.putSealed(target, file, settings);
  try {
    const result = await putJournalled(upload, file, journal);
    await journal.remove();
    return result;
  } catch (error) {
    if (isFault(error, ...REFUSES_WHAT_WAS_SENT)) await forget(upload, journal);
    else if ((await journal.readAny()) !== undefined) {
      context.terminal.note('The upload goes on where it stopped when you run the same command again.');
    }
    throw error;
  }
}

async function putJournalled(upload: Upload, file: UploadFile, journal: JournalFile): Promise<PutResult> {
  const { context, client, target, options } = upload;
  const settings = { ...upload.settings, journal: journal.journal(file.identity) };
  const earlier = options.resume ? await journal.read(file.identity) : undefined;
  if (earlier === undefined) {
    await forget(upload, journal);
    return client.putSealed(target, file, settings);
  }
  context.terminal.note(`Going on with an interrupted upload: ${earlier.parts.length} parts are stored already.`);
  try {
    return await client.putSealed(target, file, { ...settings, resume: earlier });
  } catch (error) {
    if (!isFault(error, 'NoSuchUpload')) throw error;
    const why = error.detail['reason'] === undefined ? 'The gateway has forgotten that upload.' : error.message;
    context.terminal.note(`${why} Starting anew.`);
    await forget(upload, journal);
    return client.putSealed(target, file, settings);
  }
}

/** Tells the gateway to drop what an earlier upload has left, and does so here. */
async function forget({ client, target }: Upload, journal: JournalFile): Promise<void> {
  const stale = await journal.readAny();
  if (stale === undefined) return;
  await client.abortUpload(target, { uploadId: stale.uploadId }).catch(() => undefined);
  await journal.remove();
}

function noSuchBucket(bucket: string, cause: unknown): CliError {
  return new CliError(`There is no bucket "${bucket}".`, {
    exitCode: exitCodes.failed,
    hint: `Create it: sealgate bucket create ${bucket}`,
    cause,
  });
}

function describe(target: ObjectUri, result: PutResult): string {
  const size = result.plaintextBytes === undefined ? '' : ` ${formatBytes(result.plaintextBytes)},`;
  const sealed =
    result.keyIds.length === 0
      ? 'NOT sealed'
      : `sealed to ${result.keyIds.length} key${result.keyIds.length === 1 ? '' : 's'}`;
  const copies = result.ackedBy.length === 0 ? '' : `, held by ${result.ackedBy.map(printable).join(', ')}`;
  const signed = result.signedBy === undefined ? '' : ', signed';
  return `${printable(formatUri(target.bucket, target.key))}:${size} ${sealed}${signed}${copies}\n`;
}
