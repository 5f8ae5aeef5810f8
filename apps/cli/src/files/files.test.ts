import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveTarget, writeToDevice, writeVerified } from './download-target.ts';
import { openUploadFile, type UploadFile } from './upload-source.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealgate-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const noPipes = process.platform === 'win32';

function namedPipe(): string {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

const { signal } = new AbortController();
const quiet = { signal, onBytes: () => undefined };

function bodyOf(...chunks: (string | Error)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else if (chunk instanceof Error) controller.error(chunk);
      else controller.enqueue(Buffer.from(chunk));
    },
  });
}

describe('writeVerified', () => {
  it('writes the whole body under its name, over what was there', async () => {
    const path = join(folder, 'out');
    await writeFile(path, 'something older and longer');
    const seen: number[] = [];
    await writeVerified(path, bodyOf('ab', 'cde'), { signal, onBytes: (bytes) => seen.push(bytes) });
    expect(await readFile(path, 'utf8')).toBe('abcde');
    expect(seen.at(-1)).toBe(5);
    expect(await readdir(folder)).toEqual(['out']);
  });

  it('takes every name that the file system does', async () => {
    const path = join(folder, 'n'.repeat(255));
    await writeVerified(path, bodyOf('a'), quiet);
    expect(await readFile(path, 'utf8')).toBe('a');
  });

  it('leaves nothing behind when the body fails, and what was there as it was', async () => {
    const path = join(folder, 'out');
    await writeFile(path, 'older');
    await expect(writeVerified(path, bodyOf('ab', new Error('corrupt')), quiet)).rejects.toThrow('corrupt');
    expect(await readFile(path, 'utf8')).toBe('older');
    expect(await readdir(folder)).toEqual(['out']);
  });

  it('leaves nothing behind when it is told to stop', async () => {
    const controller = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      pull(stream) {
        stream.enqueue(Buffer.from('x'));
        controller.abort(new Error('stop'));
      },
    });
    const written = writeVerified(join(folder, 'out'), body, { signal: controller.signal, onBytes: () => undefined });
    await expect(written).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });

  it('says when the folder is not there', async () => {
    await expect(writeVerified(join(folder, 'no', 'out'), bodyOf('a'), quiet)).rejects.toMatchObject({
      code: 'ENOENT',
      path: join(folder, 'no', 'out'),
    });
  });
});

describe('writeToDevice', () => {
  it.skipIf(noPipes)('waits for the reader of a named pipe, and gives it everything', async () => {
    const path = namedPipe();
    const written = writeToDevice(path, bodyOf('ab', 'cde'), quiet).then(() => 'written');
    expect(await Promise.race([written, setTimeout(200, 'waiting')])).toBe('waiting');
    expect(await readFile(path, 'utf8')).toBe('abcde');
    expect(await written).toBe('written');
  });
});

describe('resolveTarget', () => {
  it('takes a name as it is, and puts a file into a folder', async () => {
    expect(await resolveTarget(join(folder, 'new'), 'k')).toEqual({ kind: 'file', path: join(folder, 'new') });
    expect(await resolveTarget(folder, 'a/b/c.txt')).toEqual({ kind: 'file', path: join(folder, 'c.txt') });
  });

  it('replaces what a link leads to, and not the link', async () => {
    await writeFile(join(folder, 'real'), 'older');
    await symlink(join(folder, 'real'), join(folder, 'link'));
    const target = await resolveTarget(join(folder, 'link'), 'k');
    expect(target).toEqual({ kind: 'file', path: await realpath(join(folder, 'real')) });
  });

  it('writes to a device as it is', async () => {
    expect(await resolveTarget('/dev/null', 'k')).toEqual({ kind: 'stream', path: '/dev/null' });
  });

  it.each(['a/', '..', 'x/..', '.', 'a\\b', 'a\nb'])('lets no key (%j) choose a place of its own', async (key) => {
    await expect(resolveTarget(folder, key)).rejects.toMatchObject({ exitCode: 2 });
  });

  it('refuses a folder that is not there and one in the place of the file', async () => {
    await expect(resolveTarget(`${folder}/no/`, 'k')).rejects.toMatchObject({ exitCode: 2 });
    await mkdir(join(folder, 'k'));
    await expect(resolveTarget(folder, 'k')).rejects.toThrow(/is a folder/);
  });
});

describe('openUploadFile', () => {
  const openFile = async (path: string): Promise<UploadFile> => {
    const opened = await openUploadFile(path);
    if ('stream' in opened) throw new Error('no file');
    return opened;
  };
  const read = async (chunks: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>): Promise<string> => {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    return Buffer.concat(parts).toString();
  };

  it('reads from any offset', async () => {
    const path = join(folder, 'in');
    await writeFile(path, 'abcdef');
    await using file = await openFile(path);
    expect(file.size).toBe(6);
    expect(await read(file.streamFrom(0))).toBe('abcdef');
    expect(await read(file.streamFrom(4))).toBe('ef');
    expect(await read(file.streamFrom(6))).toBe('');
  });

  it.each([
    ['overwritten', (path: string) => utimes(path, new Date(), new Date(Date.now() + 5000))],
    ['cut', (path: string) => writeFile(path, 'abc')],
  ])('fails when the file is %s while it is read', async (_how, change) => {
    const path = join(folder, 'in');
    await writeFile(path, 'abcdef');
    await using file = await openFile(path);
    await change(path);
    await expect(read(file.streamFrom(0))).rejects.toThrow(/was changed/);
  });

  it.skipIf(noPipes)('reads a named pipe from the writer that it began with', async () => {
    const path = namedPipe();
    const [source] = await Promise.all([openUploadFile(path), writeFile(path, 'all of it')]);
    await using pipe = source;
    expect('stream' in pipe && (await read(pipe.stream))).toBe('all of it');
  });

  it('follows links, leaves devices to streams and refuses folders', async () => {
    await writeFile(join(folder, 'in'), 'abc');
    await symlink(join(folder, 'in'), join(folder, 'link'));
    await using file = await openFile(join(folder, 'link'));
    expect(file.size).toBe(3);
    await using device = await openUploadFile('/dev/null');
    expect('stream' in device && (await read(device.stream))).toBe('');
    await expect(openUploadFile(folder)).rejects.toThrow(/is a folder/);
    await expect(openUploadFile(join(folder, 'no'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
