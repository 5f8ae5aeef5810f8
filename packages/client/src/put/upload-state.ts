import { Fault } from '@sealgate/core/faults';
import { PARTS_MAX } from '@sealgate/core/limits';
import { toBase64url } from '../bytes.ts';

/**
 * What a later process needs in order to go on with an interrupted upload. Plain JSON, and no secret: header and
 * envelope travel in the clear, and the data key is in the envelope only, wrapped for the recipients.
 *
 * Sealing goes on under the same data key with new random IVs, so no (key, IV) pair is ever used for two plaintexts,
 * even if the source should have changed. Parts are only reused from the first one on without a gap: a segment reaches
 * over the end of its part (the header shifts them by 128 bytes), and its tail is kept as `carry`.
 */
export interface UploadState {
  readonly version: 1;
  readonly tenant: string;
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly partBytes: number;
  /** The 128-byte header of the body, base64url. */
  readonly header: string;
  /** The key envelope, compact JSON. */
  readonly envelope: string;
  /**
   * Digest of the headers that say how the object is stored, which went with the beginning of the upload; they themselves
   * may be nobody's to read. Older versions wrote none down.
   */
  readonly settings?: string;
  /** Acknowledged parts, from part 1 on without a gap. */
  readonly parts: readonly UploadedPart[];
}

export interface UploadedPart {
  readonly etag: string;
  /** The first bytes of the next part, base64url: the end of the segment that the two share. */
  readonly carry: string;
  /** Digests of its blocks, when the object is to be signed. */
  readonly leaves?: string;
}

/** Where an upload writes down how far it is. What it returns is awaited before the upload goes on. */
export interface UploadJournal {
  started(state: UploadState): Promise<void> | void;
  /** The next part of the sequence is stored. Parts come in order. */
  partStored(part: UploadedPart): Promise<void> | void;
}

/** Bytes of the segment that two neighbouring parts share which lie in the later one: the header's length. */
export const CARRY_BYTES = 128;

/**
 * Reads a state that was written by this or an older version.
 * @throws Fault ValidationFailed
 */
export function parseUploadState(value: unknown): UploadState {
  const state = value as Partial<UploadState> | null;
  const texts = [state?.tenant, state?.bucket, state?.key, state?.uploadId, state?.header, state?.envelope];
  const partBytes: unknown = state?.partBytes;
  const valid =
    state?.version === 1 &&
    texts.every((text) => typeof text === 'string' && text !== '') &&
    typeof partBytes === 'number' &&
    Number.isSafeInteger(partBytes) &&
    partBytes > 0 &&
    (state.settings === undefined || typeof state.settings === 'string') &&
    Array.isArray(state.parts) &&
    state.parts.length <= PARTS_MAX &&
    state.parts.every(isUploadedPart);
  if (!valid) throw new Fault('ValidationFailed', 'The saved state of the upload cannot be read.');
  return state as UploadState;
}

function isUploadedPart(value: unknown): value is UploadedPart {
  if (typeof value !== 'object' || value === null) return false;
  const part = value as Readonly<Record<string, unknown>>;
  const leaves = part['leaves'];
  const signable = leaves === undefined || typeof leaves === 'string';
  return typeof part['etag'] === 'string' && typeof part['carry'] === 'string' && signable;
}

/** What {@link UploadState.settings} says of these headers. */
export async function settingsOf(headers: Readonly<Record<string, string>>): Promise<string> {
  const sorted = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = new TextEncoder().encode(JSON.stringify(sorted));
  return toBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', text)));
}
