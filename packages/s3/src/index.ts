export {
  type BodyDigests,
  type BodyVerifier,
  type BodyVerifierOptions,
  createBodyVerifier,
} from './checksums/body-verifier.ts';
export { createChecksum } from './checksums/checksum.ts';
export { type ChecksumPiece, combineChecksums, multipartEtag } from './checksums/combine.ts';
export { checksumTypeMismatch, requireClaimedChecksum } from './checksums/completion.ts';
export type { ChecksumHasher } from './checksums/hasher.ts';
export {
  type ChecksumExpectation,
  checksumHeaderName,
  checksumOfName,
  type ExpectedChecksum,
  parseChecksumHeaders,
  parseUploadChecksum,
  type UploadChecksum,
} from './checksums/headers.ts';
export {
  ChunkedDecoder,
  type ChunkedDecoderOptions,
  createChunkedDecoder,
  decodedContentLength,
  type StreamingPayload,
} from './chunked/decoder.ts';
export { type ChunkedEncoderOptions, createChunkedEncoder, encodedLength } from './chunked/encoder.ts';
export { announcedTrailers, type Trailers } from './chunked/trailer.ts';
export {
  type ConditionOutcome,
  type ConditionSubject,
  conditionsOfDeletion,
  type DeleteConditions,
  evaluateCopySource,
  evaluateRead,
  parseDeleteConditions,
  parseReadConditions,
  parseWriteConditions,
  type ReadConditions,
  requireCopySourceConditions,
  requireReadConditions,
} from './conditions/conditions.ts';
export { formatHttpDate, parseHttpDate } from './conditions/http-date.ts';
export {
  CORS_VARY,
  type CorsMethod,
  type CorsRequest,
  type CorsRule,
  corsHeaders,
  corsMethods,
  matchCors,
  parseRequestHeaders,
} from './cors/cors.ts';
export { type S3ErrorContext, type S3ErrorResponse, s3ErrorCode, toS3Error } from './errors/s3-error.ts';
export {
  type FormAuthorization,
  type FormFields,
  parseFormAuthorization,
  requireField,
  type SignedFormV2,
  type SignedFormV4,
  type VerifyFormOptions,
  verifyForm,
} from './forms/authorization.ts';
export { fileNameOf, headersOfForm, withFileName } from './forms/fields.ts';
export {
  checkPostLength,
  checkPostPolicy,
  type PostCondition,
  type PostPolicy,
  parsePostPolicy,
} from './forms/policy.ts';
export { type PostResponse, postResponse, successRedirect } from './forms/post-response.ts';
export { type CopySource, parseCopySource } from './headers/copy-source.ts';
export {
  parseAclHeaders,
  type RequestedAcl,
  type RequestedGrant,
  type RequestedGrantee,
} from './headers/grants.ts';
export { type LockHeaders, parseLockHeaders } from './headers/object-lock.ts';
export { refusedHeaders } from './headers/refused-headers.ts';
export {
  type CustomerKey,
  encryptionHeaders,
  parseCopySourceCustomerKey,
  parseCustomerKey,
  parseRequestedEncryption,
  type RequestedEncryption,
  refuseRequestedEncryption,
} from './headers/server-side-encryption.ts';
export { isStorageClass, parseStorageClassName, type StorageClass, storageClasses } from './headers/storage-class.ts';
export {
  formatStoredHeaders,
  parseResponseOverrides,
  parseStoredHeaders,
  type StoredHeadersOptions,
  withoutAwsChunked,
} from './headers/stored-headers.ts';
export { parseTaggingHeader, type Tag, validateTags } from './headers/tags.ts';
export { POST_FIELDS_BYTES_MAX } from './limits.ts';
export { type OperationAccess, operationAccess } from './operations/actions.ts';
export { type AddressRequest, hostBucketOf, parseAddress, type S3Address } from './operations/address.ts';
export {
  type ObjectAttributeName,
  type ObjectAttributesQuery,
  parseObjectAttributesQuery,
} from './operations/attributes-query.ts';
export {
  type ListBucketsQuery,
  type ListObjectsQuery,
  type ListObjectsV2Query,
  type ListPartsQuery,
  type ListUploadsQuery,
  type ListVersionsQuery,
  parseListBucketsQuery,
  parseListObjectsQuery,
  parseListObjectsV2Query,
  parseListPartsQuery,
  parseListUploadsQuery,
  parseListVersionsQuery,
  parsePartNumber,
} from './operations/listing-query.ts';
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
export { refusedOperations } from './operations/refusals.ts';
export { decodeUri, parseQuery, type Query } from './query.ts';
export {
  checkCopySourceRange,
  formatContentRange,
  formatRange,
  parseCopySourceRange,
  parseRange,
  type RequestedRange,
  type ResolvedRange,
  resolveRange,
} from './range/range.ts';
export { collectHeaders, headerValue, type RequestHeaders, type SignedRequest, splitTarget } from './request.ts';
export { computeSignatureV2, type VerifySignatureV2Options, verifySignatureV2 } from './sigv2/verify.ts';
export { isSignedInQuery, parseAuthorization } from './sigv4/authorization.ts';
export {
  EMPTY_SHA256,
  formatAmzDate,
  parseAmzDate,
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from './sigv4/canonical.ts';
export { uriEncode, uriEncodePath } from './sigv4/encoding.ts';
export { withHoistedHeaders } from './sigv4/hoisted.ts';
export { anonymousPayload, parsePayloadHash } from './sigv4/payload.ts';
export { type PresignRequest, type SignerCredentials, type SignRequest } from './sigv4/prepare.ts';
export { presignUrl, type SignedResult, type SignerOptions, signRequest } from './sigv4/sign.ts';
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
export {
  type AssumedRole,
  assumeRoleResponse,
  assumeRoleWithWebIdentityResponse,
  getCallerIdentityResponse,
  getSessionTokenResponse,
  type SessionCredentials,
} from './sts/answers.ts';
export { toQueryApiError } from './sts/errors.ts';
export {
  type AssumeRole,
  type AssumeRoleWithWebIdentity,
  parseQueryApiCall,
  parseStsRequest,
  type QueryApiCall,
  ROLE_SESSION_SECONDS_DEFAULT,
  ROLE_SESSION_SECONDS_MAX,
  SESSION_POLICY_CHARACTERS_MAX,
  SESSION_SECONDS_MIN,
  type StsRequest,
  unknownAction,
} from './sts/request.ts';
export {
  type AccessControlPolicyRequest,
  accessControlPolicy,
  groupOfUri,
  ownershipControls,
  parseAccessControlPolicy,
  parseOwnershipControls,
  parsePublicAccessBlockConfiguration,
  policyStatus,
  publicAccessBlockConfiguration,
  type ShownGrant,
} from './xml/access.ts';
export {
  type AccelerateStatus,
  accelerateConfiguration,
  emptyConfigurationList,
  type Payer,
  parseAccelerateConfiguration,
  parseRequestPayment,
  requestPayment,
} from './xml/bucket-settings.ts';
export {
  completeMultipartUploadRequest,
  createBucketRequest,
  deleteRequest,
  parseCompleteMultipartUploadResult,
  parseDeleteResult,
  parseErrorResponse,
  parseInitiateMultipartUploadResult,
  parseListBucketResult,
  parseListBucketsResult,
  parseListPartsResult,
  parseListVersionsResult,
  parseLocationConstraint,
  parseRemoteEncryption,
  parseRemoteObjectLock,
  parseRemoteTagNames,
  parseVersioningStatus,
  type RemoteError,
  type RemoteListing,
  type RemoteObject,
  type RemoteObjectLock,
  type RemotePart,
  type RemoteVersion,
  type RemoteVersionListing,
  versioningRequest,
} from './xml/client.ts';
export { corsConfiguration, parseCorsConfiguration } from './xml/cors.ts';
export {
  type BucketEncryption,
  parseServerSideEncryptionConfiguration,
  serverSideEncryptionConfiguration,
} from './xml/encryption.ts';
export { lifecycleConfiguration, parseLifecycleConfiguration } from './xml/lifecycle.ts';
export {
  type ListAllMyBucketsResult,
  type ListBucketResultV1,
  type ListBucketResultV2,
  type ListedEntry,
  type ListedVersionEntry,
  type ListVersionsResult,
  listAllMyBucketsResult,
  listBucketResultV1,
  listBucketResultV2,
  listVersionsResult,
} from './xml/listings.ts';
export {
  type LogGrantee,
  type LoggingConfiguration,
  type LogKeyFormat,
  type LogPermission,
  loggingStatus,
  parseLoggingStatus,
} from './xml/logging.ts';
export { notificationConfiguration, parseNotificationConfiguration } from './xml/notification.ts';
export {
  type DefaultRetention,
  formatRetainUntil,
  legalHoldResult,
  objectLockConfiguration,
  parseLegalHold,
  parseObjectLockConfiguration,
  parseRetention,
  retentionResult,
} from './xml/object-lock.ts';
export { malformedXml, parseXml, type XmlElement } from './xml/reader.ts';
export {
  type CompletedPart,
  type CreateBucketConfiguration,
  type DeleteRequest,
  type DeleteRequestObject,
  parseCompleteMultipartUpload,
  parseCreateBucketConfiguration,
  parseDelete,
  parseTagging,
  parseVersioningConfiguration,
  type VersioningConfiguration,
} from './xml/requests.ts';
export {
  type AttributedParts,
  type CopyResult,
  copyObjectResult,
  copyPartResult,
  type DeleteResult,
  deleteResult,
  getObjectAttributesOutput,
  locationConstraint,
  type ObjectAttributes,
  taggingResult,
  versioningConfiguration,
} from './xml/results.ts';
export type { EncodingType, ShownChecksum, XmlOwner } from './xml/shared.ts';
export { quoteEtag, unquoteEtag } from './xml/shared.ts';
export {
  CAPACITY_DOCUMENT_KEY,
  capacityDocument,
  SYSTEM_DOCUMENT_KEY,
  type SystemFacts,
  systemDocument,
} from './xml/system-documents.ts';
export {
  type CompleteMultipartUploadResult,
  completeMultipartUploadResult,
  type InitiateMultipartUploadResult,
  initiateMultipartUploadResult,
  type ListMultipartUploadsResult,
  type ListPartsResult,
  listMultipartUploadsResult,
  listPartsResult,
} from './xml/uploads.ts';
export {
  parseWebsiteConfiguration,
  type RoutingRule,
  type WebsiteConfiguration,
  websiteConfiguration,
} from './xml/website.ts';
export { createXmlWriter, escapeXml, S3_NAMESPACE, type XmlWriter } from './xml/writer.ts';
