export { formatAmzDate, UNSIGNED_PAYLOAD } from '../sigv4/canonical.ts';
export { uriEncode, uriEncodePath } from '../sigv4/encoding.ts';
export type { PresignRequest, SignerCredentials, SignRequest } from '../sigv4/prepare.ts';
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
  type RemoteError,
  type RemoteListing,
  type RemoteObject,
  type RemotePart,
} from '../xml/client.ts';
export { presignUrl, sha256Hex, signRequest } from './sign.ts';
