import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bringBack, bytesOf, contentOf, contentsBelow, filesBelow, removeFolder, walkFiles } from './stored-files.ts';

let root: string;
const lay = (...paths: readonly string[]): void => {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
};
const names = (paths: Iterable<string>): string[] => [...paths].map((path) => path.slice(root.length + 1)).sort();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sealgate-files-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test('all files, however deep, with or without those that are half written', () => {
  lay('one', 'a/b/two', 'a/.sealgate-temp/owner/half');
  mkdirSync(join(root, 'empty'));
  // As a database's socket, which cannot be read.
  symlinkSync(join(root, 'one'), join(root, 'link'));
  expect(names(filesBelow(root))).toEqual(['a/.sealgate-temp/owner/half', 'a/b/two', 'one']);
  expect(names(filesBelow(root, { temporary: false }))).toEqual(['a/b/two', 'one']);
});

test('a folder that was never there is an error, unless it may be missing', () => {
  expect(() => filesBelow(join(root, 'wrong'))).toThrow(/ENOENT/);
  expect(() => contentsBelow(join(root, 'wrong'))).toThrow(/ENOENT/);
  expect(filesBelow(join(root, 'wrong'), { mayBeMissing: true })).toEqual([]);
});

test('folders and files that go between one step and the next are passed over, and nothing else is', () => {
  const all = ['a', 'b', 'c'].flatMap((folder) => [`${folder}/1`, `${folder}/deep/2`]);
  lay(...all);
  const seen: string[] = [];
  // What is listed first is found while the rest is there; the listing of `root` knows all three folders by then.
  for (const path of walkFiles(root)) {
    seen.push(path);
    const folder = names([path])[0]?.slice(0, 1) ?? '';
    for (const other of ['a', 'b', 'c'].filter((each) => each !== folder))
      rmSync(join(root, other), { recursive: true, force: true });
  }
  expect(names(seen)).toEqual(all.filter((path) => path.startsWith(names(seen)[0]?.slice(0, 1) ?? '?')));
});

test('a file that goes between its listing and its reading has no content and no length', () => {
  lay('stays', 'goes');
  const listed = filesBelow(root);
  rmSync(join(root, 'goes'));
  expect(names(listed)).toEqual(['goes', 'stays']);
  expect(contentOf(join(root, 'goes'))).toBeUndefined();
  expect(bytesOf(join(root, 'goes'))).toBe(0);
  expect(contentOf(join(root, 'stays'))?.toString()).toBe('stays');
  expect(bytesOf(join(root, 'stays'))).toBe(5);
  expect([...contentsBelow(root)].map(([path, bytes]) => [names([path]), bytes.toString()])).toEqual([
    [['stays'], 'stays'],
  ]);
});

test('only what is gone is passed over: what is there and cannot be read is an error', () => {
  mkdirSync(join(root, 'folder'));
  expect(() => contentOf(join(root, 'folder'))).toThrow(/EISDIR/);
  lay('file');
  expect(() => filesBelow(join(root, 'file'), { mayBeMissing: true })).toThrow(/ENOTDIR/);
});

test('a removal is of the whole folder, and of one that is gone too', () => {
  lay('from/one', 'from/a/two');
  removeFolder(join(root, 'from'));
  removeFolder(join(root, 'from'));
  expect(existsSync(join(root, 'from'))).toBe(false);
});

test('a folder that was moved away comes back in place of one that was made meanwhile', () => {
  lay('folder.away/old', 'folder/new');
  bringBack(join(root, 'folder.away'), join(root, 'folder'));
  expect(names(filesBelow(root))).toEqual(['folder/old']);
  expect(() => bringBack(join(root, 'folder.away'), join(root, 'folder'))).toThrow(/ENOENT/);
});
