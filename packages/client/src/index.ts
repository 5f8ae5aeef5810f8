/** The sealing S3 client, for browsers and Node. */
export {
  createSealedClient,
  type ObjectName,
  type SealedClient,
  type SealedClientOptions,
} from './client.ts';
export { type ByteRange, parseByteRange } from './get/byte-range.ts';
export type { GetOptions, OpenedObject } from './get/get-object.ts';
export { createKeyring, type Keyring, type OpeningKey, type RecipientKey } from './keyring.ts';
export type { ManifestPolicy, SeenVersion, SignKey, TrustedWriters, VerifyKey, Writers } from './manifest/writers.ts';
export type { ListedBucket } from './objects/buckets.ts';
export type { DeleteFailure } from './objects/delete.ts';
export type { ObjectInfo } from './objects/head.ts';
export type { ListOptions, ListPage } from './objects/list.ts';
export { goesInParts } from './put/plan.ts';
export type { PutSource, SeekableSource } from './put/source.ts';
export type { Progress, PutOptions, PutResult, SealedBody, SealedPutOptions, WriteReceipt } from './put/types.ts';
export { parseUploadState, type UploadedPart, type UploadJournal, type UploadState } from './put/upload-state.ts';
export { rewrapObjects } from './rewrap/rewrap.ts';
export type {
  ChangedEnvelope,
  EnvelopeQuery,
  EnvelopeStore,
  ListedEnvelope,
  NewEnvelope,
  RewrapReport,
} from './rewrap/types.ts';
export { type Credentials, createSign, type Sign } from './transport/sign.ts';
