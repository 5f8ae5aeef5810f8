import { Fault } from '@sealgate/core/faults';
import { errnoOf } from './faults.ts';
import type { Folders } from './folders.ts';
import type { FilesystemIo } from './io.ts';
import { readEntry } from './layout.ts';

/**
 * Removes a bucket's empty folders from the leaves up. `rmdir` itself refuses a folder that is not empty, so a put that
 * comes in between is never lost: either it keeps the bucket alive or it finds its folder gone and makes it anew.
 *
 * @throws Fault BackendRefused when there is a blob
 */
export async function removeBucket(
  deps: { readonly folders: Folders; readonly io: FilesystemIo },
  bucket: string,
): Promise<void> {
  try {
    await removeEmpty(deps, [bucket]);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'EEXIST') throw notEmpty(error);
    throw error;
  }
}

async function removeEmpty(
  deps: { readonly folders: Folders; readonly io: FilesystemIo },
  path: readonly string[],
): Promise<void> {
  const { folders, io } = deps;
  const files = await folders.use(path, { make: false }, (folder) => io.readdir(folder.at('.')));
  for (const file of files) {
    const kind = readEntry(file)?.kind;
    // Also what is not ours: whatever it is, it was not made for us to remove.
    if (kind !== 'folder' && kind !== 'fan-out') throw notEmpty();
  }
  for (const file of files) await removeEmpty(deps, [...path, file]);
  await folders.use(path.slice(0, -1), { make: false }, async (parent) => {
    await io.rmdir(parent.at(path.at(-1) ?? '.'));
    folders.forget(path);
    if (path.length === 1) await parent.sync();
  });
}

function notEmpty(cause?: unknown): Fault {
  return new Fault('BackendRefused', 'The bucket is not empty.', { cause });
}
