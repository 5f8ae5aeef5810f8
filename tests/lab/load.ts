// The clients of the lab: sealed, erasure-coded, versioned, region-locked and multipart objects, written, read and deleted
// through whichever gateway answers, each answer noted in one history.
import { createHash, randomBytes } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { createKeyring, createSealedClient, type SealedClient } from '@sealgate/client';
import { generateKeyPair } from '@sealgate/sealed/keys';
import type { RaceHistory } from '../support/race/history.ts';
import type { Random } from '../support/random.ts';
import { newClient } from '../support/s3-client.ts';
import type { Gateway } from './cluster.ts';

export type Kind = 'put' | 'get' | 'range' | 'delete' | 'multipart';

/** A bucket of the lab and what is done in it, by share. */
export interface Stage {
  readonly bucket: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealed: boolean;
  readonly versioned: boolean;
  readonly keys: number;
  readonly bytesMax: number;
  readonly shares: Readonly<Partial<Record<Kind, number>>>;
}

const MIXED = { put: 4, get: 5, range: 1, delete: 1 } as const;
const KIB = 1024;

export const STAGES: readonly Stage[] = [
  {
    bucket: 'sealed',
    settings: { encryption: 'required' },
    sealed: true,
    versioned: false,
    keys: 60,
    bytesMax: 300 * KIB,
    shares: MIXED,
  },
  {
    bucket: 'cold',
    settings: { encryption: 'off', defaultClass: 'ColdArchiveClass' },
    sealed: false,
    versioned: false,
    keys: 60,
    bytesMax: 400 * KIB,
    shares: MIXED,
  },
  {
    bucket: 'versioned',
    settings: { encryption: 'off' },
    sealed: false,
    versioned: true,
    keys: 30,
    bytesMax: 40 * KIB,
    shares: MIXED,
  },
  {
    bucket: 'locked-to-eu',
    settings: { encryption: 'off', regionLock: ['EU'] },
    sealed: false,
    versioned: false,
    keys: 60,
    bytesMax: 60 * KIB,
    shares: MIXED,
  },
  {
    bucket: 'parts',
    settings: { encryption: 'off' },
    sealed: false,
    versioned: false,
    keys: 12,
    bytesMax: 500 * KIB,
    shares: { multipart: 1, get: 3, range: 3 },
  },
];

/** What clients of one gateway go through. */
interface Door {
  readonly gateway: Gateway;
  readonly s3: S3Client;
  readonly sealed: SealedClient;
}

export interface Figures {
  /** By operation and how it ended: `put ok`, `get unknown`, … */
  readonly counts: Map<string, number>;
  /** Milliseconds of operations that were answered with success, by operation. */
  readonly times: Map<string, number[]>;
  /** What must never be answered, whatever fails. */
  readonly defects: string[];
}

export interface Load {
  readonly figures: Figures;
  /** Ids of versions that were acknowledged, with the digest of their bytes. */
  readonly versions: ReadonlyMap<string, { readonly key: string; readonly value: string }>;
  /** One random operation. Never rejects. */
  step(random: Random): Promise<void>;
  /** Reads one key until somebody answers. @throws Error when nobody does */
  read(stage: Stage, key: string): Promise<void>;
  /** One version's bytes. */
  readVersion(stage: Stage, key: string, versionId: string): Promise<string | null>;
  close(): void;
}

export const nameOf = (stage: Stage, key: string): string => `${stage.bucket}/${key}`;
export const keysOf = (stage: Stage): string[] => Array.from({ length: stage.keys }, (_, index) => `k${index}`);

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 24);
const REQUEST_MS = 60_000;
const PART_BYTES = 5 * KIB * KIB;

