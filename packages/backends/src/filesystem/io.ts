import * as fs from 'node:fs';

interface FileFacts {
  readonly dev: number;
  readonly ino: number;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  readonly isFile: boolean;
}

/**
 * The system calls that the driver makes, and no others, so that a test can record their order or make one fail. The
 * callback forms underneath cost about half of what FileHandle objects do, which shows at thousands of small puts.
 */
export interface FilesystemIo {
  open(path: string, flags: number, mode?: number): Promise<number>;
  close(fd: number): Promise<void>;
  read(fd: number, into: Uint8Array, position: number): Promise<number>;
  /** May write less than given. */
  writev(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number>;
  fdatasync(fd: number): Promise<void>;
  fsync(fd: number): Promise<void>;
  fstat(fd: number): Promise<FileFacts>;
  lstat(path: string): Promise<FileFacts>;
  stat(path: string): Promise<FileFacts>;
  access(path: string, mode: number): Promise<void>;
  mkdir(path: string, mode: number): Promise<void>;
  mkdirp(path: string, mode: number): Promise<void>;
  readdir(path: string): Promise<string[]>;
  link(from: string, to: string): Promise<void>;
  /** Takes the place of what is there. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** One call in promise form. Every system call of the driver passes here. */
function call<T>(start: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}

const done =
  (callback: Callback<void>) =>
  (error: NodeJS.ErrnoException | null): void =>
    callback(error, undefined);

const facts =
  (callback: Callback<FileFacts>) =>
  (error: NodeJS.ErrnoException | null, stats: fs.Stats): void => {
    if (error !== null) {
      callback(error, undefined as never);
      return;
    }
    const { dev, ino, size, mtimeMs } = stats;
    callback(null, { dev, ino, bytes: size, modifiedAtMs: Math.floor(mtimeMs), isFile: stats.isFile() });
  };

export const systemIo: FilesystemIo = {
  open: (path, flags, mode = 0o600) => call((cb) => fs.open(path, flags, mode, cb)),
  close: (fd) => call((cb) => fs.close(fd, (error) => cb(error ?? null, undefined))),
  read: (fd, into, position) => call((cb) => fs.read(fd, into, 0, into.length, position, (e, n) => cb(e, n))),
  writev: (fd, chunks, position) => call((cb) => fs.writev(fd, chunks, position, (e, n) => cb(e, n))),
  fdatasync: (fd) => call((cb) => fs.fdatasync(fd, done(cb))),
  fsync: (fd) => call((cb) => fs.fsync(fd, done(cb))),
  fstat: (fd) => call((cb) => fs.fstat(fd, facts(cb))),
  lstat: (path) => call((cb) => fs.lstat(path, facts(cb))),
  stat: (path) => call((cb) => fs.stat(path, facts(cb))),
  access: (path, mode) => call((cb) => fs.access(path, mode, done(cb))),
  mkdir: (path, mode) => call((cb) => fs.mkdir(path, mode, done(cb))),
  mkdirp: (path, mode) => call((cb) => fs.mkdir(path, { recursive: true, mode }, (e) => cb(e, undefined))),
  readdir: (path) => call((cb) => fs.readdir(path, cb)),
  link: (from, to) => call((cb) => fs.link(from, to, done(cb))),
  rename: (from, to) => call((cb) => fs.rename(from, to, done(cb))),
  unlink: (path) => call((cb) => fs.unlink(path, done(cb))),
  rmdir: (path) => call((cb) => fs.rmdir(path, done(cb))),
};

/** Runs clean-up whose own failure must not hide what came before; the next start's sweep finds what stays. */
export async function quietly(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}
