/**
 * What becomes of a header or query parameter of an S3 request. `works` and `lifted` as for operations. `ignored`: it
 * changes nothing, and the note says why that is right. `refused`: with the error that the note begins with.
 */
export interface ParameterEntry {
  readonly state: 'works' | 'lifted' | 'ignored' | 'refused';
  /** The error's code; only where it is refused. */
  readonly code?: string;
  readonly note?: string;
}

const works = (note?: string): ParameterEntry => ({ state: 'works', ...(note === undefined ? {} : { note }) });
const lifted = (note?: string): ParameterEntry => ({ state: 'lifted', ...(note === undefined ? {} : { note }) });
const ignored = (note: string): ParameterEntry => ({ state: 'ignored', note });
const refused = (code: string, note: string): ParameterEntry => ({ state: 'refused', code, note });

const ATOMIC = 'Decided in the transaction of the write.';
const WITH_OPERATION = 'Its operations are refused.';
const NOT_STRICT = 'Refused in strict buckets: key or plaintext would pass the gateway.';
const KMS = 'Keys of AWS KMS are not here; SSE-S3 and SSE-C are.';
const EVENT_HOLD = 'Legal holds and retention are offered.';

/** By lower-case name. A test compares them with what the AWS SDK can send. */
export const headerLedger: Readonly<Record<string, ParameterEntry>> = {
  'cache-control': works(),
  'content-disposition': works(),
  'content-encoding': works('`aws-chunked` is taken off.'),
  'content-language': works(),
  'content-length': works(),
  'content-md5': lifted('Compared while the body flows.'),
  'content-type': works(),
  expires: works(),
  'if-match': lifted(ATOMIC),
  'if-modified-since': works(),
  'if-none-match': lifted(ATOMIC),
  'if-unmodified-since': works(),
  range: works('One range.'),
  'x-amz-acl': lifted('Where ownership of the bucket lets lists count.'),
  'x-amz-bucket-namespace': refused('NotImplemented', '`global` is taken: names are unique within a namespace.'),
  'x-amz-bucket-object-lock-enabled': lifted(),
  'x-amz-bucket-object-lock-token': ignored('Lock can be switched on for any versioned bucket without one.'),
  'x-amz-bypass-governance-retention': lifted('With the right s3:BypassGovernanceRetention.'),
  'x-amz-checksum-algorithm': lifted(),
  'x-amz-checksum-crc32': lifted(),
  'x-amz-checksum-crc32c': lifted(),
  'x-amz-checksum-crc64nvme': lifted(),
  'x-amz-checksum-md5': lifted(),
  'x-amz-checksum-mode': lifted(),
  'x-amz-checksum-sha1': lifted(),
  'x-amz-checksum-sha256': lifted(),
  'x-amz-checksum-sha512': lifted(),
  'x-amz-checksum-type': lifted('COMPOSITE and FULL_OBJECT.'),
  'x-amz-checksum-xxhash128': lifted(),
  'x-amz-checksum-xxhash3': lifted(),
  'x-amz-checksum-xxhash64': lifted(),
  'x-amz-client-token': refused('NotImplemented', WITH_OPERATION),
  'x-amz-confirm-remove-self-bucket-access': ignored('The owner’s account can always repair the policy.'),
  'x-amz-copy-source': works(),
  'x-amz-copy-source-if-match': works(),
  'x-amz-copy-source-if-modified-since': works(),
  'x-amz-copy-source-if-none-match': works(),
  'x-amz-copy-source-if-unmodified-since': works(),
  'x-amz-copy-source-range': works(),
  'x-amz-copy-source-server-side-encryption-customer-algorithm': lifted(NOT_STRICT),
  'x-amz-copy-source-server-side-encryption-customer-key': lifted(NOT_STRICT),
  'x-amz-copy-source-server-side-encryption-customer-key-md5': lifted(NOT_STRICT),
  'x-amz-create-session-mode': refused('NotImplemented', WITH_OPERATION),
  'x-amz-expected-bucket-owner': lifted(),
  'x-amz-grant-full-control': lifted(),
  'x-amz-grant-read': lifted(),
  'x-amz-grant-read-acp': lifted(),
  'x-amz-grant-write': lifted(),
  'x-amz-grant-write-acp': lifted(),
  'x-amz-if-match-initiated-time': refused('NotImplemented', 'For directory buckets.'),
  'x-amz-if-match-last-modified-time': lifted(ATOMIC),
  'x-amz-if-match-size': lifted(ATOMIC),
  'x-amz-max-parts': works(),
  'x-amz-meta-*': works(),
  'x-amz-metadata-directive': works(),
  'x-amz-mfa': ignored('No bucket asks for a second factor: MFA delete is refused where it is asked for.'),
  'x-amz-mp-object-size': works(),
  'x-amz-object-annotation-directive': ignored('No object has annotations.'),
  'x-amz-object-attributes': lifted(),
  'x-amz-object-if-match': refused('NotImplemented', WITH_OPERATION),
  'x-amz-object-lock-event-hold': refused('NotImplemented', EVENT_HOLD),
  'x-amz-object-lock-event-hold-duration-days': refused('NotImplemented', EVENT_HOLD),
  'x-amz-object-lock-event-hold-duration-years': refused('NotImplemented', EVENT_HOLD),
  'x-amz-object-lock-legal-hold': lifted(),
  'x-amz-object-lock-mode': lifted(),
  'x-amz-object-lock-retain-until-date': lifted(),
  'x-amz-object-ownership': lifted(),
  'x-amz-optional-object-attributes': ignored('Asks how a restore goes on; nothing here is ever restored.'),
  'x-amz-part-number-marker': works(),
  'x-amz-rename-source': refused('NotImplemented', WITH_OPERATION),
  'x-amz-rename-source-if-match': refused('NotImplemented', WITH_OPERATION),
  'x-amz-rename-source-if-modified-since': refused('NotImplemented', WITH_OPERATION),
  'x-amz-rename-source-if-none-match': refused('NotImplemented', WITH_OPERATION),
  'x-amz-rename-source-if-unmodified-since': refused('NotImplemented', WITH_OPERATION),
  'x-amz-request-payer': lifted(),
  'x-amz-request-route': refused('NotImplemented', WITH_OPERATION),
  'x-amz-request-token': refused('NotImplemented', WITH_OPERATION),
  'x-amz-sdk-checksum-algorithm': lifted(),
  'x-amz-security-token': lifted('Of temporary credentials: must be the token that came with them.'),
  'x-amz-server-side-encryption': lifted(`AES256 (SSE-S3). ${NOT_STRICT} ${KMS}`),
  'x-amz-server-side-encryption-aws-kms-key-id': refused('NotImplemented', KMS),
  'x-amz-server-side-encryption-bucket-key-enabled': ignored('Saves calls of AWS KMS, of which there are none.'),
  'x-amz-server-side-encryption-context': refused('NotImplemented', KMS),
  'x-amz-server-side-encryption-customer-algorithm': lifted(NOT_STRICT),
  'x-amz-server-side-encryption-customer-key': lifted(`Never stored. ${NOT_STRICT}`),
  'x-amz-server-side-encryption-customer-key-md5': lifted(NOT_STRICT),
  'x-amz-skip-destination-validation': lifted(),
  'x-amz-source-expected-bucket-owner': lifted(),
  'x-amz-storage-class': lifted('A redundancy class that the policy of the bucket allows.'),
  'x-amz-tagging': lifted('`replica-count` and `residency` are honoured where policy allows.'),
  'x-amz-tagging-directive': lifted(),
  'x-amz-trailer': lifted('Checksums; verified here whatever the backends know.'),
  'x-amz-transition-default-minimum-object-size': lifted(),
  'x-amz-website-redirect-location': works('Kept and given back; no website is served.'),
  'x-amz-write-offset-bytes': refused('NotImplemented', 'Objects are not appended to.'),
};

