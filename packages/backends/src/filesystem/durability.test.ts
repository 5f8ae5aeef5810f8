import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isFault } from '@sealgate/core/faults';
import { type PhysicalBucketName, physicalBucketName } from '@sealgate/core/names';
import type { BackendDriver } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFilesystemDriver } from './filesystem-driver.ts';
import { type FilesystemIo, systemIo } from './io.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000 });

const signal = new AbortController().signal;
const bucket = physicalBucketName({ tenant: 't', region: 'r', bucket: 'b', backend: 'fs', counter: 0 });
const key = 'b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0';
const body = Buffer.from('sealed bytes');
const blob = { body, bytes: body.length, signal };

let base: string;
let root: string;
let drivers: BackendDriver[];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sealgate-fs-'));
  root = join(base, 'root');
  drivers = [];
});
afterEach(async () => {
  await Promise.all(drivers.map((driver) => driver.close()));
  rmSync(base, { recursive: true, force: true });
});

function open(options: Partial<Parameters<typeof createFilesystemDriver>[0]> = {}): BackendDriver {
  const driver = createFilesystemDriver({ root, ...options });
  drivers.push(driver);
  return driver;
}

async function code(work: Promise<unknown>): Promise<string | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => (isFault(error) ? error.code : String(error)),
  );
}

/** Every file below the root that is no folder. */
function files(): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name);
}

/** System calls by name, each of them failing with `code` when `fails` says so. */
function failing(fails: (call: string) => boolean, errno: string): FilesystemIo {
  return new Proxy(systemIo, {
    get(target, name: keyof FilesystemIo) {
      return async (...args: never[]): Promise<unknown> => {
        if (fails(name)) throw Object.assign(new Error(errno), { code: errno });
        return await (target[name] as (...all: never[]) => Promise<unknown>)(...args);
      };
    },
  });
}

function recording(log: string[]): FilesystemIo {
  return failing((call) => {
    log.push(call);
    return false;
  }, '');
}

describe('durability of a put', () => {
  it.each(['whole', 'streamed'])(
    'flushes a %s body before its name appears, and its folder before it answers',
    async (form) => {
      const log: string[] = [];
      const driver = open({ io: recording(log) });
      await driver.ensureBucket(bucket, { signal });
      await driver.put(bucket, `${key}1`, blob);
      log.length = 0;
      await driver.put(bucket, key, { ...blob, body: form === 'whole' ? body : Readable.from([body]) });
      const steps = log.filter((call) => ['open', 'writev', 'fdatasync', 'link', 'fsync'].includes(call));
      // A whole body is written through a descriptor opened with O_DSYNC: its write is its flush.
      expect(steps).toEqual(
        form === 'whole' ? ['open', 'writev', 'link', 'fsync'] : ['open', 'writev', 'fdatasync', 'link', 'fsync'],
      );
    },
  );

  it('flushes each new folder into its parent before anything is put into it', async () => {
    const log: string[] = [];
    const driver = open({ io: recording(log) });
    await driver.ensureBucket(bucket, { signal });
    log.length = 0;
    await driver.put(bucket, key, blob);
    const steps = log.filter((call) => ['mkdir', 'fsync', 'link'].includes(call));
    expect(steps.slice(-8)).toEqual(['mkdir', 'fsync', 'mkdir', 'fsync', 'mkdir', 'fsync', 'link', 'fsync']);
  });

  it.each(['open', 'writev', 'fdatasync', 'link', 'fsync', 'mkdir'])('leaves nothing when %s fails', async (step) => {
    let armed = false;
    const driver = open({ io: failing((call) => armed && call === step, 'ENOSPC') });
    await driver.ensureBucket(bucket, { signal });
    armed = true;
    expect(await code(driver.put(bucket, key, { ...blob, body: Readable.from([body]) }))).toBe('BackendFull');
    armed = false;
    expect(files()).toEqual([]);
    await driver.put(bucket, key, blob);
    expect(await driver.head(bucket, key, { signal })).toEqual({ bytes: body.length });
  });

  it.each([
    ['EDQUOT', 'BackendFull'],
    ['EIO', 'BackendUnreachable'],
    ['EROFS', 'BackendRefused'],
    ['EMFILE', 'BackendUnreachable'],
  ])('turns %s into %s', async (errno, fault) => {
    let armed = false;
    const driver = open({ io: failing((call) => armed && call === 'writev', errno) });
    await driver.ensureBucket(bucket, { signal });
    armed = true;
    expect(await code(driver.put(bucket, key, blob))).toBe(fault);
    expect(files()).toEqual([]);
  });

  it('says that the copy is bad when its medium cannot be read', async () => {
    const driver = open({ io: failing((call) => call === 'read', 'EIO') });
    await driver.ensureBucket(bucket, { signal });
    await driver.put(bucket, key, blob);
    expect(await code(driver.get(bucket, key, { signal }))).toBe('BackendCorrupt');
  });

  it('survives a write that takes only some of the bytes', async () => {
    const io: FilesystemIo = {
      ...systemIo,
      writev: (fd, chunks, position) =>
        systemIo.writev(fd, [(chunks.find((chunk) => chunk.length > 0) ?? Buffer.alloc(0)).subarray(0, 7)], position),
    };
    const driver = open({ io });
    await driver.ensureBucket(bucket, { signal });
    const parts = [Buffer.alloc(20, 1), Buffer.alloc(3, 2), Buffer.alloc(15, 3)];
    await driver.put(bucket, key, { body: Readable.from(parts), bytes: 38, signal });
    const opened = await driver.get(bucket, key, { signal });
    expect(Buffer.concat(await opened.body.toArray()).equals(Buffer.concat(parts))).toBe(true);
  });
});

