import { hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import {
  completeMultipartUploadResult,
  initiateMultipartUploadResult,
  listAllMyBucketsResult,
  listBucketResultV1,
  listBucketResultV2,
  listVersionsResult,
  parseCompleteMultipartUpload,
  parseRetention,
  parseVersioningConfiguration,
  quoteEtag,
  retentionResult,
  versioningConfiguration,
} from '@sealgate/s3';
import { readSetting } from './settings.ts';
import { addVersion, type FakeBucket, type FakeVersion, newestVersion, removeVersion, sortedKeys } from './store.ts';

export interface FakeRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  readonly owner: string;
  readonly body: Buffer;
  readonly nowMs: number;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

/** Answers that a server of fewer talents gives: it does not know these, or ignores them. */
export type Missing =
  | 'multipart'
  | 'versioning'
  | 'object-lock'
  | 'conditions'
  | 'checksums'
  | 'chunk-signatures'
  /** Its second listing begins at the first key whatever `start-after` says. */
  | 'start-after'
  /** It knows the first listing only, and takes a request for the second one for that. */
  | 'list-v2'
  /** Parts of an upload must be alike, the last one aside. */
  | 'unequal-parts'
  /** Parts must have 5 MiB, the last one aside. */
  | 'small-parts'
  /** What is locked must come with Content-MD5 or a checksum. */
  | 'lock-without-digest';

export interface FakeState {
  readonly buckets: Map<string, FakeBucket>;
  readonly missing: ReadonlySet<Missing>;
  nextId(): string;
}

export function perform(state: FakeState, request: FakeRequest): FakeAnswer {
  if (request.bucket === '') return listBuckets(state, request);
  if (request.key === '') return onBucket(state, request);
  const bucket = ownBucket(state, request);
  if (request.query.has('uploads') || request.query.has('uploadId')) return onUpload(state, bucket, request);
  switch (request.method) {
    case 'PUT':
      if (request.query.has('retention')) return putRetention(bucket, request);
      return request.query.has('legal-hold') ? putLegalHold(state, bucket, request) : putObject(state, bucket, request);
    case 'GET':
    case 'HEAD':
      if (request.query.has('retention')) return getRetention(bucket, request);
      return getObject(bucket, request);
    case 'DELETE':
      return deleteObject(state, bucket, request);
    default:
      throw new Fault('MethodNotAllowed', 'No.');
  }
}

function listBuckets(state: FakeState, { owner }: FakeRequest): FakeAnswer {
  const buckets = [...state.buckets].filter(([, bucket]) => bucket.owner === owner);
  const body = listAllMyBucketsResult({
    owner: { id: owner, displayName: owner },
    buckets: buckets.map(([name]) => ({ name, createdAtMs: 0 })),
  });
  return { status: 200, body };
}

function ownBucket(state: FakeState, { bucket: name, owner }: FakeRequest): FakeBucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new Fault('NoSuchBucket', 'The specified bucket does not exist.');
  if (bucket.owner !== owner) throw new Fault('AccessDenied', 'Access Denied');
  return bucket;
}

function onBucket(state: FakeState, request: FakeRequest): FakeAnswer {
  const { method, query } = request;
  if (method === 'PUT' && !query.has('versioning')) return createBucket(state, request);
  const bucket = ownBucket(state, request);
  if (query.has('versioning')) return onVersioning(state, bucket, request);
  if (method === 'HEAD') return { status: 200 };
  if (method === 'DELETE') {
    if (bucket.objects.size > 0) throw new Fault('BucketNotEmpty', 'The bucket is not empty.');
    state.buckets.delete(request.bucket);
    return { status: 204 };
  }
  if (query.has('versions')) return listVersions(bucket, request);
  if (query.has('uploads')) return listUploads(bucket);
  const setting = readSetting(bucket, query);
  return setting === undefined ? listObjects(state, bucket, request) : { status: 200, body: setting };
}

