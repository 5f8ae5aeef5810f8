import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/format.ts';
import { formatUri, parseObjectUri, parsePrefixUri } from '../s3-uri.ts';

export interface RmOptions {
  readonly recursive?: boolean | undefined;
  readonly versionId?: string | undefined;
}

/** `sealgate rm s3://bucket/key` */
export async function rm(context: CommandContext, [where]: readonly [string], options: RmOptions) {
  if (options.recursive === true) {
    if (options.versionId !== undefined) throw usageError('--version-id names one object; leave out --recursive.');
    await removeAll(context, where);
    return;
  }
  const target = parseObjectUri(where);
  const { client } = await context.client();
  await client.delete(target, { signal: context.signal, versionId: options.versionId });
  const uri = formatUri(target.bucket, target.key);
  context.terminal.result({ json: { deleted: 1, ...target }, text: `deleted ${printable(uri)}\n` });
}

/** Page by page, so that memory does not grow with the number of objects. */
async function removeAll(context: CommandContext, where: string): Promise<void> {
  const { bucket, prefix } = parsePrefixUri(where);
  const { client } = await context.client();
  const { signal } = context;
  const progress = context.terminal.progress(`rm ${prefix}`);
  let deleted = 0;
  const failures: { readonly key: string; readonly message: string }[] = [];
  for await (const { objects } of client.list(bucket, { prefix, signal })) {
    const keys = objects.map(({ key }) => key);
    const failed = await client.deleteMany(bucket, keys, { signal });
    deleted += keys.length - failed.length;
    // Enough to see what is wrong; the number says the rest.
    failures.push(...failed.slice(0, Math.max(0, FAILURES_SHOWN - failures.length)));
    if (failed.length > 0 && failed.length === keys.length) break;
  }
  progress.end();
  const uri = formatUri(bucket, prefix);
  context.terminal.result({ json: { deleted, bucket, prefix }, text: `deleted ${deleted} below ${printable(uri)}\n` });
  if (failures.length === 0) return;
  const shown = failures.map(({ key, message }) => `${key}: ${message}`);
  throw new CliError(`Some objects could not be deleted: ${printable(shown.join('; '))}`);
}

const FAILURES_SHOWN = 5;
