import { Fault, type FaultCode } from '@sealgate/core/faults';
import type { RemoteError } from '@sealgate/s3';

/** What a backend said, for the log. It never reaches a tenant: a Fault keeps it as its cause. */
class BackendAnswerError extends Error {
  override readonly name = 'BackendAnswerError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, remote: RemoteError | undefined) {
    super(`HTTP ${status} ${remote?.code ?? ''} ${remote?.message ?? ''}`.trim());
    this.status = status;
    this.code = remote?.code ?? '';
  }
}

/** Codes that say more than their status. Everything else goes by the status. */
const BY_CODE: Readonly<Record<string, FaultCode>> = {
  BadDigest: 'BackendCorrupt',
  XAmzContentSHA256Mismatch: 'BackendCorrupt',
  XAmzContentChecksumMismatch: 'BackendCorrupt',
  InvalidRange: 'BackendCorrupt',
  NoSuchKey: 'BlobMissing',
  NoSuchBucket: 'BlobMissing',
  NoSuchVersion: 'BlobMissing',
  NoSuchUpload: 'BlobMissing',
  QuotaExceeded: 'BackendFull',
  InsufficientStorage: 'BackendFull',
  StorageFull: 'BackendFull',
  XMinioStorageFull: 'BackendFull',
  TooManyObjects: 'BackendFull',
  RequestTimeout: 'BackendTimeout',
  SlowDown: 'BackendUnreachable',
  InternalError: 'BackendUnreachable',
  ServiceUnavailable: 'BackendUnreachable',
  OperationAborted: 'BackendUnreachable',
};

const MESSAGES: Readonly<Partial<Record<FaultCode, string>>> = {
  BackendCorrupt: 'The storage location received or holds other bytes than it should.',
  BackendFull: 'The storage location is full.',
  BackendRefused: 'The storage location refused the request.',
  BackendTimeout: 'The storage location did not answer in time.',
  BackendUnreachable: 'The storage location cannot be reached.',
  BlobMissing: 'The copy is not there.',
};

export function backendFault(code: FaultCode, cause?: unknown): Fault {
  return new Fault(code, MESSAGES[code] ?? 'The storage location failed.', { cause });
}

/** An answer that is no success, as a Fault. */
export function answerFault(status: number, remote: RemoteError | undefined): Fault {
  return backendFault(BY_CODE[remote?.code ?? ''] ?? codeOfStatus(status), new BackendAnswerError(status, remote));
}

function codeOfStatus(status: number): FaultCode {
  if (status === 404) return 'BlobMissing';
  if (status === 416) return 'BackendCorrupt';
  if (status === 507) return 'BackendFull';
  if (status === 408 || status === 504) return 'BackendTimeout';
  if (status === 429 || status >= 500) return 'BackendUnreachable';
  return 'BackendRefused';
}

/** The S3 code behind a Fault of this driver; empty when there was none. */
export function remoteCode(error: unknown): string {
  return error instanceof Fault && error.cause instanceof BackendAnswerError ? error.cause.code : '';
}

/** The HTTP status behind a Fault of this driver, or undefined. */
export function remoteStatus(error: unknown): number | undefined {
  return error instanceof Fault && error.cause instanceof BackendAnswerError ? error.cause.status : undefined;
}

/** What went wrong on the wire, as a Fault. */
export function networkFault(error: unknown): Fault {
  if (error instanceof Fault && error.code !== 'EndpointRefused') return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const timedOut = typeof code === 'string' && (/^UND_ERR_\w+_TIMEOUT$/.test(code) || code === 'ETIMEDOUT');
  return backendFault(timedOut ? 'BackendTimeout' : 'BackendUnreachable', error);
}
