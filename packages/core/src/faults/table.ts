/**
 * The one table of everything that may go wrong in front of a caller. A code is stable for ever: clients, metrics and
 * docs use it. `http` is the status on every listener, `retry` tells a client what to do, `s3` is the code on the S3
 * listener when it differs from ours.
 *
 * S3 codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export interface FaultSpec {
  readonly http: number;
  /** `never`: the same request fails again. `later`: it may pass unchanged. `changed`: it may pass after a fix by the caller. */
  readonly retry: 'never' | 'later' | 'changed';
  /** The S3 error code, when it is not the fault's own code. */
  readonly s3?: string;
  /**
   * Seconds, for `Retry-After`: what a client that was turned away for now waits at least. Short where the cause is over
   * in a moment, longer where a place or a server has to come back: a crowd that returns at once makes that slower.
   */
  readonly waitSeconds?: number;
}

export const faultTable = {
  // authentication and authorisation
  AccessDenied: { http: 403, retry: 'never' },
  AccessForbidden: { http: 403, retry: 'changed' },
  AccountProblem: { http: 403, retry: 'never' },
  AuthorizationHeaderMalformed: { http: 400, retry: 'changed' },
  AuthorizationQueryParametersError: { http: 400, retry: 'changed' },
  ExpiredToken: { http: 400, retry: 'changed' },
  InvalidAccessKeyId: { http: 403, retry: 'never' },
  InvalidToken: { http: 400, retry: 'changed' },
  RequestTimeTooSkewed: { http: 403, retry: 'changed' },
  SignatureDoesNotMatch: { http: 403, retry: 'changed' },
  XAmzContentSHA256Mismatch: { http: 400, retry: 'changed' },
  EncryptionRequired: { http: 403, retry: 'changed' },
  /** The bucket takes only what a writer of its tenant's keyring signed. */
  ManifestRequired: { http: 403, retry: 'changed' },
  NotAuthenticated: { http: 401, retry: 'changed', s3: 'AccessDenied' },
  TooManyRequests: { http: 429, retry: 'later', s3: 'SlowDown', waitSeconds: 1 },

  // temporary credentials (the names that the STS of AWS gives them)
  ExpiredIdentityToken: { http: 400, retry: 'changed', s3: 'ExpiredTokenException' },
  IdentityProviderUnavailable: { http: 400, retry: 'later', s3: 'IDPCommunicationError' },
  InvalidAction: { http: 400, retry: 'never' },
  InvalidIdentityToken: { http: 400, retry: 'changed' },
  MissingAction: { http: 400, retry: 'changed' },

  // names and arguments
  AccessControlListNotSupported: { http: 400, retry: 'changed' },
  BadDigest: { http: 400, retry: 'changed' },
  BadRequest: { http: 400, retry: 'changed' },
  EntityTooLarge: { http: 400, retry: 'changed' },
  EntityTooSmall: { http: 400, retry: 'changed' },
  IllegalLocationConstraintException: { http: 400, retry: 'changed' },
  IllegalVersioningConfigurationException: { http: 400, retry: 'changed' },
  IncompleteBody: { http: 400, retry: 'changed' },
  IncorrectNumberOfFilesInPostRequest: { http: 400, retry: 'changed' },
  InvalidArgument: { http: 400, retry: 'changed' },
  InvalidBucketAclWithBlockPublicAccessError: { http: 400, retry: 'changed' },
  InvalidBucketAclWithObjectOwnership: { http: 400, retry: 'changed' },
  InvalidBucketName: { http: 400, retry: 'changed' },
  InvalidChunkSizeError: { http: 400, retry: 'changed' },
  InvalidDigest: { http: 400, retry: 'changed' },
  InvalidEncryptionAlgorithmError: { http: 400, retry: 'changed' },
  InvalidLocationConstraint: { http: 400, retry: 'changed' },
  InvalidPart: { http: 400, retry: 'changed' },
  InvalidPartNumber: { http: 416, retry: 'changed' },
  InvalidPartOrder: { http: 400, retry: 'changed' },
  InvalidPolicyDocument: { http: 400, retry: 'changed' },
  InvalidRange: { http: 416, retry: 'changed' },
  InvalidRequest: { http: 400, retry: 'changed' },
  InvalidRetentionPeriod: { http: 400, retry: 'changed' },
  InvalidStorageClass: { http: 400, retry: 'changed' },
  InvalidTag: { http: 400, retry: 'changed' },
  InvalidTargetBucketForLogging: { http: 400, retry: 'changed' },
  InvalidURI: { http: 400, retry: 'changed' },
  KeyTooLongError: { http: 400, retry: 'changed' },
  MalformedACLError: { http: 400, retry: 'changed' },
  MalformedPOSTRequest: { http: 400, retry: 'changed' },
  MalformedPolicy: { http: 400, retry: 'changed' },
  MalformedTrailerError: { http: 400, retry: 'changed' },
  MalformedXML: { http: 400, retry: 'changed' },
  MaxMessageLengthExceeded: { http: 400, retry: 'changed' },
  MaxPostPreDataLengthExceeded: { http: 400, retry: 'changed' },
  MetadataTooLarge: { http: 400, retry: 'changed' },
  MissingContentLength: { http: 411, retry: 'changed' },
  MissingRequestBodyError: { http: 400, retry: 'changed' },
  MissingSecurityHeader: { http: 400, retry: 'changed' },
  RequestBodyTooLarge: { http: 413, retry: 'changed', s3: 'EntityTooLarge' },
  RequestHeaderSectionTooLarge: { http: 400, retry: 'changed' },
  RequestTimeout: { http: 400, retry: 'later' },
  TooManyParts: { http: 400, retry: 'changed', s3: 'InvalidArgument' },
  UnexpectedContent: { http: 400, retry: 'changed' },
  UnresolvableGrantByEmailAddress: { http: 400, retry: 'changed' },
  UnsupportedMediaType: { http: 415, retry: 'changed', s3: 'InvalidRequest' },
  UserKeyMustBeSpecified: { http: 400, retry: 'changed' },
  ValidationFailed: { http: 400, retry: 'changed', s3: 'InvalidArgument' },

  // state of resources
  BucketAlreadyExists: { http: 409, retry: 'changed' },
  BucketAlreadyOwnedByYou: { http: 409, retry: 'never' },
  BucketNotEmpty: { http: 409, retry: 'changed' },
  ConditionalRequestConflict: { http: 409, retry: 'later' },
  Conflict: { http: 409, retry: 'changed', s3: 'OperationAborted' },
  /** A worker's right to a job is over; its result changes nothing. */
  LeaseLost: { http: 409, retry: 'never', s3: 'OperationAborted' },
  InvalidBucketState: { http: 409, retry: 'changed' },
  InvalidObjectState: { http: 403, retry: 'changed' },
  MethodNotAllowed: { http: 405, retry: 'never' },
  NoSuchBackend: { http: 404, retry: 'never', s3: 'InternalError' },
  NoSuchBucket: { http: 404, retry: 'changed' },
  NoSuchBucketPolicy: { http: 404, retry: 'changed' },
  NoSuchCORSConfiguration: { http: 404, retry: 'changed' },
  NoSuchConfiguration: { http: 404, retry: 'changed' },
  NoSuchKey: { http: 404, retry: 'changed' },
  NoSuchLifecycleConfiguration: { http: 404, retry: 'changed' },
  NoSuchPublicAccessBlockConfiguration: { http: 404, retry: 'changed' },
  NoSuchObjectLockConfiguration: { http: 404, retry: 'changed' },
  NoSuchTagSet: { http: 404, retry: 'changed' },
  NoSuchUpload: { http: 404, retry: 'changed' },
  NoSuchVersion: { http: 404, retry: 'changed' },
  NoSuchWebsiteConfiguration: { http: 404, retry: 'changed' },
  KeyServiceUnavailable: { http: 503, retry: 'later', s3: 'ServiceUnavailable', waitSeconds: 5 },
  NotFound: { http: 404, retry: 'changed', s3: 'NoSuchKey' },
  NotImplemented: { http: 501, retry: 'never' },
  NotModified: { http: 304, retry: 'never' },
  ObjectLockConfigurationNotFoundError: { http: 404, retry: 'changed' },
  OperationAborted: { http: 409, retry: 'later' },
  OwnershipControlsNotFoundError: { http: 404, retry: 'changed' },
  PermanentRedirect: { http: 301, retry: 'changed' },
  PreconditionFailed: { http: 412, retry: 'changed' },
  QuotaExceeded: { http: 403, retry: 'changed' },
  ServerSideEncryptionConfigurationNotFoundError: { http: 404, retry: 'changed' },
  ReplicationConfigurationNotFoundError: { http: 404, retry: 'changed' },

  // policy
  PolicyInvalid: { http: 400, retry: 'changed', s3: 'InvalidArgument' },
  PolicyRefused: { http: 403, retry: 'changed', s3: 'AccessDenied' },
  EndpointRefused: { http: 400, retry: 'changed', s3: 'InvalidArgument' },

  // the gateway and what stands behind it
  NoLegalPlacement: { http: 503, retry: 'later', s3: 'ServiceUnavailable', waitSeconds: 5 },
  AckRuleFailed: { http: 503, retry: 'later', s3: 'ServiceUnavailable', waitSeconds: 2 },
  DataUnavailable: { http: 503, retry: 'later', s3: 'ServiceUnavailable', waitSeconds: 5 },
  DatabaseUnavailable: { http: 503, retry: 'later', s3: 'ServiceUnavailable', waitSeconds: 2 },
  ShuttingDown: { http: 503, retry: 'later', s3: 'ServiceUnavailable', waitSeconds: 1 },
  SlowDown: { http: 503, retry: 'later', waitSeconds: 1 },
  InternalError: { http: 500, retry: 'later' },

  // drivers (never shown to a tenant as they are: the engine turns them into one of the above)
  BackendUnreachable: { http: 502, retry: 'later', s3: 'ServiceUnavailable' },
  BackendTimeout: { http: 504, retry: 'later', s3: 'ServiceUnavailable' },
  BackendRefused: { http: 502, retry: 'changed', s3: 'ServiceUnavailable' },
  BackendFull: { http: 507, retry: 'later', s3: 'ServiceUnavailable' },
  BackendCorrupt: { http: 502, retry: 'later', s3: 'ServiceUnavailable' },
  BlobMissing: { http: 404, retry: 'later', s3: 'ServiceUnavailable' },
  BucketNameTaken: { http: 409, retry: 'never', s3: 'ServiceUnavailable' },

  // what a client sees of its way to the gateway
  GatewayUnreachable: { http: 502, retry: 'later', s3: 'ServiceUnavailable' },

  // starting up
  ConfigInvalid: { http: 500, retry: 'changed', s3: 'InternalError' },
  StartFailed: { http: 500, retry: 'changed', s3: 'InternalError' },
} as const satisfies Record<string, FaultSpec>;

export type FaultCode = keyof typeof faultTable;
