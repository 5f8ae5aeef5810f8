import type { CommandContext } from '../context.ts';
import { formatTime, printable } from '../output/format.ts';
import { parsePrefixUri } from '../s3-uri.ts';

export interface LsOptions {
  readonly recursive?: boolean | undefined;
}

/** Column of sizes: enough for 999 TiB in bytes. */
const SIZE_COLUMNS = 15;

/** `sealgate ls [s3://bucket[/prefix]]` */
export async function ls(context: CommandContext, [where]: readonly [string | undefined], options: LsOptions) {
  const { client } = await context.client();
  const { terminal, signal } = context;
  if (where === undefined) {
    for (const { name, createdAtMs } of await client.listBuckets({ signal })) {
      const json = { bucket: name, createdAt: isoTime(createdAtMs) };
      terminal.item({ json, text: `${formatTime(createdAtMs)}  ${printable(name)}` });
    }
    return;
  }
  const { bucket, prefix } = parsePrefixUri(where);
  const delimiter = options.recursive === true ? undefined : '/';
  for await (const page of client.list(bucket, { prefix, delimiter, signal })) {
    for (const folder of page.prefixes) {
      terminal.item({ json: { prefix: folder }, text: `${''.padStart(21 + SIZE_COLUMNS)}  ${printable(folder)}` });
    }
    for (const { key, bytes, etag, modifiedAtMs, storageClass } of page.objects) {
      const json = { key, bytes, etag, modifiedAt: isoTime(modifiedAtMs), storageClass };
      const size = String(bytes).padStart(SIZE_COLUMNS);
      terminal.item({ json, text: `${formatTime(modifiedAtMs)}  ${size}  ${printable(key)}` });
    }
  }
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
