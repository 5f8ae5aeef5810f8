import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseUploadState, type UploadedPart, type UploadJournal, type UploadState } from '@sealgate/client';
import { lockFile } from '@sealgate/metadata/file-lock';
import { isJsonObject } from '../files/json.ts';
import { type FileIdentity, sameFile } from '../files/upload-source.ts';

/**
 * The journal of one interrupted upload: a file (0600) of JSON lines. The first line says what is uploaded where, each
 * following one that the next part is stored. It is only appended to, so a crash costs at most its last line.
 *
 * It holds no secret: the data key is in the envelope only, wrapped for the owner's keys.
 */
export interface JournalFile {
  /** What an earlier run left behind for exactly this file; undefined when there is nothing to go on with. */
  read(identity: FileIdentity): Promise<UploadState | undefined>;
  /** What was left behind, whatever the file is now: to tell the server to forget it. */
  readAny(): Promise<UploadState | undefined>;
  journal(identity: FileIdentity): UploadJournal;
  remove(): Promise<void>;
  /**
   * Takes the journal for this process; undefined when another one that is alive has it, which leaves an upload without. Two that went on with one
   * upload would replace each other's parts, and the completion of one would fail.
   */
  lock(): Promise<Disposable | undefined>;
}

interface Subject {
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: string;
  /** Absolute path of the file. */
  readonly path: string;
}

export function createJournalFile(stateDir: string, subject: Subject): JournalFile {
  const { endpoint, bucket, key, path } = subject;
  const name = createHash('sha256')
    .update(JSON.stringify([endpoint, bucket, key, path]))
    .digest('hex');
  const folder = join(stateDir, 'uploads');
  const file = join(folder, `${name}.jsonl`);

  async function readLines(): Promise<{ state: UploadState; identity: unknown } | undefined> {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parseJournal(text);
  }

  return {
    async read(identity) {
      const journal = await readLines();
      const known = journal?.identity;
      return isJsonObject(known) && sameFile(known as unknown as FileIdentity, identity) ? journal?.state : undefined;
    },
    readAny: async () => (await readLines())?.state,
    journal: (identity) => ({
      async started(state) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const { parts, ...fixed } = state;
        const lines = [{ ...fixed, file: identity }, ...parts].map((line) => `${JSON.stringify(line)}\n`);
        await writeLines(file, 'w', lines.join(''));
      },
      partStored: (part) => writeLines(file, 'a', `${JSON.stringify(part)}\n`),
    }),
    remove: () => rm(file, { force: true }),
    lock: () => takeLock(join(folder, `${name.slice(0, LOCK_DIGITS)}.held`)),
  };
}

/**
 * Files of locks stay, so uploads share 4096 of them; of two that meet in one at one time, the second cannot be resumed.
 * The id of a process in a file would not do for a lock: in a container every run has the same.
 */
const LOCK_DIGITS = 3;

async function takeLock(path: string): Promise<Disposable | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return lockFile(path);
}

async function writeLines(path: string, flags: 'w' | 'a', text: string): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(text);
    // A part that the journal names must not be sent again after a crash, but may be: no need to wait for the disk.
  } finally {
    await file.close();
  }
}

/** Undefined for what no journal is; a torn last line is left out. */
export function parseJournal(text: string): { readonly state: UploadState; readonly identity: unknown } | undefined {
  const [first, ...rest] = text.split('\n').map(parseLine);
  if (first === undefined) return undefined;
  const { file: identity, ...fixed } = first;
  const torn = rest.findIndex((line) => line === undefined);
  const parts = (torn === -1 ? rest : rest.slice(0, torn)) as unknown as readonly UploadedPart[];
  try {
    return { state: parseUploadState({ ...fixed, parts }), identity };
  } catch {
    return undefined;
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
