import type { SourceTrouble, Unread } from '@sealgate/core/discovery';
import { isFault } from '@sealgate/core/faults';
import { remoteCode, remoteStatus } from '../faults.ts';

/** How servers say that they do not know the keys, or that their signature is wrong. */
const WRONG_CREDENTIALS: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidSecurity',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
]);
/** That the bucket, or whoever takes these signatures, is somewhere else. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'PermanentRedirect',
  'Redirect',
  'TemporaryRedirect',
]);

/** A failure of a call to a source as one of a closed set; its words stay where they came from. */
export function troubleOf(error: unknown): SourceTrouble {
  const code = remoteCode(error);
  const status = remoteStatus(error);
  if (WRONG_CREDENTIALS.has(code) || status === 401) return 'wrong-credentials';
  if (ELSEWHERE.has(code) || (status !== undefined && status >= 300 && status < 400)) return 'elsewhere';
  if (status === 403) return 'not-permitted';
  if (status === 404) return 'not-found';
  if (isFault(error, 'BackendTimeout')) return 'timeout';
  if (isFault(error, 'BackendUnreachable')) return 'unreachable';
  return 'invalid-answer';
}

/** Statuses of servers that do not know a question. */
const NOT_KNOWN: ReadonlySet<number | undefined> = new Set([400, 405, 501]);

/** Why a setting is not known. */
export function unreadOf(error: unknown): Unread {
  const status = remoteStatus(error);
  if (status === 401 || status === 403) return 'not-permitted';
  // Servers that do not know the question answer another one, the listing of the bucket for example.
  const another = status === undefined && isFault(error, 'BackendRefused');
  return another || NOT_KNOWN.has(status) ? 'not-supported' : 'unknown';
}
