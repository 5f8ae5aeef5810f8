import { Fault } from '@sealgate/core/faults';
import { envelopeToMetadata, manifestBlockBytes, manifestHeader } from '@sealgate/sealed/inspect';
import { createSealer } from '@sealgate/sealed/seal';
import { toBase64url } from '../bytes.ts';
import { SINGLE_PUT_BYTES_MAX } from '../limits.ts';
import { type ObjectSigning, signObject } from '../manifest/sign-object.ts';
import type { ObjectTarget } from '../objects/multipart.ts';
import type { ByteChunks } from '../streams.ts';
import { createJournalKeeper } from './journal-keeper.ts';
import { resumePut } from './resume-put.ts';
import { type Sending, sendBody, writeHeaders } from './send-body.ts';
import { type OpenSource, openSource, type PutSource, peekSource } from './source.ts';
import type { PutDeps, PutOptions, PutResult, SealedBody, SealedPutOptions } from './types.ts';
import { settingsOf } from './upload-state.ts';

/** The version of a key that was never rotated. */
const FIRST_KEY_VERSION = 1;

/** Seals a source on this side and uploads the sealed body with its key envelope. */
export async function putSealed(
  deps: PutDeps,
  target: ObjectTarget,
  { source, options }: { readonly source: PutSource; readonly options: SealedPutOptions },
): Promise<PutResult> {
  const names = { tenant: await deps.tenantOf(target.bucket), bucket: target.bucket, key: target.key };
  if (options.resume !== undefined) return resumePut(deps, names, { source, options, state: options.resume });
  const input = await ready(source);
  const { sealer, keyVersion } = await openSealer(deps, names, input);
  const { envelope, header } = sealer;
  const { signal } = options;
  const signing = await signObject(deps, names, { target, envelope, signal });
  const journal = input.seek === undefined ? undefined : options.journal;
  const headers = writeHeaders(options);
  const keepJournal: Sending['keepJournal'] =
    journal &&
    (async (uploadId, { partBytes }) => {
      const fixed = { header: toBase64url(header), envelope: envelope.text, settings: await settingsOf(headers) };
      await journal.started({ version: 1, ...names, uploadId, partBytes, ...fixed, parts: [] });
      return createJournalKeeper(journal, 1);
    });
  const receipt = await sendBody(deps.transport, target, {
    body: { bytes: sealer.bodyLength, stream: () => sealer.seal(input.whole(), { signal }) },
    headers: { ...headers, ...envelopeToMetadata(envelope.text, keyVersion) },
    options,
    signing,
    keepJournal,
  });
  await signing?.stored();
  const signedBy = signing?.signedBy();
  const keyIds = envelope.recipients.map(({ keyId }) => keyId);
  return { ...receipt, plaintextBytes: input.bytes, keyIds, signedBy };
}

/** Seals a source that is uploaded some other way than through the gateway. Its length must be known. */
export async function sealSource(
  deps: PutDeps,
  target: ObjectTarget,
  { source, signal }: { readonly source: PutSource; readonly signal?: AbortSignal | undefined },
): Promise<SealedBody> {
  const names = { tenant: await deps.tenantOf(target.bucket), bucket: target.bucket, key: target.key };
  const input = openSource(source);
  const { sealer, keyVersion } = await openSealer(deps, names, input);
  const { envelope, bodyLength } = sealer;
  if (input.bytes === undefined || bodyLength === undefined) {
    throw new Fault('MissingContentLength', 'What goes straight to backends has a length that is known before.');
  }
  const signing = await signObject(deps, names, { target, envelope, signal });
  const leaves: string[] = [];
  const sealed = (): ByteChunks => sealer.seal(input.whole(), { signal });
  return {
    ...names,
    bytes: bodyLength,
    plaintextBytes: input.bytes,
    envelope: envelope.text,
    keyVersion,
    keyIds: envelope.recipients.map(({ keyId }) => keyId),
    stream: () => (signing === undefined ? sealed() : withLeaves(sealed(), signing, leaves)),
    manifest: async () => (await signing?.headers(leaves, bodyLength))?.[manifestHeader],
    async stored() {
      await signing?.stored();
      return signing?.signedBy();
    },
  };
}

/** Passes chunks on and notes the leaf of each block. */
async function* withLeaves(
  chunks: ByteChunks,
  signing: ObjectSigning,
  leaves: string[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Uint8Array(manifestBlockBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + block.length - filled);
      block.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled < block.length) continue;
      leaves.push(await signing.leavesOf(block));
      filled = 0;
    }
    yield chunk;
  }
  if (filled > 0) leaves.push(await signing.leavesOf(block.subarray(0, filled)));
}

async function openSealer(
  deps: PutDeps,
  names: Parameters<typeof createSealer>[0]['names'],
  input: OpenSource,
): Promise<{ readonly sealer: Awaited<ReturnType<typeof createSealer>>; readonly keyVersion: number }> {
  const sealer = await createSealer({ names, recipients: await deps.keys.recipients(), plaintextLength: input.bytes });
  return { sealer, keyVersion: (await deps.keys.primaryVersion?.()) ?? FIRST_KEY_VERSION };
}

/** Sends a source as it is. A strict bucket refuses it, unless it is an encrypted object that the bucket accepts. */
export async function putPlain(
  deps: Pick<PutDeps, 'transport'>,
  target: ObjectTarget,
  { source, options }: { readonly source: PutSource; readonly options: PutOptions },
): Promise<PutResult> {
  const input = await ready(source);
  const receipt = await sendBody(deps.transport, target, {
    body: { bytes: input.bytes, stream: () => input.whole() },
    headers: writeHeaders(options),
    options,
    signing: undefined,
    keepJournal: undefined,
  });
  return { ...receipt, plaintextBytes: input.bytes, keyIds: [] };
}

/** A source whose length is known, unless it is a stream too long for one PUT. */
async function ready(source: PutSource): Promise<OpenSource> {
  const input = openSource(source);
  return input.bytes === undefined ? peekSource(input, SINGLE_PUT_BYTES_MAX) : input;
}