/** Of the buckets that keep every version. */
export async function enableVersions(gateway: Gateway): Promise<void> {
  const s3 = newClient(gateway.credentials);
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  for (const { bucket: Bucket } of STAGES.filter(({ versioned }) => versioned)) {
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  s3.destroy();
}

export async function createLoad(gateways: readonly Gateway[], history: RaceHistory): Promise<Load> {
  const pair = await generateKeyPair('P-256');
  const keys = createKeyring({ recipients: [pair], opening: [pair] });
  const doors = gateways.map((gateway): Door => {
    const { s3Endpoint: endpoint, region, tenant, accessKeyId, secretAccessKey } = gateway.credentials;
    const credentials = { accessKeyId, secretAccessKey };
    return {
      gateway,
      s3: newClient(gateway.credentials, { maxAttempts: 1, requestHandler: { requestTimeout: REQUEST_MS } }),
      sealed: createSealedClient({
        endpoint,
        region,
        credentials,
        tenant,
        keys,
        sleep: () => Promise.reject(new Error('one attempt')),
      }),
    };
  });
  const figures: Figures = { counts: new Map(), times: new Map(), defects: [] };
  const versions = new Map<string, { readonly key: string; readonly value: string }>();
  const work: Work = { doors, history, figures, versions };
  return {
    figures,
    versions,
    step: (random) => step(work, random),
    read: (stage, key) => readUntilAnswered(work, stage, key),
    readVersion: (stage, key, versionId) => readVersion(work, { stage, key, versionId }),
    close() {
      for (const { s3 } of doors) s3.destroy();
    },
  };
}

interface Work {
  readonly doors: readonly Door[];
  readonly history: RaceHistory;
  readonly figures: Figures;
  readonly versions: Map<string, { readonly key: string; readonly value: string }>;
}

interface Task {
  readonly stage: Stage;
  readonly key: string;
  readonly door: Door;
  readonly random: Random;
}

async function step(work: Work, random: Random): Promise<void> {
  const stage = random.pick(STAGES);
  const kinds = Object.entries(stage.shares).flatMap(([kind, share]) => Array<string>(share).fill(kind)) as Kind[];
  const kind = random.pick(kinds);
  const task: Task = { stage, key: random.pick(keysOf(stage)), door: random.pick(work.doors), random };
  await acts[kind](work, task);
}

const acts: Readonly<Record<Kind, (work: Work, task: Task) => Promise<void>>> = {
  put: (work, task) => put(work, task),
  multipart: (work, task) => multipart(work, task),
  delete: (work, task) => remove(work, task),
  get: async (work, task) => {
    await get(work, task);
  },
  range: (work, task) => range(work, task),
};

async function put(work: Work, task: Task): Promise<void> {
  const { stage, key, door } = task;
  const body = randomBytes(1 + task.random.below(stage.bytesMax));
  await write(work, task, { kind: 'put', value: digest(body) }, async () => {
    if (stage.sealed) {
      await door.sealed.putSealed({ bucket: stage.bucket, key }, body);
      return undefined;
    }
    return (await door.s3.send(new PutObjectCommand({ Bucket: stage.bucket, Key: key, Body: body }))).VersionId;
  });
}

async function multipart(work: Work, task: Task): Promise<void> {
  const { stage, key, door, random } = task;
  const address = { Bucket: stage.bucket, Key: key };
  const parts = [randomBytes(PART_BYTES), randomBytes(1 + random.below(stage.bytesMax))];
  const done: { PartNumber: number; ETag: string | undefined }[] = [];
  let UploadId: string | undefined;
  try {
    ({ UploadId } = await door.s3.send(new CreateMultipartUploadCommand(address)));
    for (const [index, Body] of parts.entries()) {
      const part = { ...address, UploadId, PartNumber: index + 1, Body };
      done.push({ PartNumber: index + 1, ETag: (await door.s3.send(new UploadPartCommand(part))).ETag });
    }
  } catch (error) {
    // Nobody sees an upload that was not completed.
    judge(work, 'part', error);
    return;
  }
  const MultipartUpload = { Parts: done };
  await write(work, task, { kind: 'multipart', value: digest(Buffer.concat(parts)) }, async () => {
    await door.s3.send(new CompleteMultipartUploadCommand({ ...address, UploadId, MultipartUpload }));
    return undefined;
  });
}

async function remove(work: Work, task: Task): Promise<void> {
  const { stage, key, door } = task;
  await write(work, task, { kind: 'delete', value: null }, async () => {
    await door.s3.send(new DeleteObjectCommand({ Bucket: stage.bucket, Key: key }));
    return undefined;
  });
}

async function write(
  work: Work,
  { stage, key }: Task,
  what: { readonly kind: Kind; readonly value: string | null },
  send: () => Promise<string | undefined>,
): Promise<void> {
  const { history, versions } = work;
  const began = history.now();
  const note = (ended: number): void =>
    history.note(nameOf(stage, key), { kind: 'write', value: what.value, began, ended, label: what.kind });
  try {
    const versionId = await send();
    note(history.now());
    succeeded(work, what.kind, history.now() - began);
    if (stage.versioned && versionId !== undefined && what.value !== null)
      versions.set(versionId, { key, value: what.value });
  } catch (error) {
    if (judge(work, what.kind, error) === 'unknown') note(Infinity);
  }
}

/** @returns false when nobody answered */
async function get(work: Work, { stage, key, door }: Task): Promise<boolean> {
  const { history } = work;
  const began = history.now();
  try {
    const body = await bytesOf(door, stage, key);
    history.note(nameOf(stage, key), {
      kind: 'read',
      value: body && digest(body),
      began,
      ended: history.now(),
      label: 'get',
    });
    succeeded(work, 'get', history.now() - began);
    return true;
  } catch (error) {
    judge(work, 'get', error);
    return false;
  }
}

/** @returns null when there is nothing under the key */
async function bytesOf(door: Door, stage: Stage, key: string): Promise<Uint8Array | null> {
  try {
    if (stage.sealed) {
      const { body } = await door.sealed.getSealed({ bucket: stage.bucket, key });
      return new Uint8Array(await new Response(body).arrayBuffer());
    }
    const answer = await door.s3.send(new GetObjectCommand({ Bucket: stage.bucket, Key: key }));
    return (await answer.Body?.transformToByteArray()) ?? null;
  } catch (error) {
    if (codeOf(error) === 'NoSuchKey') return null;
    throw error;
  }
}

/** A range says nothing of the whole, but its length must be right and the object must not have changed in between. */
async function range(work: Work, { stage, key, door, random }: Task): Promise<void> {
  const began = work.history.now();
  try {
    const first = random.below(1000);
    const last = 1000 + random.below(1000);
    if (stage.sealed) {
      const { body } = await door.sealed.getSealed({ bucket: stage.bucket, key }, { range: { first, last } });
      // Opening it verifies it.
      await new Response(body).arrayBuffer();
    } else {
      const Range = `bytes=${first}-${last}`;
      const answer = await door.s3.send(new GetObjectCommand({ Bucket: stage.bucket, Key: key, Range }));
      const bytes = (await answer.Body?.transformToByteArray())?.length;
      if (bytes !== answer.ContentLength) work.figures.defects.push(`range of ${nameOf(stage, key)}: ${bytes} bytes`);
    }
    succeeded(work, 'range', work.history.now() - began);
  } catch (error) {
    // The sealing client reads a range in two requests, and says so when the object changed in between.
    if (!['NoSuchKey', 'InvalidRange', 'PreconditionFailed'].includes(codeOf(error))) judge(work, 'range', error);
  }
}

async function readUntilAnswered(work: Work, stage: Stage, key: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const door = work.doors[tries % work.doors.length];
    if (door !== undefined && (await get(work, { stage, key, door, random: FIRST }))) return;
  }
  throw new Error(`${nameOf(stage, key)} cannot be read`);
}

