import type { SealErrorCode } from '../format/codes.ts';
import { SealError } from '../format/codes.ts';

/** Encrypted formats of other tools that a bucket may accept. `weak` ones must be opted into knowingly. */
export const foreignFormats = {
  's3ec-v3': { weak: false },
  's3ec-v2': { weak: false },
  's3ec-v1': { weak: true },
  's3ec-instruction-file': { weak: false },
  'age-v1': { weak: false },
  'rclone-v0': { weak: true },
  'esdk-v2': { weak: false },
  'esdk-v1': { weak: true },
  openpgp: { weak: false },
  cms: { weak: false },
  jwe: { weak: false },
  'tink-streaming': { weak: true },
  'openssl-salted': { weak: true },
} as const satisfies Record<string, { weak: boolean }>;

export type ForeignFormat = keyof typeof foreignFormats;
export type InspectedFormat = 'sgo1' | ForeignFormat | 'none';

/** The envelope as the metadata store keeps it. */
export interface EnvelopeSummary {
  /** The primary (first) recipient's key id; absent where a foreign format names none. */
  readonly keyId?: string;
  readonly keyAlg: string;
  readonly keyVersion: number;
  readonly recipients: readonly { readonly keyId: string; readonly keyAlg: string }[];
  readonly encryptionAlg: string;
  /** base64url */
  readonly envelopeId?: string;
  /** Absent where the format does not tell. */
  readonly plaintextLength?: number;
  /** Compact JSON of the envelope, or the foreign format's own wrapped key. */
  readonly encryptedKey: string;
}

export interface Verdict {
  readonly sealed: boolean;
  readonly format: InspectedFormat;
  /** Present exactly when `sealed` is false. */
  readonly reason?: SealErrorCode;
  readonly message?: string;
  readonly envelope?: EnvelopeSummary;
  readonly chiSquare?: number;
}

/** Watches one body go by. */
export interface ObjectInspector {
  /** Set when the request is refused without its body: answer before reading it. */
  readonly refusal: Verdict | undefined;
  /** Returns the refusal as soon as it is known. A caller that only records verdicts may ignore it. Never throws. */
  push(chunk: Uint8Array): Verdict | undefined;
  /** The end of the body. Call once. */
  finish(): Verdict;
}

export function refuse(format: InspectedFormat, error: SealError): Verdict {
  return { sealed: false, format, reason: error.code, message: error.message };
}

/** An inspector whose answer is known before the body. */
export function refusedInspector(verdict: Verdict): ObjectInspector {
  return { refusal: verdict, push: () => verdict, finish: () => verdict };
}

/** Runs a check that may throw a SealError; anything else is a bug and goes on. */
export function attempt<T>(step: () => T): { readonly value: T } | { readonly error: SealError } {
  try {
    return { value: step() };
  } catch (error) {
    if (error instanceof SealError) return { error };
    throw error;
  }
}
