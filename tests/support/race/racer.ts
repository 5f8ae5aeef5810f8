import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Random } from '../random.ts';
import type { Interval, RaceHistory } from './history.ts';

/** One client of a race: at any moment it has one request under way. */
export interface Racer {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly name: string;
  readonly random: Random;
  readonly history: RaceHistory;
  /** ETags that this client saw of a key, the newest last. */
  readonly seen: Map<string, string[]>;
  made: number;
}

interface Conditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: '*';
}

/** One random request on one random key. @throws Error on an answer that no request of a race may get */
export async function race(racer: Racer): Promise<void> {
  const { random, history } = racer;
  const key = random.pick(history.keys);
  const roll = random.below(100);
  const act = acts.find(({ below }) => roll < below)?.run ?? list;
  await act(racer, key);
}

/** By their share of a hundred; the rest are listings. */
const acts: readonly { readonly below: number; readonly run: (racer: Racer, key: string) => Promise<void> }[] = [
  { below: 10, run: (racer, key) => put(racer, key, {}) },
  { below: 25, run: (racer, key) => put(racer, key, { IfNoneMatch: '*' }) },
  { below: 45, run: (racer, key) => put(racer, key, ifMatch(racer, key)) },
  { below: 52, run: (racer, key) => remove(racer, key, {}) },
  { below: 60, run: (racer, key) => remove(racer, key, ifMatch(racer, key)) },
  { below: 64, run: (racer, key) => complete(racer, key, {}) },
  { below: 69, run: (racer, key) => complete(racer, key, { IfNoneMatch: '*' }) },
  { below: 74, run: (racer, key) => complete(racer, key, ifMatch(racer, key)) },
  { below: 88, run: read },
];

/** The newest ETag this client knows, now and then an older one; none known, one that nobody wrote. */
function ifMatch({ seen, random }: Racer, key: string): Conditions {
  const known = seen.get(key) ?? [];
  const etag = random.below(4) === 0 && known.length > 0 ? random.pick(known) : known.at(-1);
  return { IfMatch: etag ?? `"${md5('nothing').toString('hex')}"` };
}

const md5 = (data: string | Buffer): Buffer => createHash('md5').update(data).digest();

function nextBody(racer: Racer): string {
  racer.made += 1;
  return `${racer.name} ${racer.made}`;
}

async function put(racer: Racer, key: string, conditions: Conditions): Promise<void> {
  const body = nextBody(racer);
  const etag = md5(body).toString('hex');
  await write(racer, { key, value: etag, conditions, what: 'put' }, () =>
    racer.s3.send(new PutObjectCommand({ Bucket: racer.bucket, Key: key, Body: body, ...conditions })),
  );
}

async function remove(racer: Racer, key: string, conditions: Pick<Conditions, 'IfMatch'>): Promise<void> {
  await write(racer, { key, value: null, conditions, what: 'delete' }, () =>
    racer.s3.send(new DeleteObjectCommand({ Bucket: racer.bucket, Key: key, ...conditions })),
  );
}

/** Only the completion takes part in the race; what comes before it nobody sees. */
async function complete(racer: Racer, key: string, conditions: Conditions): Promise<void> {
  const { s3, bucket: Bucket } = racer;
  const body = nextBody(racer);
  const address = { Bucket, Key: key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(address));
  const part = await s3.send(new UploadPartCommand({ ...address, UploadId, PartNumber: 1, Body: body }));
  const etag = `${md5(md5(body)).toString('hex')}-1`;
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
  await write(racer, { key, value: etag, conditions, what: 'complete' }, () =>
    s3.send(new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload, ...conditions })),
  );
}

interface Write {
  readonly key: string;
  readonly value: string | null;
  readonly conditions: Conditions;
  readonly what: string;
}

