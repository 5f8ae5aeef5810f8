export { type BackendKey, BLOB_PREFIX, type KeyOwner, OTHER_PREFIXES, readBackendKey } from './backend-keys.ts';
