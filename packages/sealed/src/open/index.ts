/** Opening: sealed body and envelope in, authenticated plaintext out, whole or by range. Browser and Node. */
export type { SealErrorCode } from '../format/codes.ts';
export { SealError } from '../format/codes.ts';
export type { ByteInput } from '../streams/source.ts';
export type { OpenOptions } from './body.ts';
export type { EnvelopeInput } from './envelope.ts';
export { readEnvelopeNames, rewrapEnvelope } from './envelope.ts';
export type { FetchRange, RangeReader } from './range-reader.ts';
export { openRanges } from './range-reader.ts';
export type { OpenedStream } from './stream.ts';
export { openStream } from './stream.ts';
