/** Audit data that is not what it claims to be. The message says where. */
export class AuditIntegrityError extends Error {
  override readonly name = 'AuditIntegrityError';
}
