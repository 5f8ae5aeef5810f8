import { Fault } from '@sealgate/core/faults';
import { manifestBlockBytes } from '@sealgate/sealed/inspect';
import { cutParts } from '@sealgate/sealed/seal';
import { ABORT_TIMEOUT_MS, SIGNED_PART_BYTES_MAX } from '../limits.ts';
import type { ObjectSigning } from '../manifest/sign-object.ts';
import { abortUpload, completeUpload, createUpload, type ObjectTarget, uploadPart } from '../objects/multipart.ts';
import { type ByteChunks, readExactly } from '../streams.ts';
import { callForHeaders } from '../transport/call.ts';
import type { Transport } from '../transport/transport.ts';
import type { JournalKeeper } from './journal-keeper.ts';
import { type MultipartPlan, planUpload } from './plan.ts';
import type { PutOptions, WriteReceipt } from './types.ts';
import { type AckedPart, type OutgoingPart, uploadParts } from './upload-parts.ts';

export interface Body {
  /** Undefined when it is not known before the end. */
  readonly bytes: number | undefined;
  /** Called once. */
  stream(): ByteChunks;
}

export interface Sending {
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
  readonly options: PutOptions;
  /** Signs what is sent, when its owner has a key for that. */
  readonly signing: ObjectSigning | undefined;
  /** Called when a multipart upload has begun. When it is there, a failed upload is left for its journal. */
  readonly keepJournal: ((uploadId: string, plan: MultipartPlan) => Promise<JournalKeeper>) | undefined;
}

/** Sends a body as one PUT or as a multipart upload. */
export async function sendBody(transport: Transport, target: ObjectTarget, sending: Sending): Promise<WriteReceipt> {
  const { body, options, keepJournal } = sending;
  const { signal } = options;
  const plan = planUpload(body.bytes);
  if (plan.kind === 'single') {
    const bytes = await readExactly(body.stream(), body.bytes ?? 0, sourceChanged);
    const leaves = await sending.signing?.leavesOf(bytes);
    const signed = leaves === undefined ? {} : await sending.signing?.headers([leaves], bytes.length);
    const headers = { ...sending.headers, ...signed, ...conditionHeaders(options) };
    options.onProgress?.({ doneBytes: 0, totalBytes: bytes.length });
    const answer = await callForHeaders(transport, { method: 'PUT', target, headers, body: bytes, signal });
    options.onProgress?.({ doneBytes: bytes.length, totalBytes: bytes.length });
    return receiptOf(answer, answer.get('etag') ?? undefined);
  }
  const uploadId = await createUpload(transport, target, { headers: sending.headers, signal });
  try {
    const journal = await keepJournal?.(uploadId, plan);
    const parts = cutParts(body.stream(), plan.partBytes);
    return await sendParts(transport, target, {
      ...{ parts, plan, uploadId, journal, options, signing: signingOf(sending, plan) },
      stored: [],
      storedBytes: 0,
      totalBytes: body.bytes,
    });
  } catch (error) {
    if (keepJournal === undefined) await abandon(transport, target, uploadId);
    throw error;
  }
}

export interface PartsSending {
  readonly parts: AsyncIterable<OutgoingPart>;
  readonly plan: MultipartPlan;
  readonly uploadId: string;
  readonly journal: JournalKeeper | undefined;
  readonly signing: ObjectSigning | undefined;
  readonly options: PutOptions;
  /** What an earlier attempt has stored already. */
  readonly stored: readonly AckedPart[];
  readonly storedBytes: number;
  readonly totalBytes: number | undefined;
}

/** Uploads parts and completes the upload. */
export async function sendParts(
  transport: Transport,
  target: ObjectTarget,
  sending: PartsSending,
): Promise<WriteReceipt> {
  const { uploadId, journal, options, totalBytes, signing } = sending;
  let doneBytes = sending.storedBytes;
  let bodyBytes = sending.storedBytes;
  options.onProgress?.({ doneBytes, totalBytes });
  const sent = await uploadParts(sending.parts, {
    concurrency: sending.plan.concurrency,
    signal: options.signal,
    cut: journal?.cut,
    acked: journal?.acked,
    async upload({ partNumber, bytes }, signal) {
      const leaves = await signing?.leavesOf(bytes);
      const headers = signing?.partHeaders ?? {};
      const { etag } = await uploadPart(transport, target, { uploadId, partNumber, bytes, headers, signal });
      doneBytes += bytes.length;
      bodyBytes += bytes.length;
      options.onProgress?.({ doneBytes, totalBytes });
      return { etag, leaves };
    },
  });
  const parts = [...sending.stored, ...sent];
  const signed = await signing?.headers(
    parts.map(({ leaves = '' }) => leaves),
    bodyBytes,
  );
  const headers = { ...signed, ...conditionHeaders(options) };
  const completed = await completeUpload(transport, target, { uploadId, parts, headers, signal: options.signal });
  return receiptOf(completed.headers, completed.etag);
}

/** A gateway keeps the leaves of parts up to a size: larger objects go without a manifest. */
export function signingOf(
  { signing }: Pick<Sending, 'signing'>,
  { partBytes }: Pick<MultipartPlan, 'partBytes'>,
): ObjectSigning | undefined {
  return partBytes > SIGNED_PART_BYTES_MAX || partBytes % manifestBlockBytes !== 0 ? undefined : signing;
}

/** The headers of a write that say how to store it. */
export function writeHeaders(options: PutOptions): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': options.contentType ?? 'application/octet-stream' };
  if (options.redundancyClass !== undefined) headers['x-sealgate-redundancy-class'] = options.redundancyClass;
  for (const [name, value] of Object.entries(options.metadata ?? {})) {
    headers[`x-amz-meta-${name.toLowerCase()}`] = value;
  }
  return { ...headers, ...options.headers };
}

/** Conditions are decided when the object becomes visible: with the PUT, or with the completion. */
function conditionHeaders({ ifNoneMatch }: PutOptions): Record<string, string> {
  return ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch };
}

function receiptOf(headers: Headers, etag: string | undefined): WriteReceipt {
  const ackedBy = headers.get('x-sealgate-acked-by') ?? '';
  return {
    etag: etag?.replaceAll('"', ''),
    versionId: headers.get('x-amz-version-id') ?? undefined,
    redundancyClass: headers.get('x-sealgate-class') ?? undefined,
    ackedBy: ackedBy.split(',').flatMap((id) => (id.trim() === '' ? [] : [id.trim()])),
  };
}

/** Removes the parts of a failed upload. Its own failure must not hide the first one; lifecycle cleans up then. */
async function abandon(transport: Transport, target: ObjectTarget, uploadId: string): Promise<void> {
  // Not the caller's signal: it may be the very reason why the upload ends.
  const signal = AbortSignal.timeout(ABORT_TIMEOUT_MS);
  await abortUpload(transport, target, { uploadId, signal }).catch(() => undefined);
}

function sourceChanged(): Fault {
  return new Fault('IncompleteBody', 'The data is not as long as announced. Did it change while it was read?');
}
