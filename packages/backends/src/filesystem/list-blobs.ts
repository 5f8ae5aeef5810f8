import type { ListBlobsOptions, ListBlobsPage, ListedBlob } from '@sealgate/core/ports';
import type { filesystemLimits } from '../limits.ts';
import { errnoOf } from './faults.ts';
import type { Folders } from './folders.ts';
import type { FilesystemIo } from './io.ts';
import { readEntry } from './layout.ts';

export interface ListDeps {
  readonly folders: Folders;
  readonly io: FilesystemIo;
  readonly limits: typeof filesystemLimits;
}

/** One thing in key order: a blob, or a folder that stands for all keys which start with `text`. */
interface Item {
  readonly kind: 'blob' | 'folder' | 'fan-out';
  /** The whole key of a blob, else what the keys below have in common. */
  readonly text: string;
  /** Where it lies: folder names below the root, the file's own name last. */
  readonly path: readonly string[];
  /** What goes before a name inside: the key up to and including its last `/`. */
  readonly keyBase: string;
}

/** Walks the bucket in key order and reads only the folders that the page needs. */
export async function listBlobs(deps: ListDeps, bucket: string, options: ListBlobsOptions): Promise<ListBlobsPage> {
  const limit = Math.min(options.limit, deps.limits.listKeysMax);
  const blobs: ListedBlob[] = [];
  for await (const item of walk(deps, [bucket], '', options)) {
    const blob = await readBlobFacts(deps, item);
    if (blob === undefined) continue;
    if (blobs.length >= limit) return { blobs, truncated: true };
    blobs.push(blob);
  }
  return { blobs, truncated: false };
}

async function* walk(
  deps: ListDeps,
  path: readonly string[],
  keyBase: string,
  options: ListBlobsOptions,
): AsyncGenerator<Item> {
  const items = await expandMixed(deps, await readFolder(deps, path, keyBase), options);
  for (const item of items) {
    options.signal.throwIfAborted();
    if (!mayMatch(item, options)) continue;
    if (item.kind === 'blob') yield item;
    else yield* walk(deps, item.path, item.keyBase, options);
  }
}

/**
 * A fan-out folder shares its level with blobs and folders that were not fanned out; where the text of one starts like
 * the fan-out's, they interleave, so the fan-out is replaced by what it holds. Engine keys never do that.
 */
async function expandMixed(deps: ListDeps, items: Item[], options: ListBlobsOptions): Promise<Item[]> {
  const sorted = items.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  const mixed = sorted.find(
    (item, index) =>
      item.kind === 'fan-out' && mayMatch(item, options) && sorted[index + 1]?.text.startsWith(item.text) === true,
  );
  if (mixed === undefined) return sorted;
  const inside = await readFolder(deps, mixed.path, mixed.keyBase);
  return await expandMixed(deps, [...sorted.filter((item) => item !== mixed), ...inside], options);
}

async function readFolder(deps: ListDeps, path: readonly string[], keyBase: string): Promise<Item[]> {
  const files = await deps.folders
    .use(path, { make: false }, (folder) => deps.io.readdir(folder.at('.')))
    .catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    });
  return files.flatMap((file) => {
    const entry = readEntry(file);
    if (entry === undefined) return [];
    const text = `${keyBase}${entry.name}${entry.kind === 'folder' ? '/' : ''}`;
    return [{ kind: entry.kind, text, path: [...path, file], keyBase: entry.kind === 'folder' ? text : keyBase }];
  });
}

/** Can this item be, or hold, a key with the prefix that comes after `after`? */
function mayMatch({ kind, text }: Item, { prefix = '', after = '' }: ListBlobsOptions): boolean {
  if (kind === 'blob') return text.startsWith(prefix) && text > after;
  return (text.startsWith(prefix) || prefix.startsWith(text)) && (text > after || after.startsWith(text));
}

/** Undefined when it went away meanwhile, or is no file. */
async function readBlobFacts({ folders, io }: ListDeps, item: Item): Promise<ListedBlob | undefined> {
  try {
    const facts = await folders.use(item.path.slice(0, -1), { make: false }, (folder) =>
      io.lstat(folder.at(item.path.at(-1) ?? '.')),
    );
    if (!facts.isFile) return undefined;
    return { key: item.text, bytes: facts.bytes, modifiedAtMs: facts.modifiedAtMs };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
