/** Sealing: plaintext stream in, sealed body and key envelope out. Browser and Node. */
export type { SealErrorCode } from '../format/codes.ts';
export { SealError } from '../format/codes.ts';
export type { ByteInput } from '../streams/source.ts';
export type { SealedPart } from './parts.ts';
export { cutParts, partSizeFor } from './parts.ts';
export type { ResumedSealer, ResumeOptions } from './resume.ts';
export { resumeSealer } from './resume.ts';
export type { Sealer, SealerOptions } from './sealer.ts';
export { createSealer } from './sealer.ts';
export { signManifest } from './sign-manifest.ts';
