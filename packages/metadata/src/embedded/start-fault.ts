import { Fault } from '@sealgate/core/faults';

/** Why the embedded server did not start. Stable: stands in the fault's `detail.problem`. */
export type StartProblem =
  | 'in-use'
  | 'foreign-directory'
  | 'other-version'
  | 'incomplete'
  | 'not-permitted'
  | 'disk-full'
  | 'port-taken'
  | 'unsupported'
  | 'server-failed'
  | 'timed-out';

export interface StartFaultOptions {
  readonly directory: string;
  readonly pid?: number;
  readonly cause?: unknown;
}

/** A `StartFailed` fault whose `detail` names the problem, the directory and, when there is one, the other process. */
export function startFault(problem: StartProblem, message: string, options: StartFaultOptions): Fault {
  const { directory, pid, cause } = options;
  const detail = { problem, directory, ...(pid === undefined ? {} : { pid }) };
  return new Fault('StartFailed', message, { rule: `embedded-postgres/${problem}`, detail, cause });
}

/** The code of a system error (`EACCES`), or undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const noSpace = new Set(['ENOSPC', 'EDQUOT']);
const noAccess = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ELOOP']);

/** A failed file operation below `directory` as a fault that says what to do; faults pass unchanged. */
export function fileFault(error: unknown, directory: string): Fault {
  if (error instanceof Fault) return error;
  const code = errnoOf(error) ?? '';
  if (noSpace.has(code)) return diskFull(directory, error);
  if (noAccess.has(code)) return notPermitted(directory, { code, cause: error });
  return startFault('server-failed', `The embedded database could not be started in ${directory}.`, {
    directory,
    cause: error,
  });
}

export function diskFull(directory: string, cause?: unknown): Fault {
  const message = `There is no space left for the embedded database in ${directory}. Free some space on that disk and start again.`;
  return startFault('disk-full', message, { directory, cause });
}

export function notPermitted(directory: string, why: { readonly code: string; readonly cause?: unknown }): Fault {
  const reason = reasonOf(why.code);
  const message = `The embedded database cannot use ${directory}: ${reason}. Start as the directory's owner, change its owner, or set SEALGATE_DATA_DIR to another directory.`;
  return startFault('not-permitted', message, { directory, cause: why.cause });
}

function reasonOf(code: string): string {
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'it is not a directory';
  const who = process.geteuid === undefined ? 'this user' : `user id ${process.geteuid()}`;
  return `${who} may not use it (${code})`;
}

/** What PostgreSQL's own words mean for the person who starts the gateway. */
export function serverFault(lines: readonly string[], directory: string): Fault {
  const text = lines.join('\n');
  const cause = new Error(text === '' ? 'the server left no message' : text);
  if (/No space left on device|Disk quota exceeded/i.test(text)) return diskFull(directory, cause);
  if (/Read-only file system/i.test(text)) return notPermitted(directory, { code: 'EROFS', cause });
  if (/could not look up effective user ID/.test(text)) return namelessUser(directory, cause);
  if (/Permission denied|wrong ownership|Operation not permitted/i.test(text)) {
    return notPermitted(directory, { code: 'EACCES', cause });
  }
  if (/Address already in use/i.test(text)) {
    const message = `The port of the embedded database is taken by another program. Choose another one or stop that program (directory ${directory}).`;
    return startFault('port-taken', message, { directory, cause });
  }
  if (/incompatible with server/i.test(text)) {
    const message = `The cluster in ${directory} was written by another PostgreSQL. Start it with the Sealgate release that wrote it.`;
    return startFault('other-version', message, { directory, cause });
  }
  const last = lines.findLast((line) => /\b(FATAL|PANIC|error)\b/.test(line)) ?? lines.at(-1) ?? 'it gave no reason';
  const message = `The embedded database in ${directory} did not start: ${last.trim()} (its log: ${directory}/server.log).`;
  return startFault('server-failed', message, { directory, cause });
}

function namelessUser(directory: string, cause: unknown): Fault {
  const message =
    'The embedded database cannot be created by a user id without a name in /etc/passwd. Add a name for it, start once as root, or set DATABASE_URL.';
  return startFault('not-permitted', message, { directory, cause });
}
