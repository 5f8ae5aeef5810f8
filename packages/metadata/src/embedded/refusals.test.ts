import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { savingLogger, temporaryDirectory } from './fixtures.ts';
import { newIdentity, openLayout, readIdentity } from './layout.ts';
import { runningPostmaster } from './leftover.ts';
import { readServerRecord } from './server-process.ts';
import { startEmbeddedPostgres } from './start.ts';
import { errnoOf, fileFault, serverFault } from './start-fault.ts';

const logger = savingLogger();
const start = (dataDir: string): Promise<unknown> => startEmbeddedPostgres({ dataDir, logger });

describe('a directory that cannot be used', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let root: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    root = join(directory.path, 'postgres');
  });
  afterEach(() => {
    directory.remove();
  });

  it('refuses a directory with other files and puts nothing into it', async () => {
    mkdirSync(root);
    writeFileSync(join(root, 'thesis.tex'), '');
    await expect(start(directory.path)).rejects.toMatchObject({
      detail: { problem: 'foreign-directory', directory: root },
    });
    await expect(start(directory.path)).rejects.toThrow('thesis.tex');
    expect(readdirSync(root)).toEqual(['thesis.tex']);
  });

  it('refuses the cluster of somebody else', async () => {
    mkdirSync(root);
    writeFileSync(join(root, 'PG_VERSION'), '18\n');
    await expect(start(directory.path)).rejects.toThrow(/PostgreSQL cluster that Sealgate did not create/);
  });

  it('does not make an empty database where the old one is missing', async () => {
    mkdirSync(root);
    writeFileSync(join(root, 'identity.json'), JSON.stringify({ ...newIdentity(), complete: true }));
    await expect(start(directory.path)).rejects.toMatchObject({ detail: { problem: 'incomplete' } });
    await expect(start(directory.path)).rejects.toThrow(/Restore it from a backup/);
  });

  it('does not touch a cluster whose passwords are missing', async () => {
    mkdirSync(join(root, 'cluster'), { recursive: true });
    writeFileSync(join(root, 'cluster', 'PG_VERSION'), '18\n');
    await expect(start(directory.path)).rejects.toThrow(/identity\.json is missing/);
    expect(readFileSync(join(root, 'cluster', 'PG_VERSION'), 'utf8')).toBe('18\n');
  });

  it('refuses the cluster of another major version before it starts anything', async () => {
    mkdirSync(join(root, 'cluster'), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, 'cluster', 'PG_VERSION'), '17\n');
    writeFileSync(join(root, 'identity.json'), JSON.stringify({ ...newIdentity(), complete: true }));
    // As root leaves it: owned by an id of the server's own.
    if (process.geteuid?.() === 0) chownSync(join(root, 'cluster'), 60_800, 60_800);
    await expect(start(directory.path)).rejects.toMatchObject({ detail: { problem: 'other-version' } });
    await expect(start(directory.path)).rejects.toThrow(/written by PostgreSQL 17/);
  });

  it('says so when the data directory is a file', async () => {
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    await expect(start(file)).rejects.toSatisfy((error) => isFault(error, 'StartFailed'));
    await expect(start(file)).rejects.toThrow('it is not a directory');
  });
});

describe('files that a crash may have torn', () => {
  const directory = temporaryDirectory();
  const layout = openLayout(directory.path);
  mkdirSync(layout.cluster);
  const torn = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .record({ format: fc.constant(1), clusterName: fc.anything(), complete: fc.anything() })
      .map((v) => JSON.stringify(v)),
    fc.record({ pid: fc.anything(), digest: fc.string(), listen: fc.anything() }).map((v) => JSON.stringify(v)),
  );

  it('identity.json: is read, or refused with a fault', () => {
    fc.assert(
      fc.property(torn, (content) => {
        writeFileSync(layout.identity, content);
        try {
          expect(readIdentity(layout)?.format).toBe(1);
        } catch (error) {
          if (!isFault(error, 'StartFailed')) throw error;
        }
      }),
    );
  });

  it('server.json and postmaster.pid: are read, or passed over', () => {
    fc.assert(
      fc.property(torn, (content) => {
        writeFileSync(layout.server, content);
        writeFileSync(join(layout.cluster, 'postmaster.pid'), content);
        const record = readServerRecord(layout);
        if (record !== undefined) expect(typeof record.pid).toBe('number');
        expect(runningPostmaster({ layout, identity: newIdentity() })).toBeUndefined();
      }),
      { numRuns: 50 },
    );
    directory.remove();
  });
});

describe('what went wrong, in the words of the person who starts it', () => {
  const problemOf = (fault: Error): unknown => (isFault(fault) ? fault.detail['problem'] : undefined);
  const system = (code: string): Error => Object.assign(new Error(`${code}: failed`), { code });

  it.each([
    ['PANIC:  could not write to file "pg_wal/xlogtemp.27": No space left on device', 'disk-full'],
    ['initdb: error: could not create directory "x": Disk quota exceeded', 'disk-full'],
    ['FATAL:  could not create lock file "postmaster.pid": Read-only file system', 'not-permitted'],
    ['initdb: error: could not look up effective user ID 4711: user does not exist', 'not-permitted'],
    ['FATAL:  data directory "/x" has wrong ownership', 'not-permitted'],
    ['LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', 'port-taken'],
    ['FATAL:  database files are incompatible with server', 'other-version'],
    ['FATAL:  something new', 'server-failed'],
    ['', 'server-failed'],
  ])('server: %s', (line, problem) => {
    expect(problemOf(serverFault(line === '' ? [] : [line], '/d'))).toBe(problem);
  });

  it.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EROFS', 'not-permitted'],
    ['EACCES', 'not-permitted'],
    ['EMFILE', 'server-failed'],
  ])('file: %s', (code, problem) => {
    const cause = system(code);
    const fault = fileFault(cause, '/d');
    expect([problemOf(fault), fault.cause]).toEqual([problem, cause]);
    expect(fileFault(fault, '/other')).toBe(fault);
    expect(errnoOf(fault.cause)).toBe(code);
  });
});
