import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Only its owner may read and write it. */
const MODE = 0o600;

/** The text of a file; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes a file that only its owner can read, in place of one that may be there. Readers see the old content or the new,
 * also after a power cut; the new one is on the disk when it returns.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await throughDraft(path, text, (draft) => rename(draft, path));
}

/** Makes such a file unless there is one. False when there was one already; it stays as it is. */
export async function createPrivateFile(path: string, text: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    // Unlike a rename, a link never replaces; unlike an exclusive open, it never shows a half-written file.
    await throughDraft(path, text, (draft) => link(draft, path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function throughDraft(path: string, text: string, name: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(draft, 'wx', MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await name(draft);
  } finally {
    await rm(draft, { force: true });
  }
  await syncNames(dirname(path));
}

/** Systems and file systems that cannot sync a folder, told apart as PostgreSQL does (fsync_fname_ext in fd.c). */
const CANNOT_SYNC = new Set(['EACCES', 'EISDIR', 'EBADF', 'EINVAL']);

/** The new name is the folder's: without this a power cut may take it back. */
async function syncNames(folder: string): Promise<void> {
  try {
    await using names = await open(folder, 'r');
    await names.sync();
  } catch (error) {
    if (!CANNOT_SYNC.has(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
