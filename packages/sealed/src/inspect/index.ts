/**
 * What a gateway without keys may check. Nothing that seals, opens or holds a secret key is reachable from here; a test
 * follows the imports and fails if that changes.
 */
export type { SealErrorCode } from '../format/codes.ts';
export { SealError, sealErrorCodes } from '../format/codes.ts';
export { bodyLength, plaintextLengthOf } from '../format/sizes.ts';
export type { BlockTree, IncrementalHash } from './block-tree.ts';
export { createBlockTree, createLeafHasher, manifestBlockBytes } from './block-tree.ts';
export type { ParsedEnvelope } from './envelope.ts';
export { parseEnvelope } from './envelope.ts';
export { recogniseBody } from './foreign.ts';
export type { InspectionPolicy, InspectionRequest } from './inspect.ts';
export { checkEnvelope, createObjectInspector, summariseEnvelope } from './inspect.ts';
export type { ManifestAlgorithm, ManifestFacts, ParsedManifest } from './manifest.ts';
export { checkManifest, manifestAlgorithms, manifestDigest, manifestHeader, parseManifest } from './manifest.ts';
export type { EnvelopeMetadata, MetadataHeaders } from './metadata.ts';
export {
  envelopeFromMetadata,
  envelopeHeader,
  envelopeToMetadata,
  isEnvelopeHeader,
  keyVersionHeader,
} from './metadata.ts';
export type { ObjectNames } from './names.ts';
export { contextHash } from './names.ts';
export type { PartStructure } from './parts.ts';
export { createPartInspector, joinParts } from './parts.ts';
export type { EnvelopeRecipient, KeyAlgorithm } from './recipient.ts';
export { isKeyId } from './recipient.ts';
export type { KnownRecipient, RecipientPolicy } from './recipient-policy.ts';
export { recogniseS3ec } from './s3ec.ts';
export type { StructureInspector, StructureOptions, StructureVerdict } from './structure.ts';
export { createStructureInspector } from './structure.ts';
export type { EnvelopeSummary, ForeignFormat, InspectedFormat, ObjectInspector, Verdict } from './verdict.ts';
export { foreignFormats } from './verdict.ts';
