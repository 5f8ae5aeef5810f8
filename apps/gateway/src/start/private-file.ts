import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Only its owner may read it. */
const MODE = 0o600;

/** The object in a JSON file; undefined when there is no file. @throws SyntaxError when it is no JSON object */
export async function readJsonFile(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('no JSON object');
  return value as Readonly<Record<string, unknown>>;
}

/** Replaces a file with a private one, at once: readers see the old content or the new, also after a power cut. */
export async function replacePrivateFile(path: string, value: object): Promise<void> {
  const draft = await writeDraft(path, value);
  await rename(draft, path);
}

/** Makes a private file unless there is one. False when there was one already; it stays as it is. */
export async function createPrivateFile(path: string, value: object): Promise<boolean> {
  const draft = await writeDraft(path, value);
  try {
    // Unlike a rename, a link never replaces; unlike an exclusive open, it never shows a half-written file.
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDraft(path: string, value: object): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = await open(draft, 'wx', MODE);
  try {
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return draft;
}