/** Query parameters, those that choose an operation (`?acl`) aside. */
export const queryLedger: Readonly<Record<string, ParameterEntry>> = {
  'annotation-prefix': refused('NotImplemented', WITH_OPERATION),
  annotationName: refused('NotImplemented', WITH_OPERATION),
  'bucket-region': works(),
  'continuation-token': works(),
  delimiter: works(),
  'encoding-type': works(),
  'fetch-owner': works(),
  id: works('Of settings that are kept by an id: no bucket has one.'),
  'key-marker': works(),
  marker: works(),
  'max-annotation-results': refused('NotImplemented', WITH_OPERATION),
  'max-buckets': works(),
  'max-directory-buckets': refused('NotImplemented', WITH_OPERATION),
  'max-keys': works(),
  'max-parts': works(),
  'max-uploads': works(),
  'part-number-marker': works(),
  partNumber: works(),
  prefix: works(),
  'response-cache-control': works(),
  'response-content-disposition': works(),
  'response-content-encoding': works(),
  'response-content-language': works(),
  'response-content-type': works(),
  'response-expires': works(),
  'start-after': works(),
  'upload-id-marker': works(),
  uploadId: works(),
  'version-id-marker': lifted(),
  versionId: lifted(),
};

/** Headers of ours, beside those of S3. */
export const ownHeaderLedger: Readonly<Record<string, string>> = {
  'x-sealgate-encryption': 'CreateBucket: `required`, `report` or `off`; never laxer than the tenant’s default.',
  'x-sealgate-policy': 'CreateBucket: the policy of the bucket.',
  'x-sealgate-redundancy-class': 'CreateBucket: the default class. Writes: the class of the object.',
};