function createBucket(state: FakeState, request: FakeRequest): FakeAnswer {
  const existing = state.buckets.get(request.bucket);
  if (existing !== undefined) {
    throw existing.owner === request.owner
      ? new Fault('BucketAlreadyOwnedByYou', 'It is yours already.')
      : new Fault('BucketAlreadyExists', 'It is taken.');
  }
  const lock = request.header('x-amz-bucket-object-lock-enabled') === 'true';
  if (lock && state.missing.has('object-lock')) throw new Fault('NotImplemented', 'No object lock here.');
  state.buckets.set(request.bucket, {
    owner: request.owner,
    objectLock: lock,
    versioning: lock ? 'enabled' : 'off',
    objects: new Map(),
    uploads: new Map(),
  });
  return { status: 200 };
}

function onVersioning(state: FakeState, bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  if (state.missing.has('versioning')) throw new Fault('NotImplemented', 'No versions here.');
  if (request.method === 'PUT') {
    const { status } = parseVersioningConfiguration(request.body);
    bucket.versioning = status === 'Enabled' ? 'enabled' : 'suspended';
    return { status: 200 };
  }
  const names = { off: undefined, enabled: 'Enabled', suspended: 'Suspended' } as const;
  return { status: 200, body: versioningConfiguration(names[bucket.versioning]) };
}

function listObjects(state: FakeState, bucket: FakeBucket, { bucket: name, query }: FakeRequest): FakeAnswer {
  const prefix = query.get('prefix') ?? '';
  const second = query.get('list-type') === '2' && !state.missing.has('list-v2');
  const behind = second && state.missing.has('start-after') ? null : query.get(second ? 'start-after' : 'marker');
  const token = second ? query.get('continuation-token') : null;
  const startAfter = token === null ? (behind ?? '') : Buffer.from(token, 'base64url').toString();
  const maxKeys = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
  const all = sortedKeys(bucket).filter((key) => key.startsWith(prefix) && key > startAfter);
  const live = all.filter((key) => newestVersion(bucket, key)?.data);
  const contents = live.slice(0, maxKeys).map((key) => {
    const { data, etag, modifiedAtMs } = newestVersion(bucket, key) as FakeVersion;
    return { key, etag, modifiedAtMs, bytes: data?.length ?? 0, storageClass: 'STANDARD' };
  });
  const truncated = live.length > maxKeys;
  const next = truncated
    ? { nextContinuationToken: Buffer.from(contents.at(-1)?.key ?? '').toString('base64url') }
    : {};
  const common = {
    bucket: name,
    prefix,
    maxKeys,
    contents,
    truncated,
    encodingType: 'url',
    commonPrefixes: [],
  } as const;
  const body = second
    ? listBucketResultV2({ ...common, ...next, startAfter })
    : listBucketResultV1({ ...common, marker: startAfter });
  return { status: 200, body };
}

function listVersions(bucket: FakeBucket, { bucket: name, query }: FakeRequest): FakeAnswer {
  const prefix = query.get('prefix') ?? '';
  const entries = sortedKeys(bucket)
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) =>
      [...(bucket.objects.get(key) ?? [])].reverse().map((version, index) => ({ key, version, index })),
    );
  const versions = entries.map(({ key, version, index }) => {
    const { versionId, modifiedAtMs, etag, data } = version;
    const common = { key, versionId, latest: index === 0, modifiedAtMs };
    if (data === null) return { ...common, kind: 'delete-marker' as const };
    return { ...common, kind: 'version' as const, etag, bytes: data.length, storageClass: 'STANDARD' };
  });
  const body = listVersionsResult({
    bucket: name,
    prefix,
    keyMarker: '',
    versionIdMarker: '',
    maxKeys: 1000,
    truncated: false,
    encodingType: 'url',
    commonPrefixes: [],
    versions,
  });
  return { status: 200, body };
}

