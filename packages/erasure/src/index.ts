export { createErasureCodec, type ErasureCodec, SHARDS_MAX } from './codec.ts';