async function write(racer: Racer, request: Write, send: () => Promise<unknown>): Promise<void> {
  const { history } = racer;
  const { key, value, conditions } = request;
  const expected = expectationOf(conditions);
  const label = `${racer.name}.${racer.made} ${request.what}`;
  const began = history.now();
  const answer = await answerOf(send);
  if (isUnknown(answer)) history.noteFailure(`${label}: ${answer.status} ${answer.code}`);
  const interval = { began, ended: isUnknown(answer) ? Infinity : history.now(), label };
  const done = { kind: 'write', value, ...(expected === undefined ? {} : { expected }) } as const;
  if (interval.ended === Infinity || answer.status < 300) {
    history.note(key, { ...done, ...interval });
    if (value !== null && interval.ended !== Infinity) saw(racer, key, value);
    return;
  }
  const told = toldBy(answer, request);
  if (told === undefined) throw new Error(`${label} of ${key} was answered ${answer.status} ${answer.code}`);
  history.note(key, { kind: 'observation', expected: told, ...interval });
}

function expectationOf({ IfMatch, IfNoneMatch }: Conditions): { readonly is: string | null } | undefined {
  if (IfNoneMatch !== undefined) return { is: null };
  return IfMatch === undefined ? undefined : { is: unquoted(IfMatch) };
}

/** What a refused condition says of the key at that moment. */
function toldBy({ status, code }: Answer, { value, conditions }: Write) {
  const { IfMatch, IfNoneMatch } = conditions;
  if (status === 412 && IfNoneMatch !== undefined) return { isNot: [null] };
  if (IfMatch === undefined) return undefined;
  if (status === 412) return { isNot: value === null ? [unquoted(IfMatch)] : [null, unquoted(IfMatch)] };
  return status === 404 && code === 'NoSuchKey' ? { is: null } : undefined;
}

export async function read(racer: Racer, key: string): Promise<void> {
  const { history, s3, bucket } = racer;
  const label = `${racer.name} get`;
  const began = history.now();
  const found: { etag: string | null } = { etag: null };
  const answer = await answerOf(async () => {
    const { ETag = '', Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    found.etag = unquoted(ETag);
    const digest = md5((await Body?.transformToString()) ?? '');
    const right = [digest.toString('hex'), `${md5(digest).toString('hex')}-1`];
    if (!right.includes(found.etag)) throw new Error(`${label} of ${key}: the body is not that of its ETag`);
  });
  if (isUnknown(answer)) {
    history.noteFailure(`${label}: ${answer.status} ${answer.code}`);
    return;
  }
  if (answer.status >= 300 && answer.code !== 'NoSuchKey') {
    throw new Error(`${label} of ${key} was answered ${answer.status} ${answer.code}`);
  }
  history.note(key, { kind: 'read', value: found.etag, began, ended: history.now(), label });
  if (found.etag !== null) saw(racer, key, found.etag);
}

async function list(racer: Racer): Promise<void> {
  const { history, s3, bucket } = racer;
  const began = history.now();
  const shown = new Map<string, string>();
  const answer = await answerOf(async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    for (const { Key = '', ETag = '' } of Contents) shown.set(Key, unquoted(ETag));
  });
  if (isUnknown(answer)) {
    history.noteFailure(`${racer.name} list: ${answer.status} ${answer.code}`);
    return;
  }
  if (answer.status >= 300) throw new Error(`${racer.name} list was answered ${answer.status} ${answer.code}`);
  const interval: Interval = { began, ended: history.now(), label: `${racer.name} list` };
  history.noteListing(shown, interval);
}

function saw(racer: Racer, key: string, etag: string): void {
  const known = racer.seen.get(key) ?? [];
  racer.seen.set(key, [...known.slice(-5), `"${etag}"`]);
}

const unquoted = (etag: string): string => etag.replaceAll('"', '');

interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly code: string;
}

/** Whether the answer leaves open if the work was done. What is neither that, nor success, nor a refused condition is a defect. */
const isUnknown = ({ status }: Answer): boolean => status === 0 || status >= 500;

async function answerOf(send: () => Promise<unknown>): Promise<Answer> {
  try {
    await send();
    return { status: 200, code: '' };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata = (error as { $metadata?: { httpStatusCode?: number } }).$metadata;
    if (metadata === undefined && !/socket|ECONN|network|timeout/i.test(error.message)) throw error;
    return { status: metadata?.httpStatusCode ?? 0, code: error.name };
  }
}
