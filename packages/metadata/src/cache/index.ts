export { type CacheLimits, createCachedMetadata, defaultCacheLimits } from './cached-metadata.ts';
