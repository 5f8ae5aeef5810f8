import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFilesystemDriver } from '@sealgate/backends/filesystem';
import type { PhysicalBucketName } from '@sealgate/core/names';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CommandContext } from '../context.ts';
import { restoreStored } from './stored-backups.ts';

const { signal } = new AbortController();
const BUCKET = 's3gw-0123456789abcdef-one' as PhysicalBucketName;
const OLDER = '0199aaaaaaaa-00000001';
const NEWER = '0199bbbbbbbb-00000002';
const sha256 = (bytes: string): string => createHash('sha256').update(bytes).digest('hex');

let folder: string;
let notes: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealgate-stored-'));
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As docs/spec/housekeeping.md says that it lies there. Parts of which a place has other bytes, or none, are named. */
async function lay(
  backend: string,
  id: string,
  parts: readonly string[],
  spoilt: Readonly<Record<number, string | null>> = {},
) {
  const driver = createFilesystemDriver({ root: join(folder, backend) });
  await driver.ensureBucket(BUCKET, { signal });
  const put = (key: string, body: string) =>
    driver.put(BUCKET, key, { body: Buffer.from(body), bytes: Buffer.byteLength(body), signal });
  for (const [number, part] of parts.entries()) {
    const body = spoilt[number] === undefined ? part : spoilt[number];
    if (body !== null) await put(`m/${id}/${String(number).padStart(8, '0')}-${sha256(part).slice(0, 32)}`, body);
  }
  const index = JSON.stringify({
    format: 'sealgate-metadata-backup-index',
    version: 1,
    id,
    sha256: sha256(parts.join('')),
    parts: parts.map((part) => ({ bytes: part.length, sha256: sha256(part) })),
  });
  await put(`m/${id}/index-${sha256(index).slice(0, 32)}`, index);
  await driver.close();
}

/** What a restoration would have read. */
async function restore(id?: string) {
  const terminal = { note: (text: string) => void notes.push(text) };
  const context = { signal, terminal } as unknown as CommandContext;
  return await restoreStored(context, {
    from: folder,
    id,
    async restore(stored) {
      const pieces: Uint8Array[] = [];
      for await (const piece of stored) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    },
  });
}

it('the newest backup is taken, each part from whichever place has it whole', async () => {
  await lay('a', OLDER, ['older']);
  await lay('a', NEWER, ['new', 'er'], { 0: 'NEW' });
  await lay('b', NEWER, ['new', 'er'], { 1: null });
  expect(await restore()).toEqual({ id: NEWER, restored: 'newer' });
  expect(await restore(OLDER)).toEqual({ id: OLDER, restored: 'older' });
  expect(notes).toEqual([]);
});

it('an older one when nothing has the newest whole, and that is said', async () => {
  await lay('a', OLDER, ['older']);
  await lay('a', NEWER, ['new', 'er'], { 1: null });
  await lay('b', NEWER, ['new', 'er'], { 1: 'ER' });
  expect(await restore()).toEqual({ id: OLDER, restored: 'older' });
  expect(notes.join('\n')).toContain(NEWER);
  await expect(restore(NEWER)).rejects.toMatchObject({ exitCode: 4 });
  await expect(restore('0199cccccccc-00000003')).rejects.toThrow('no such backup');
});
