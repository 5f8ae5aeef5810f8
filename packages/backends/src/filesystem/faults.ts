import { Fault } from '@sealgate/core/faults';

/** The system's error code of anything thrown, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * A failed system call as a Fault. What is no system error (the caller's own stream, an abort) passes as it is.
 * @param during a read error of the medium means that this copy is bad; a write error that the place is
 */
export function filesystemFault(error: unknown, during: 'read' | 'write'): unknown {
  if (error instanceof Fault) return error;
  switch (errnoOf(error)) {
    case undefined:
      return error;
    case 'ENOSPC':
    case 'EDQUOT':
      return new Fault('BackendFull', 'The storage location is full.', { cause: error });
    case 'EIO':
      return during === 'read'
        ? new Fault('BackendCorrupt', 'The storage location cannot read the copy.', { cause: error })
        : unreachable(error);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ELOOP':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENAMETOOLONG':
    case 'EXDEV':
      return new Fault('BackendRefused', 'The storage location does not allow it.', { cause: error });
    default:
      return errnoOf(error)?.startsWith('E') === true && !errnoOf(error)?.startsWith('ERR_')
        ? unreachable(error)
        : error;
  }
}

export function unreachable(cause?: unknown): Fault {
  return new Fault('BackendUnreachable', 'The storage location cannot be reached.', { cause });
}

export function missing(cause?: unknown): Fault {
  return new Fault('BlobMissing', 'The copy is not there.', { cause });
}