function putObject(state: FakeState, bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  const there = newestVersion(bucket, request.key)?.data;
  if (request.header('if-none-match') === '*' && there && !state.missing.has('conditions')) {
    throw new Fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  }
  const legalHold = request.header('x-amz-object-lock-legal-hold') === 'ON';
  if (legalHold || bucket.defaultLock === true) requireLock(state, bucket, request);
  const sha256 = state.missing.has('checksums') ? undefined : request.header('x-amz-checksum-sha256');
  const etag = hash('md5', request.body, 'hex');
  return store(state, bucket, { ...request, etag, legalHold, ...(sha256 === undefined ? {} : { sha256 }) });
}

function requireLock(state: FakeState, bucket: FakeBucket, { header }: FakeRequest): void {
  if (!bucket.objectLock) throw new Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const digest = header('content-md5') ?? header('x-amz-trailer') ?? header('x-amz-checksum-crc32');
  if (digest !== undefined || !state.missing.has('lock-without-digest')) return;
  throw new Fault(
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  );
}

function store(
  state: FakeState,
  bucket: FakeBucket,
  object: { key: string; body: Buffer; etag: string; nowMs: number; legalHold?: boolean; sha256?: string },
): FakeAnswer {
  const versionId = bucket.versioning === 'enabled' ? state.nextId() : 'null';
  const { key, body, etag, nowMs, legalHold = false, sha256 } = object;
  const digest = sha256 === undefined ? {} : { sha256 };
  addVersion(bucket, key, { versionId, data: body, etag, modifiedAtMs: nowMs, legalHold, ...digest });
  const version: Record<string, string> = bucket.versioning === 'off' ? {} : { 'x-amz-version-id': versionId };
  return { status: 200, headers: { etag: quoteEtag(etag), ...version } };
}

function putLegalHold(state: FakeState, bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  if (state.missing.has('object-lock')) return { status: 200 };
  if (!bucket.objectLock) throw new Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const version = versionOf(bucket, request);
  version.legalHold = request.body.includes('<Status>ON</Status>');
  return { status: 200 };
}

function putRetention(bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  if (!bucket.objectLock) throw new Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const digest = request.header('content-md5') ?? request.header('x-amz-checksum-crc32');
  if (digest === undefined) throw new Fault('InvalidRequest', 'Missing required header');
  const version = versionOf(bucket, request);
  const wanted = parseRetention(request.body);
  const lessens = (version.retention?.untilMs ?? 0) > (wanted?.untilMs ?? 0);
  if (lessens && isRetained(version, request))
    throw new Fault('AccessDenied', 'Access Denied because object protected');
  version.retention = wanted;
  return { status: 200 };
}

/** For this request: COMPLIANCE holds against everybody. */
function isRetained({ retention }: FakeVersion, { header, nowMs }: FakeRequest): boolean {
  if ((retention?.untilMs ?? 0) <= nowMs) return false;
  return retention?.mode === 'COMPLIANCE' || header('x-amz-bypass-governance-retention') !== 'true';
}

function getRetention(bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  if (!bucket.objectLock) throw new Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const { retention } = versionOf(bucket, request);
  if (!retention) throw new Fault('NoSuchObjectLockConfiguration', 'The specified object does not have one');
  return { status: 200, body: retentionResult(retention) };
}

function versionOf(bucket: FakeBucket, { key, query }: FakeRequest): FakeVersion {
  const wanted = query.get('versionId');
  const versions = bucket.objects.get(key) ?? [];
  const version = wanted === null ? versions.at(-1) : versions.find((each) => each.versionId === wanted);
  if (version === undefined) throw new Fault('NoSuchKey', 'The specified key does not exist.');
  return version;
}

