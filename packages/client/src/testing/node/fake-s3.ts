import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a stored object is. Tests change it to play a hostile or broken store. */
export interface FakeObject {
  body: Buffer;
  headers: Record<string, string>;
}

interface FakeUpload {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly parts: Map<number, Buffer>;
}

/** One request as the fake saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What a test puts in the place of the regular answer. */
export type Interference =
  | { readonly status: number; readonly xml?: string; readonly headers?: Record<string, string> }
  | { readonly cut: 'before' }
  /** The regular answer, but the connection breaks after so many bytes of its body. */
  | { readonly cut: number };

/** An S3 server for tests of the client: enough of the protocol, no security, and faults on request. */
export interface FakeS3 {
  readonly endpoint: string;
  /** By `/bucket/key`. */
  readonly objects: Map<string, FakeObject>;
  readonly uploads: Map<string, FakeUpload>;
  readonly seen: SeenRequest[];
  interfere: (request: SeenRequest) => Interference | undefined | Promise<Interference | undefined>;
  close(): Promise<void>;
}

export async function startFakeS3(): Promise<FakeS3> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeS3 = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects: new Map(),
    uploads: new Map(),
    seen: [],
    interfere: () => undefined,
    close: () => close(server),
  };
  server.on('request', (request, response) => void serve(fake, request, response));
  return fake;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function serve(fake: FakeS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake');
  const body = await readBody(request);
  // The client has gone away.
  if (body === undefined) return;
  const seen: SeenRequest = {
    method: request.method ?? 'GET',
    path: decodeURIComponent(url.pathname),
    query: url.searchParams,
    headers: request.headers,
    body,
  };
  fake.seen.push(seen);
  const interference = await fake.interfere(seen);
  if (interference !== undefined && 'status' in interference) {
    response.writeHead(interference.status, interference.headers);
    response.end(interference.xml ?? '');
    return;
  }
  if (interference?.cut === 'before') {
    request.socket.destroy();
    return;
  }
  const answer = respond(fake, seen);
  response.writeHead(answer.status, { 'content-length': String(answer.body.length), ...answer.headers });
  if (seen.method === 'HEAD') response.end();
  else if (interference === undefined) response.end(answer.body);
  else response.write(answer.body.subarray(0, interference.cut), () => request.socket.destroy());
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function answer(status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): Answer {
  return { status, headers, body: Buffer.from(body) };
}

function fault(status: number, code: string): Answer {
  return answer(status, {}, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;

function respond(fake: FakeS3, seen: SeenRequest): Answer {
  const { method, path, query } = seen;
  const isBucket = path.split('/').filter((part) => part !== '').length < 2 && !path.slice(1).includes('/');
  if (isBucket) return respondForBucket(fake, seen);
  if (method === 'POST' && query.has('uploads')) return createUpload(fake, seen);
  const uploadId = query.get('uploadId');
  if (uploadId !== null) return respondForUpload(fake, seen, uploadId);
  if (method === 'PUT') {
    if (seen.headers['if-none-match'] === '*' && fake.objects.has(path)) return fault(412, 'PreconditionFailed');
    fake.objects.set(path, { body: seen.body, headers: storedHeaders(seen) });
    return answer(200, { etag: etagOf(seen.body), 'x-sealgate-acked-by': 'a, b', 'x-sealgate-class': 'StandardClass' });
  }
  if (method === 'DELETE') {
    fake.objects.delete(path);
    return answer(204);
  }
  return readObject(fake, seen);
}

function storedHeaders(seen: SeenRequest): Record<string, string> {
  const kept = Object.entries(seen.headers).filter(
    ([name]) => name.startsWith('x-amz-meta-') || name === 'content-type',
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

function readObject(fake: FakeS3, { path, headers }: SeenRequest): Answer {
  const object = fake.objects.get(path);
  if (object === undefined) return fault(404, 'NoSuchKey');
  const etag = etagOf(object.body);
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) return fault(412, 'PreconditionFailed');
  const shared = { ...object.headers, etag, 'last-modified': 'Sat, 21 Nov 2026 10:00:00 GMT' };
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
  if (range === null) return answer(200, shared, object.body);
  const [first, last] = [Number(range[1]), Math.min(Number(range[2]), object.body.length - 1)];
  if (first > last) return fault(416, 'InvalidRange');
  const contentRange = `bytes ${first}-${last}/${object.body.length}`;
  return answer(206, { ...shared, 'content-range': contentRange }, object.body.subarray(first, last + 1));
}

function createUpload(fake: FakeS3, seen: SeenRequest): Answer {
  const uploadId = `upload-${fake.uploads.size + 1}`;
  fake.uploads.set(uploadId, { path: seen.path, headers: storedHeaders(seen), parts: new Map() });
  const xml = `<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`;
  return answer(200, {}, xml);
}

/** Small enough that a test pages. */
const PARTS_PER_PAGE = 2;

function respondForUpload(fake: FakeS3, seen: SeenRequest, uploadId: string): Answer {
  const upload = fake.uploads.get(uploadId);
  if (upload === undefined) return fault(404, 'NoSuchUpload');
  if (seen.method === 'PUT') {
    upload.parts.set(Number(seen.query.get('partNumber')), seen.body);
    return answer(200, { etag: etagOf(seen.body) });
  }
  if (seen.method === 'DELETE') {
    fake.uploads.delete(uploadId);
    return answer(204);
  }
  const numbers = [...upload.parts.keys()].sort((a, b) => a - b);
  if (seen.method === 'GET') {
    const after = Number(seen.query.get('part-number-marker') ?? 0);
    const rest = numbers.filter((number) => number > after);
    const page = rest.slice(0, PARTS_PER_PAGE);
    const parts = page.map((number) => {
      const body = upload.parts.get(number) ?? Buffer.alloc(0);
      return `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(body)}</ETag><Size>${body.length}</Size></Part>`;
    });
    const truncated = rest.length > page.length;
    const marker = `<NextPartNumberMarker>${page.at(-1) ?? 0}</NextPartNumberMarker>`;
    const xml = `<IsTruncated>${truncated}</IsTruncated>${marker}${parts.join('')}`;
    return answer(200, {}, `<ListPartsResult>${xml}</ListPartsResult>`);
  }
  const named = [...seen.body.toString().matchAll(/<PartNumber>(\d+)</g)].map((match) => Number(match[1]));
  const body = Buffer.concat(named.map((number) => upload.parts.get(number) ?? Buffer.alloc(0)));
  fake.objects.set(upload.path, { body, headers: { ...storedHeaders(seen), ...upload.headers } });
  fake.uploads.delete(uploadId);
  const xml = `<CompleteMultipartUploadResult><ETag>"multi-${named.length}"</ETag></CompleteMultipartUploadResult>`;
  return answer(200, { 'x-sealgate-class': 'StandardClass' }, xml);
}

function respondForBucket(fake: FakeS3, seen: SeenRequest): Answer {
  const { method, query, path } = seen;
  if (method === 'HEAD') return answer(200, { 'x-sealgate-tenant': 'acme' });
  if (method === 'POST' && query.has('delete')) {
    for (const match of seen.body.toString().matchAll(/<Key>([^<]*)</g)) fake.objects.delete(`${path}/${match[1]}`);
    return answer(200, {}, '<DeleteResult/>');
  }
  const keys = [...fake.objects.keys()].filter((key) => key.startsWith(`${path}/`)).sort();
  const after = query.get('continuation-token') ?? '';
  const rest = keys.filter((key) => key > after);
  const page = rest.slice(0, PARTS_PER_PAGE);
  const contents = page.map((key) => {
    const name = encodeURIComponent(key.slice(path.length + 1));
    return `<Contents><Key>${name}</Key><Size>${fake.objects.get(key)?.body.length}</Size><LastModified>2026-11-21T10:00:00Z</LastModified></Contents>`;
  });
  const more = rest.length > page.length;
  const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  const head = `<EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${next}`;
  return answer(200, {}, `<ListBucketResult>${head}${contents.join('')}</ListBucketResult>`);
}
