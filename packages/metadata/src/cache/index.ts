export { createCachedMetadata } from './cached-metadata.ts';
export type { CacheKeys } from './shared/codec.ts';
export type { CacheEvents } from './shared/shared-cache.ts';
export { openSharedMetadata, type SharedMetadata } from './shared/shared-metadata.ts';