function getObject(bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  const version = versionOf(bucket, request);
  if (version.data === null) throw new Fault('NoSuchKey', 'The specified key does not exist.');
  const { data, etag, sha256 } = version;
  const headers: Record<string, string> = { etag: quoteEtag(etag) };
  if (sha256 !== undefined && request.header('x-amz-checksum-mode') === 'ENABLED') {
    headers['x-amz-checksum-sha256'] = sha256;
    headers['x-amz-checksum-type'] = 'FULL_OBJECT';
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.header('range') ?? '');
  if (range === null) return { status: 200, headers, body: data };
  const start = Number(range[1]);
  if (start >= data.length) throw new Fault('InvalidRange', 'The requested range is not satisfiable');
  const end = Math.min(Number(range[2]), data.length - 1);
  headers['content-range'] = `bytes ${start}-${end}/${data.length}`;
  return { status: 206, headers, body: data.subarray(start, end + 1) };
}

function deleteObject(state: FakeState, bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  const { key, query, nowMs } = request;
  const versionId = query.get('versionId');
  if (versionId !== null) {
    const version = bucket.objects.get(key)?.find((each) => each.versionId === versionId);
    if (version?.legalHold === true || (version !== undefined && isRetained(version, request)))
      throw new Fault('AccessDenied', 'Access Denied because object protected');
    removeVersion(bucket, key, versionId);
    return { status: 204, headers: { 'x-amz-version-id': versionId } };
  }
  if (bucket.versioning === 'off') {
    bucket.objects.delete(key);
    return { status: 204 };
  }
  const marker = bucket.versioning === 'enabled' ? state.nextId() : 'null';
  addVersion(bucket, key, { versionId: marker, data: null, etag: '', modifiedAtMs: nowMs, legalHold: false });
  return { status: 204, headers: { 'x-amz-version-id': marker, 'x-amz-delete-marker': 'true' } };
}

function listUploads(bucket: FakeBucket): FakeAnswer {
  const uploads = [...bucket.uploads].map(
    ([id, { key }]) => `<Upload><Key>${encodeURIComponent(key)}</Key><UploadId>${id}</UploadId></Upload>`,
  );
  return { status: 200, body: `<ListMultipartUploadsResult>${uploads.join('')}</ListMultipartUploadsResult>` };
}

function onUpload(state: FakeState, bucket: FakeBucket, request: FakeRequest): FakeAnswer {
  if (state.missing.has('multipart')) throw new Fault('NotImplemented', 'No parts here.');
  const { method, key, query, body } = request;
  if (method === 'POST' && query.has('uploads')) {
    const uploadId = state.nextId();
    bucket.uploads.set(uploadId, { key, parts: new Map() });
    return { status: 200, body: initiateMultipartUploadResult({ bucket: request.bucket, key, uploadId }) };
  }
  const uploadId = query.get('uploadId') ?? '';
  const upload = bucket.uploads.get(uploadId);
  if (upload?.key !== key) throw new Fault('NoSuchUpload', 'The specified multipart upload does not exist.');
  if (method === 'PUT') {
    upload.parts.set(Number(query.get('partNumber')), body);
    return { status: 200, headers: { etag: quoteEtag(hash('md5', body, 'hex')) } };
  }
  bucket.uploads.delete(uploadId);
  if (method === 'DELETE') return { status: 204 };
  const parts = parseCompleteMultipartUpload(body).map(({ partNumber }) => upload.parts.get(partNumber));
  requireSizes(
    state,
    parts.slice(0, -1).map((part) => part?.length ?? 0),
  );
  const whole = Buffer.concat(parts.map((part) => part ?? Buffer.alloc(0)));
  const etag = `${hash('md5', whole, 'hex')}-${parts.length}`;
  store(state, bucket, { ...request, body: whole, etag });
  return { status: 200, body: completeMultipartUploadResult({ location: '', bucket: request.bucket, key, etag }) };
}

/** Rules of part sizes that servers have. `sizes`: of all parts but the last. */
function requireSizes({ missing }: FakeState, sizes: readonly number[]): void {
  if (missing.has('small-parts') && sizes.some((bytes) => bytes < 5 * 1024 * 1024)) {
    throw new Fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
  }
  if (missing.has('unequal-parts') && new Set(sizes).size > 1) {
    throw new Fault('InvalidPart', 'All non-trailing parts must have the same length.');
  }
}
