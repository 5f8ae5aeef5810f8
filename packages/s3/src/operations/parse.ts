import { Fault } from '@sealgate/core/faults';
import type { BucketName, ObjectKey } from '@sealgate/core/names';
import { refuseHeaders } from '../headers/refused-headers.ts';
import { parseQuery, type Query } from '../query.ts';
import { headerValue, type RequestHeaders } from '../request.ts';
import { parseAddress } from './address.ts';
import type { BucketOperationName, ObjectOperationName, ServiceOperationName } from './names.ts';
import { bucketRoutes, configurationLists, objectRoutes, type RoutedMethod } from './routes.ts';

export interface ServiceOperation {
  readonly level: 'service';
  readonly name: ServiceOperationName;
  readonly query: Query;
}

export interface BucketOperation {
  readonly level: 'bucket';
  readonly name: BucketOperationName;
  readonly bucket: BucketName;
  readonly query: Query;
}

export interface ObjectOperation {
  readonly level: 'object';
  readonly name: ObjectOperationName;
  readonly bucket: BucketName;
  readonly key: ObjectKey;
  readonly query: Query;
}

/** The closed union of what an S3 request can be. Narrow by `name` or by `level`. */
export type S3Operation = ServiceOperation | BucketOperation | ObjectOperation;

export interface OperationRequest {
  /** Upper case. */
  readonly method: string;
  readonly host: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: RequestHeaders;
  readonly baseDomains?: readonly string[];
}

/**
 * Finds out which operation a request asks for. Query parameters that S3 does not know are ignored, as AWS does.
 * @throws Fault InvalidURI, InvalidBucketName, KeyTooLongError, MethodNotAllowed, InvalidArgument, NotImplemented (a
 *   header that must not be overlooked)
 */
export function parseOperation(request: OperationRequest): S3Operation {
  if (request.method === 'POST' && request.rawPath === '/WriteGetObjectResponse') {
    return { level: 'service', name: 'WriteGetObjectResponse', query: parseQuery(request.rawQuery) };
  }
  const { bucket, key } = parseAddress(request);
  refuseHeaders(request.headers);
  const query = parseQuery(request.rawQuery);
  if (bucket === undefined) return { level: 'service', name: serviceOperation(request, query), query };
  if (key === undefined) return { level: 'bucket', name: bucketOperation(request, query), bucket, query };
  return { level: 'object', name: objectOperation(request, query), bucket, key, query };
}

function notAllowed(method: string, resourceType: string): Fault {
  return new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    detail: { Method: method, ResourceType: resourceType },
  });
}

function serviceOperation(request: OperationRequest, query: Query): ServiceOperationName {
  const { method } = request;
  if (method === 'GET') return query.has('max-directory-buckets') ? 'ListDirectoryBuckets' : 'ListBuckets';
  throw notAllowed(method, 'SERVICE');
}

function routed(method: string): RoutedMethod | undefined {
  return method === 'GET' || method === 'PUT' || method === 'POST' || method === 'DELETE' ? method : undefined;
}

function bucketOperation(request: OperationRequest, query: Query): BucketOperationName {
  const method = routed(request.method);
  if (request.method === 'HEAD') return 'HeadBucket';
  if (request.method === 'OPTIONS') return 'PreflightBucket';
  if (method === undefined) throw notAllowed(request.method, 'BUCKET');
  for (const [subresource, row] of query.size === 0 ? [] : bucketRoutes) {
    if (!query.has(subresource)) continue;
    const name = row[method];
    if (name === undefined) throw notAllowed(method, subresource.toUpperCase());
    return query.has('id') ? name : (configurationLists.get(name) ?? name);
  }
  if (method === 'PUT') return 'CreateBucket';
  if (method === 'DELETE') return 'DeleteBucket';
  if (method === 'GET') return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  return 'PostObject';
}

function objectOperation(request: OperationRequest, query: Query): ObjectOperationName {
  const method = routed(request.method);
  if (request.method === 'HEAD') return 'HeadObject';
  if (request.method === 'OPTIONS') return 'PreflightObject';
  if (method === undefined) throw notAllowed(request.method, 'OBJECT');
  const copies = method === 'PUT' && headerValue(request.headers, 'x-amz-copy-source') !== undefined;
  for (const [subresource, row] of query.size === 0 ? [] : objectRoutes) {
    if (!query.has(subresource)) continue;
    const name = row[method];
    if (name === undefined) throw notAllowed(method, subresource.toUpperCase());
    if (name === 'UploadPart') return partOperation(query, copies);
    return name === 'GetObjectAnnotation' && !query.has('annotationName') ? 'ListObjectAnnotations' : name;
  }
  if (method === 'GET') return 'GetObject';
  if (method === 'DELETE') return 'DeleteObject';
  if (method === 'POST') throw notAllowed(method, 'OBJECT');
  if (query.has('partNumber')) {
    throw new Fault('InvalidArgument', 'This operation does not accept partNumber without uploadId', {
      detail: { ArgumentName: 'partNumber', ArgumentValue: query.get('partNumber') ?? '' },
    });
  }
  return copies ? 'CopyObject' : 'PutObject';
}

function partOperation(query: Query, copies: boolean): ObjectOperationName {
  if (!query.has('partNumber')) {
    throw new Fault('InvalidArgument', 'This operation does not accept uploadId without partNumber', {
      detail: { ArgumentName: 'uploadId', ArgumentValue: query.get('uploadId') ?? '' },
    });
  }
  return copies ? 'UploadPartCopy' : 'UploadPart';
}
