/** The fixed bytes and sizes of an SGO1 body. docs/spec/sealed-objects.md, section 2. */

/** Where bodies are cut: bytes before the first segment, and bytes of a full encrypted segment. */
export interface BodyLayout {
  readonly headerBytes: number;
  readonly segmentBytes: number;
}

/** marker 4, IV 12, tag 16 */
export const segmentOverhead = 32;
export const markerBytes = 4;
export const segmentIvBytes = 12;
export const segmentTagBytes = 16;
/** The marker of every segment but the last. */
export const fullMarker = 0xffffffff;

export const sgo1: BodyLayout = { headerBytes: 128, segmentBytes: 65_536 };
/** The SGO1 fields before the FLOE header; they are FLOE's associated data. */
export const preambleBytes = 54;
export const envelopeIdAt = 14;
export const envelopeIdBytes = 16;
export const lengthAt = 30;
export const floeIvAt = 64;
export const floeIvBytes = 32;
export const floeTagBytes = 32;
export const floeParamsBytes = 10;

/** What the database and the verdicts call this format. */
export const sgo1EncryptionAlg = 'sgo1/floe-a256gcm-64k';
