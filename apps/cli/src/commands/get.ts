import type { OpenedObject } from '@sealgate/client';
import { parseByteRange } from '@sealgate/client';
import { isFault } from '@sealgate/core/faults';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { resolveTarget, writeThrough, writeToDevice, writeVerified } from '../files/download-target.ts';
import { formatBytes, printable } from '../output/format.ts';
import { parseObjectUri } from '../s3-uri.ts';

export interface GetOptions {
  readonly range?: string | undefined;
  readonly versionId?: string | undefined;
  readonly plain?: boolean | undefined;
  readonly allowOlder?: boolean | undefined;
}

/** `sealgate get s3://bucket/key FILE|-` */
export async function get(context: CommandContext, [from, to]: readonly [string, string], options: GetOptions) {
  const source = parseObjectUri(from);
  const range = options.range === undefined ? undefined : rangeOption(options.range);
  const target = to === '-' ? undefined : await resolveTarget(to, source.key);
  const { client } = await context.client();
  const { signal } = context;
  const wanted = { range, versionId: options.versionId, allowOlder: options.allowOlder, signal };
  const opened = await (options.plain === true ? client.getRaw(source, wanted) : client.getSealed(source, wanted));
  const progress = context.terminal.progress(`get ${source.key}`);
  const onBytes = (bytes: number): void => progress.update(bytes, opened.bytes);
  try {
    if (target?.kind === 'file') {
      await writeVerified(target.path, opened.body, { signal, onBytes });
    } else if (target === undefined) {
      await writeThrough(context.terminal.stdout, opened.body, { signal, onBytes });
    } else {
      await writeToDevice(target.path, opened.body, { signal, onBytes });
    }
  } finally {
    progress.end();
  }
  const path = target?.path ?? '-';
  const json = {
    ...source,
    file: path,
    bytes: opened.bytes,
    sealed: options.plain !== true,
    etag: opened.info.etag,
    signedBy: opened.manifest?.keyId ?? null,
  };
  const text = `${path}: ${formatBytes(opened.bytes)}, ${provenance(opened, options)}\n`;
  if (target !== undefined) context.terminal.result({ json, text: printable(text.trimEnd()).concat('\n') });
  else if (context.options.json === true) context.terminal.result({ json, text });
}

function provenance({ info, manifest }: OpenedObject, { plain, range }: GetOptions): string {
  if (plain !== true && manifest === undefined) return 'opened and verified';
  // What a range proves: docs/spec/sealed-objects.md, section 17.
  const signed = range === undefined ? 'as its writer signed it' : 'of an object that its writer signed';
  if (plain !== true) return `opened and verified, ${signed}`;
  return info.seal === undefined ? 'as it was stored, without a seal' : 'as it was stored, still sealed';
}

function rangeOption(text: string): ReturnType<typeof parseByteRange> {
  try {
    return parseByteRange(text);
  } catch (error) {
    throw isFault(error) ? usageError(error.message) : error;
  }
}
