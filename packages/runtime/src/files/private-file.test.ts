import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPrivateFile, writePrivateFile } from './private-file.ts';

/** What was asked of the disk, in order. Draft names end in random digits, so only their suffix is told. */
const asked = vi.hoisted(() => [] as string[]);

vi.mock('node:fs/promises', async (importOriginal) => {
  const files = await importOriginal<typeof Files>();
  const short = (path: unknown): string => basename(String(path)).replace(/\.[0-9a-f]{12}\.new$/, '.new');
  return {
    ...files,
    async open(...args: Parameters<typeof files.open>) {
      const handle = await files.open(...args);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        await sync();
        asked.push(`sync ${short(args[0])}`);
      };
      return handle;
    },
    async rename(from: string, to: string) {
      await files.rename(from, to);
      asked.push(`name ${short(to)}`);
    },
    async link(from: string, to: string) {
      await files.link(from, to);
      asked.push(`name ${short(to)}`);
    },
  };
});

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sealgate-files-'));
  asked.length = 0;
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

describe('a private file', () => {
  it('is for its owner only, replaced whole, in folders made on the way, and leaves no draft', async () => {
    const path = join(root, 'a', 'b', 'file');
    await writePrivateFile(path, 'one');
    await writePrivateFile(path, 'two');
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(root, 'a', 'b')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root, 'a', 'b'))).toEqual(['file']);
  });

  it('is made by one of several only, which replaces nothing', async () => {
    const path = join(root, 'file');
    const made = await Promise.all(['1', '2', '3'].map((text) => createPrivateFile(path, text)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(readdirSync(root)).toEqual(['file']);
    const content = readFileSync(path, 'utf8');
    expect(await createPrivateFile(path, 'late')).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.runIf(process.platform !== 'win32')(
    'has its content on the disk before its name, and the name before it returns',
    async () => {
      await writePrivateFile(join(root, 'file'), 'x');
      expect(asked).toEqual(['sync file.new', 'name file', `sync ${basename(root)}`]);
      asked.length = 0;
      await createPrivateFile(join(root, 'made'), 'x');
      expect(asked).toEqual(['sync made.new', 'name made', `sync ${basename(root)}`]);
    },
  );

  it('that cannot be written leaves no draft, and what was there', async () => {
    const path = join(root, 'folder');
    await writePrivateFile(join(path, 'in'), 'x');
    await expect(writePrivateFile(path, 'y')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(readdirSync(root)).toEqual(['folder']);
    writeFileSync(join(root, 'file'), '');
    await expect(writePrivateFile(join(root, 'file', 'in'), 'y')).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