/** Where nothing is left to chance. */
const FIRST: Random = { below: () => 0, pick: (items) => items[0] as never };

async function readVersion(
  { doors }: Work,
  { stage, key, versionId }: { readonly stage: Stage; readonly key: string; readonly versionId: string },
): Promise<string | null> {
  const [door] = doors;
  if (door === undefined) throw new Error('no gateway');
  const answer = await door.s3.send(new GetObjectCommand({ Bucket: stage.bucket, Key: key, VersionId: versionId }));
  const body = await answer.Body?.transformToByteArray();
  return body === undefined ? null : digest(body);
}

function succeeded({ figures }: Work, kind: string, ms: number): void {
  count(figures, `${kind} ok`);
  const times = figures.times.get(kind) ?? [];
  times.push(ms);
  figures.times.set(kind, times);
}

function count(figures: Figures, name: string): void {
  figures.counts.set(name, (figures.counts.get(name) ?? 0) + 1);
}

/** A connection that was never made cannot have carried a request. Everything else that is no answer leaves it open. */
function judge({ figures }: Work, kind: string, error: unknown): 'unknown' | 'not done' {
  const refused = error instanceof Error && /ECONNREFUSED/.test(`${error.message} ${String(error.cause)}`);
  if (refused) {
    count(figures, `${kind} refused a connection`);
    return 'not done';
  }
  const status = statusOf(error);
  if (status !== undefined && status < 500) {
    figures.defects.push(`${kind} was answered ${status} ${codeOf(error)}: ${String(error).slice(0, 200)}`);
  }
  if (status === undefined && error instanceof Error && error.name === 'SealError') {
    figures.defects.push(`${kind}: ${error.message}`);
  }
  count(figures, `${kind} ${status ?? 'no answer'} ${status === undefined ? '' : codeOf(error)}`.trim());
  return 'unknown';
}

function statusOf(error: unknown): number | undefined {
  const { $metadata, spec } = error as {
    $metadata?: { httpStatusCode?: number };
    spec?: { http: number };
  };
  return $metadata?.httpStatusCode ?? (codeOf(error) === 'BackendUnreachable' ? undefined : spec?.http);
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name);
}
