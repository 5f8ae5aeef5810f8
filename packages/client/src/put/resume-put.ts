import { Fault } from '@sealgate/core/faults';
import { parseBucketName, parseObjectKey } from '@sealgate/core/names/objects';
import { type ObjectNames, parseEnvelope } from '@sealgate/sealed/inspect';
import { cutParts, resumeSealer, type SealedPart } from '@sealgate/sealed/seal';
import { fromBase64url } from '../bytes.ts';
import { signObject } from '../manifest/sign-object.ts';
import { listParts } from '../objects/multipart.ts';
import { type ByteChunks, chunksOf } from '../streams.ts';
import { createJournalKeeper } from './journal-keeper.ts';
import { multipartPlan } from './plan.ts';
import { sendParts, signingOf, writeHeaders } from './send-body.ts';
import { openSource, type PutSource } from './source.ts';
import type { PutDeps, PutResult, SealedPutOptions } from './types.ts';
import { settingsOf, type UploadState } from './upload-state.ts';

/** Bytes of a full sealed segment. Parts are multiples of it. */
const SEGMENT_BYTES = 65_536;

/**
 * Goes on with an interrupted upload: keeps the parts that the server still has as they were acknowledged, up to the
 * first gap, seals the rest anew under the same data key and fresh IVs, and completes.
 * @throws Fault NoSuchUpload when the server has forgotten it, or when it began otherwise than it is to go on: sealed to other
 * keys than new objects are (`reason` of its detail is `recipients`), or to be stored another way (`settings`). Conflict when
 * names or source are not those it began with
 */
export async function resumePut(
  deps: PutDeps,
  names: ObjectNames,
  request: { readonly source: PutSource; readonly options: SealedPutOptions; readonly state: UploadState },
): Promise<PutResult> {
  const { state, options } = request;
  const { signal, journal } = options;
  const { uploadId, partBytes } = state;
  if (state.tenant !== names.tenant || state.bucket !== names.bucket || state.key !== names.key) throw otherUpload();
  const envelope = parseEnvelope(state.envelope);
  const keyIds = envelope.recipients.map(({ keyId }) => keyId);
  await requirePresentRecipients(deps, keyIds);
  // Class, type and metadata went with the beginning of the upload: what is asked for now would be passed over.
  if (state.settings !== (await settingsOf(writeHeaders(options)))) throw otherSettings();
  const target = { bucket: parseBucketName(names.bucket), key: parseObjectKey(names.key) };
  const listed = await listParts(deps.transport, target, { uploadId, signal });
  const gap = state.parts.findIndex(({ etag }, index) => {
    const part = listed.get(index + 1);
    return part?.etag !== etag || part.bytes !== partBytes;
  });
  const intact = gap === -1 ? state.parts : state.parts.slice(0, gap);

  const signing = signingOf({ signing: await signObject(deps, names, { target, envelope, signal }) }, state);
  // What was sent before there was a key to sign with is sent again: its digests are not known.
  const unsigned = signing === undefined ? -1 : intact.findIndex(({ leaves }) => leaves === undefined);
  const kept = unsigned === -1 ? intact : intact.slice(0, unsigned);
  const header = bytesOf(state.header);
  const sealer = await resumeSealer({ envelope, header, keys: await deps.keys.unlock(keyIds), names });
  const input = openSource(request.source);
  if (input.seek === undefined || input.bytes !== sealer.plaintextLength) throw otherUpload();

  const segment = (kept.length * partBytes) / SEGMENT_BYTES;
  const carry = kept.at(-1)?.carry;
  const rest = sealer.sealFrom(segment, input.seek(sealer.plaintextOffset(segment)), { signal });
  const body = joined(carry === undefined ? header : bytesOf(carry), rest);
  await journal?.started({ ...state, parts: kept });
  const receipt = await sendParts(deps.transport, target, {
    parts: renumbered(cutParts(body, partBytes), kept.length),
    plan: multipartPlan(partBytes),
    uploadId,
    journal: journal && createJournalKeeper(journal, kept.length + 1),
    options,
    signing,
    stored: kept.map(({ etag, leaves }, index) => ({ partNumber: index + 1, etag, leaves })),
    storedBytes: kept.length * partBytes,
    totalBytes: sealer.bodyLength,
  });
  await signing?.stored();
  return { ...receipt, plaintextBytes: sealer.plaintextLength, keyIds, signedBy: signing?.signedBy() };
}

/** An upload that began before keys were rotated or revoked would be sealed to the old ones. */
async function requirePresentRecipients(deps: PutDeps, keyIds: readonly string[]): Promise<void> {
  const wanted = new Set((await deps.keys.recipients()).map(({ keyId }) => keyId));
  if (wanted.size === keyIds.length && keyIds.every((id) => wanted.has(id))) return;
  throw new Fault('NoSuchUpload', 'The keys that objects are sealed to have changed since the upload began.', {
    detail: { reason: 'recipients' },
  });
}

function otherSettings(): Fault {
  return new Fault('NoSuchUpload', 'The object is to be stored in another way than when the upload began.', {
    detail: { reason: 'settings' },
  });
}

async function* joined(lead: Uint8Array, rest: ByteChunks): AsyncGenerator<Uint8Array> {
  if (lead.length > 0) yield lead;
  yield* chunksOf(rest);
}

async function* renumbered(parts: AsyncIterable<SealedPart>, before: number): AsyncGenerator<SealedPart> {
  for await (const part of parts) yield { ...part, partNumber: part.partNumber + before };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64url(text);
  if (bytes === undefined) throw new Fault('ValidationFailed', 'The saved state of the upload cannot be read.');
  return bytes;
}

function otherUpload(): Fault {
  return new Fault('Conflict', 'The interrupted upload was of something else. Start it anew.');
}
