export { createErasureCodec, createErasureCodecs, type ErasureCodec, SHARDS_MAX } from './codec.ts';
