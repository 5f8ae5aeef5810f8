export { formatHttpDate, parseHttpDate } from './conditions/http-date.ts';
export { type S3ErrorContext, type S3ErrorResponse, s3ErrorCode, toS3Error } from './errors/s3-error.ts';
export { type AddressRequest, parseAddress, type S3Address } from './operations/address.ts';
export {
  type BucketOperationName,
  bucketOperations,
  implementedOperations,
  type ObjectOperationName,
  type OperationName,
  objectOperations,
  type ServiceOperationName,
  serviceOperations,
} from './operations/names.ts';
export {
  type BucketOperation,
  type ObjectOperation,
  type OperationRequest,
  parseOperation,
  type S3Operation,
  type ServiceOperation,
} from './operations/parse.ts';
export { decodeUri, parseQuery, type Query } from './query.ts';
export { collectHeaders, headerValue, type RequestHeaders, type SignedRequest, splitTarget } from './request.ts';
export { parseAuthorization } from './sigv4/authorization.ts';
export { anonymousPayload, parsePayloadHash } from './sigv4/payload.ts';
export { createSigningKeyCache, type SigningKeyCache } from './sigv4/signing-keys.ts';
export type {
  Authorization,
  ChunkSigning,
  SignedPayload,
  SigningCredential,
  SigV2Authorization,
  SigV4Authorization,
  VerifiedRequest,
} from './sigv4/types.ts';
export { type VerifySignatureOptions, verifySignature } from './sigv4/verify.ts';
