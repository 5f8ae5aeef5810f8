import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, notPermitted, startFault } from './start-fault.ts';

/**
 * `<dataDir>/postgres/`, mode 0700 of the gateway's user:
 *
 *     identity.json   who this cluster is: its name, its passwords, and whether its creation was completed
 *     owner.lock      the lock (lock.ts); owner.json: who holds it
 *     server.json     the server that was started last, so that the next gateway can take it over (orphan.ts)
 *     server.log      what the server printed; emptied when it grows
 *     runtime/        a copy of the programs, only where the installed ones cannot be run (binaries.ts)
 *     cluster/        PGDATA, mode 0700 of the server's user; cluster.new-* while it is made
 *
 * A cluster whose identity does not say `complete` was never handed to anyone and may be made anew; a complete one is
 * never removed by us.
 */
export interface Layout {
  readonly root: string;
  readonly cluster: string;
  readonly identity: string;
  readonly server: string;
  readonly log: string;
  readonly runtime: string;
}

export interface Identity {
  readonly format: 1;
  /** The server's `cluster_name`: how we know our own processes. */
  readonly clusterName: string;
  readonly adminPassword: string;
  readonly password: string;
  readonly complete: boolean;
}

/** Files of ours that may lie in a directory in which nothing was created yet. */
const transient = new Set([
  'owner.lock',
  'owner.lock-journal',
  'owner.json',
  'identity.json.new',
  'server.log',
  'runtime',
  'lost+found',
]);

/** Makes `<dataDir>/postgres/` when it is missing. Rights of existing directories are left as they are. */
export function openLayout(dataDir: string): Layout {
  mkdirSync(dataDir, { recursive: true });
  const root = join(realpathSync(dataDir), 'postgres');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return {
    root,
    cluster: join(root, 'cluster'),
    identity: join(root, 'identity.json'),
    server: join(root, 'server.json'),
    log: join(root, 'server.log'),
    runtime: join(root, 'runtime'),
  };
}

/**
 * The cluster's identity; undefined when there is none yet and the directory is free for one.
 * @throws Fault `StartFailed`: `foreign-directory`, `incomplete` or `not-permitted`
 */
export function readIdentity(layout: Layout): Identity | undefined {
  if (!existsSync(layout.identity)) {
    refuseForeign(layout.root, readdirSync(layout.root));
    return undefined;
  }
  const identity = parseIdentity(layout);
  if (identity.complete && !existsSync(join(layout.cluster, 'PG_VERSION'))) {
    // Without the right to look inside, existsSync says no as well; statSync tells the two apart.
    refuseUnreadable(layout.cluster);
    const message = `The database cluster is missing from ${layout.cluster}. Restore it from a backup; to start with an empty database instead, remove ${layout.root}.`;
    throw startFault('incomplete', message, { directory: layout.root });
  }
  return identity;
}

function refuseForeign(root: string, names: readonly string[]): void {
  const foreign = names.filter((name) => !transient.has(name));
  if (foreign.length === 0) return;
  if (foreign.includes('cluster') && existsSync(join(root, 'cluster', 'PG_VERSION'))) {
    const message = `${root} holds a database cluster, but its identity.json is missing. Restore that file from a backup; to start with an empty database instead, remove ${root}.`;
    throw startFault('incomplete', message, { directory: root });
  }
  const what = foreign.includes('PG_VERSION')
    ? 'a PostgreSQL cluster that Sealgate did not create'
    : `files that are not Sealgate's (${foreign.slice(0, 3).join(', ')})`;
  const message = `${root} holds ${what}. Move it away, or set SEALGATE_DATA_DIR to another directory.`;
  throw startFault('foreign-directory', message, { directory: root });
}

function refuseUnreadable(directory: string): void {
  try {
    statSync(directory);
    readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') throw notPermitted(directory, { code: 'EACCES', cause: error });
  }
}

function parseIdentity(layout: Layout): Identity {
  const value = readJson(layout.identity);
  if (value !== undefined && isIdentity(value)) return value;
  const message = `${layout.identity} cannot be read as Sealgate wrote it. Restore that file from a backup.`;
  throw startFault('incomplete', message, { directory: layout.root });
}

function isIdentity(value: object): value is Identity {
  const { format, clusterName, adminPassword, password, complete } = value as Record<string, unknown>;
  const strings = [clusterName, adminPassword, password].every((text) => typeof text === 'string' && text !== '');
  return format === 1 && strings && typeof complete === 'boolean';
}

/** 192 random bits a password: it is never typed. */
export function newIdentity(): Identity {
  const secret = (): string => randomBytes(24).toString('base64url');
  return {
    format: 1,
    clusterName: `sealgate-${randomBytes(8).toString('hex')}`,
    adminPassword: secret(),
    password: secret(),
    complete: false,
  };
}

/** The object in a JSON file, or undefined when there is none that can be read as one. */
export function readJson(file: string): object | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces a file at once and for good: after a power cut there is the old content or the new, never half of it. */
export function writeDurably(directory: string, name: string, value: object): void {
  const draft = join(directory, `${name}.new`);
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, join(directory, name));
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The major version a cluster was written by. */
export function clusterMajor(layout: Layout): number {
  return Number.parseInt(readFileSync(join(layout.cluster, 'PG_VERSION'), 'utf8'), 10);
}
