export { createMemoryCacheServer, type MemoryCacheServer } from './memory-cache.ts';
export { callDatabase, createLink, createSimulatedConnector, type Link } from './network.ts';