describe('a root folder that vanishes', () => {
  it('plays a lost provider until somebody makes it anew', async () => {
    const clock = createVirtualClock();
    const driver = open({ clock });
    await driver.ensureBucket(bucket, { signal });
    await driver.put(bucket, key, blob);
    rmSync(root, { recursive: true });

    expect(await code(driver.put(bucket, `${key}2`, blob))).toBe('BackendUnreachable');
    expect(await code(driver.get(bucket, key, { signal }))).toBe('BackendUnreachable');
    expect(await code(driver.head(bucket, key, { signal }))).toBe('BackendUnreachable');
    expect(await code(driver.list(bucket, { signal, limit: 1 }))).toBe('BackendUnreachable');
    expect(await code(driver.ensureBucket(bucket, { signal }))).toBe('BackendUnreachable');
    expect((await driver.ping({ signal })).ok).toBe(false);
    expect(existsSync(root)).toBe(false);

    mkdirSync(root);
    expect((await driver.ping({ signal })).ok).toBe(true);
    expect(await code(driver.get(bucket, key, { signal }))).toBe('BlobMissing');
    expect(await code(driver.put(bucket, key, blob))).toBe('BlobMissing');
    await driver.ensureBucket(bucket, { signal });
    await driver.put(bucket, key, blob);
    expect(await driver.head(bucket, key, { signal })).toEqual({ bytes: body.length });
  });

  it('is made by a new driver', async () => {
    const first = open();
    await first.ensureBucket(bucket, { signal });
    rmSync(root, { recursive: true });
    expect((await first.ping({ signal })).ok).toBe(false);
    expect(await open().head(bucket, key, { signal })).toBeUndefined();
    expect(existsSync(root)).toBe(true);
  });

  it('is noticed when it was moved away, though its folders are still open', async () => {
    const clock = createVirtualClock();
    const driver = open({ clock });
    await driver.ensureBucket(bucket, { signal });
    await driver.put(bucket, key, blob);
    renameSync(root, join(base, 'elsewhere'));
    await clock.advance(250);
    expect(await code(driver.put(bucket, `${key}2`, blob))).toBe('BackendUnreachable');
    renameSync(join(base, 'elsewhere'), root);
    expect(await driver.head(bucket, key, { signal })).toEqual({ bytes: body.length });
  });

  it('makes a folder anew that somebody else removed', async () => {
    const driver = open();
    await driver.ensureBucket(bucket, { signal });
    await driver.put(bucket, key, blob);
    rmSync(join(root, bucket, 'b@'), { recursive: true });
    expect(await driver.head(bucket, key, { signal })).toBeUndefined();
    await driver.put(bucket, key, blob);
    expect(await driver.head(bucket, key, { signal })).toEqual({ bytes: body.length });
  });
});

describe.each([true, false])('what does not belong there, by descriptor: %s', (descriptorPaths) => {
  const outside = (): string => join(base, 'outside');

  it('is never reached through a symbolic link in place of a bucket', async () => {
    mkdirSync(root);
    mkdirSync(outside());
    symlinkSync(outside(), join(root, bucket));
    const driver = open({ descriptorPaths });
    expect(await code(driver.ensureBucket(bucket, { signal }))).toBe('BucketNameTaken');
    expect(await code(driver.put(bucket, key, blob))).toBe('BackendRefused');
    expect(await code(driver.list(bucket, { signal, limit: 1 }))).toBe('BackendRefused');
    expect(readdirSync(outside())).toEqual([]);
  });

  it('is never reached through a symbolic link in place of a folder or a blob', async () => {
    mkdirSync(join(outside(), '0190a1~', '0190a1b2~'), { recursive: true });
    writeFileSync(join(outside(), 'secret'), 'not yours');
    const driver = open({ descriptorPaths });
    await driver.ensureBucket(bucket, { signal });
    symlinkSync(outside(), join(root, bucket, 'b@'));
    symlinkSync(join(outside(), 'secret'), join(root, bucket, 'leaf'));
    expect(await code(driver.put(bucket, key, blob))).toBe('BackendRefused');
    expect(await code(driver.get(bucket, key, { signal }))).toBe('BackendRefused');
    expect(await code(driver.get(bucket, 'leaf', { signal }))).toBe('BackendRefused');
    expect(await driver.head(bucket, 'leaf', { signal })).toBeUndefined();
    expect(readdirSync(join(outside(), '0190a1~', '0190a1b2~'))).toEqual([]);
    expect(existsSync(join(outside(), 'secret'))).toBe(true);
  });

  it('makes a bucket not empty, and a file a taken name', async () => {
    const driver = open({ descriptorPaths });
    await driver.ensureBucket(bucket, { signal });
    writeFileSync(join(root, bucket, 'some file'), '');
    expect(await code(driver.removeBucket(bucket, { signal }))).toBe('BackendRefused');
    const taken = `${bucket}-file` as PhysicalBucketName;
    writeFileSync(join(root, taken), '');
    expect(await code(driver.ensureBucket(taken, { signal }))).toBe('BucketNameTaken');
  });
});

it.skipIf(!existsSync('/proc/self/fd'))(
  'a driver that is closed ends its calls first and then holds nothing open',
  async () => {
    const driver = open();
    await driver.ensureBucket(bucket, { signal });
    const source = new Readable({ read: () => undefined });
    const put = driver.put(bucket, key, { ...blob, body: source });
    await driver.head(bucket, key, { signal });
    const closing = driver.close();
    source.push(body);
    source.push(null);
    await Promise.all([put, closing]);
    const held = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
      } catch {
        return false;
      }
    });
    expect(held).toEqual([]);
    expect(readdirSync(join(root, '.sealgate-temp'))).toEqual([]);
  },
);
