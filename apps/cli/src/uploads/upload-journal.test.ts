import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadState } from '@sealgate/client';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJournalFile, parseJournal } from './upload-journal.ts';

const identity = { bytes: 10, modifiedNs: '1', inode: '2', device: '3' };
const subject = { endpoint: 'http://x', bucket: 'vault', key: 'k', path: '/a' };
const state: UploadState = {
  version: 1,
  tenant: 'acme',
  bucket: 'vault',
  key: 'k',
  uploadId: 'u',
  partBytes: 8_388_608,
  header: 'aGVhZA',
  envelope: '{}',
  parts: [],
};
const part = (n: number) => ({ etag: `e${n}`, carry: `c${n}` });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealgate-journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('journal file', () => {
  it('gives back what was written, for the very same file only', async () => {
    const file = createJournalFile(folder, subject);
    expect(await file.read(identity)).toBeUndefined();
    const journal = file.journal(identity);
    await journal.started(state);
    await journal.partStored(part(1));
    await journal.partStored(part(2));
    expect(await file.read(identity)).toEqual({ ...state, parts: [part(1), part(2)] });
    expect(await file.read({ ...identity, modifiedNs: '9' })).toBeUndefined();
    expect((await file.readAny())?.uploadId).toBe('u');
  });

  it('is its owner alone to read, and goes when the upload is done', async () => {
    const file = createJournalFile(folder, subject);
    await file.journal(identity).started(state);
    const [name] = await readdir(join(folder, 'uploads'));
    expect((await stat(join(folder, 'uploads', name!))).mode & 0o777).toBe(0o600);
    await file.remove();
    await file.remove();
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it('differs by endpoint, bucket, key and path', async () => {
    for (const change of [{}, { endpoint: 'http://y' }, { bucket: 'b' }, { key: 'j' }, { path: '/b' }]) {
      await createJournalFile(folder, { ...subject, ...change })
        .journal(identity)
        .started(state);
    }
    expect(await readdir(join(folder, 'uploads'))).toHaveLength(5);
  });

  it('keeps what a continuation starts with', async () => {
    const file = createJournalFile(folder, subject);
    await file.journal(identity).started({ ...state, parts: [part(1)] });
    await file.journal(identity).partStored(part(2));
    expect((await file.read(identity))?.parts).toEqual([part(1), part(2)]);
  });

  it('loses no more than the line that a crash tore', async () => {
    const file = createJournalFile(folder, subject);
    await file.journal(identity).started({ ...state, parts: [part(1)] });
    const [name] = await readdir(join(folder, 'uploads'));
    await appendFile(join(folder, 'uploads', name!), '{"etag":"e2","ca');
    expect((await file.read(identity))?.parts).toEqual([part(1)]);
  });
});

describe('lock', () => {
  it('is held by one process at a time, and given back', async () => {
    const file = createJournalFile(folder, subject);
    {
      using first = await file.lock();
      expect(first).toBeDefined();
      expect(await file.lock()).toBeUndefined();
    }
    using again = await file.lock();
    expect(again).toBeDefined();
  });

  it('is taken over from a process that was killed, whatever process has its id now', async () => {
    const file = createJournalFile(folder, subject);
    const url = new URL('upload-journal.ts', import.meta.url).href;
    const holder = spawn(process.execPath, [
      '--input-type=module',
      '--eval',
      `const { createJournalFile } = await import(${JSON.stringify(url)});
       globalThis.lock = await createJournalFile(${JSON.stringify(folder)}, ${JSON.stringify(subject)}).lock();
       setInterval(() => globalThis.lock, 1000);
       process.stdout.write('held');`,
    ]);
    const exited = once(holder, 'exit');
    await Promise.race([once(holder.stdout, 'data'), exited]);
    expect(await file.lock()).toBeUndefined();
    holder.kill('SIGKILL');
    await exited;
    // An id says nothing: that of the one before may be ours, as it is in containers.
    const left = (await readdir(join(folder, 'uploads'))).filter((name) => name.includes('lock'));
    for (const name of left) await writeFile(join(folder, 'uploads', name), String(process.pid));
    using lock = await file.lock();
    expect(lock).toBeDefined();
  });
});

it('takes any text without throwing', () => {
  const unit = fc.constantFrom('{', '}', '"', ':', ',', '[', ']', '\n', '1', 'a', '\ud800');
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.json(), fc.constant('{"version":1}\n{}')), (text) => {
      expect(() => parseJournal(text)).not.toThrow();
    }),
  );
});
